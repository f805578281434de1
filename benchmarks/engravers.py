"""Staves drawn by engravers that no reader was trained on, as a labelled set: abcm2ps and LilyPond, both from Debian.

    apt-get install abcm2ps librsvg2-bin lilypond
    python benchmarks/engravers.py -o measured/engravers --count 150
    seqrec evaluate --task sheet-music --data measured/engravers/abcm2ps --data measured/engravers/lilypond

Tunes are the composer's, of those that training never sees. With `--photographed` each picture lies before the renderer's camera;
with `--chords` half of the notes are the highest of a chord, of which the labels say nothing.
"""

import argparse
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.errors import SeqrecError
from seqrec.rendering import Dice, camera
from seqrec_sheet_music.accidentals import drawn
from seqrec_sheet_music.composer import Wishes, compose
from seqrec_sheet_music.staff import is_silence
from seqrec_sheet_music.tokens import Barline, Clef, Element, Grace, Key, Meter, Multirest, Note, Pitch, Rest, Tie, Value, parse

Grey = npt.NDArray[np.uint8]
Tune = tuple[Sequence[str], Mapping[int, Sequence[Pitch]]]
"""Tokens, and below the notes among them, by number, the others of their chords."""

CLEFS = {"G2": "treble", "F4": "bass", "C3": "alto", "C4": "tenor", "C1": "soprano"}
ABC_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
LILY_LENGTHS = {"double_whole": "\\breve", "whole": "1", "half": "2", "quarter": "4", "eighth": "8", "sixteenth": "16"}
LILY_ALTERS = {-1: "es", 0: "", 1: "is"}
SPACES_BESIDE = 3
"""Of paper around a drawing, in staff spaces of about 7 pixels."""


def bars_of(elements: Sequence[Element]) -> list[list[Element]]:
    """What stands between barlines, clef, key and meter left out."""
    bars: list[list[Element]] = [[]]
    for element in elements:
        if isinstance(element, Barline):
            bars.append([])
        elif not isinstance(element, Clef | Key | Meter):
            bars[-1].append(element)
    return bars


def full_bar(elements: Sequence[Element], bars: Sequence[Sequence[Element]]) -> Fraction:
    """Length of a bar: the meter's, or the most frequent one."""
    for element in elements:
        if isinstance(element, Meter):
            return element.length
    lengths = Counter(length(bar) for bar in bars if bar and not silent(bar))
    return lengths.most_common(1)[0][0] if lengths else Fraction(1)


def length(bar: Sequence[Element]) -> Fraction:
    """Of what stands in a bar, in whole notes."""
    return sum((one.value.length for one in bar if isinstance(one, Note | Rest)), Fraction(0))


def silent(bar: Sequence[Element]) -> bool:
    """Whether a bar holds one rest that lasts as long as it does."""
    return len(bar) == 1 and is_silence(bar[0])


def below(tokens: Sequence[str], rng: np.random.Generator) -> dict[int, list[Pitch]]:
    """One or two more notes below the first and about half of all that are not tied, in the key."""
    elements = [parse(token) for token in tokens]
    key = next((one for one in elements if isinstance(one, Key)), Key(0))
    found: dict[int, list[Pitch]] = {}
    for index, element in enumerate(elements):
        tied = any(isinstance(one, Tie) for one in elements[max(0, index - 2) : index + 2])
        if isinstance(element, Note) and not tied and (not found or rng.random() < 0.5):
            steps = np.cumsum(rng.integers(2, 4, 1 + int(rng.integers(2))))
            others = [Pitch(element.pitch.diatonic - int(step)) for step in steps]
            found[index] = [Pitch(one.diatonic, key.alter(one.letter)) for one in others]
    return found


def to_abc(tune: Tune, number: int) -> str:
    """A tune of abcm2ps; ABC standard 2.1."""
    tokens, chords = tune
    elements = [parse(token) for token in tokens]
    signs = drawn(elements)
    bars = bars_of(elements)
    full = full_bar(elements, bars)
    beat = Fraction(3, 8) if full.denominator == 8 and full.numerator % 3 == 0 else Fraction(1, 4)
    clef = next(f"{one.sign}{one.line}" for one in elements if isinstance(one, Clef))
    key = next((ABC_KEYS[one.fifths + 7] for one in elements if isinstance(one, Key)), "C")
    meter = next((one.sign.replace("C/", "C|") for one in elements if isinstance(one, Meter)), "none")
    music, filled = "", Fraction(0)
    for index, (element, sign) in enumerate(zip(elements, signs, strict=True)):
        match element:
            case Note(pitch=pitch, value=value, fermata=fermata):
                mark = {None: "", -1: "_", 0: "=", 1: "^"}[sign]
                note, others = mark + _abc_pitch(pitch), "".join(map(_abc_pitch, chords.get(index, ())))
                note = f"[{note}{others}]" if others else note
                music += f"{'!fermata!' if fermata else ''}{note}{_thirty_seconds(value.length)}"
                filled += value.length
            case Grace(pitch=pitch, value=value):
                mark = {None: "", -1: "_", 0: "=", 1: "^"}[sign]
                music += f"{{{mark}{_abc_pitch(pitch)}{_thirty_seconds(value.length)}}}"
            case Rest(value=value, fermata=fermata):
                alone = silent([element]) and any(bar == [element] for bar in bars)
                music += "!fermata!" * fermata + ("Z" if alone else f"z{_thirty_seconds(value.length)}")
                filled += value.length
            case Multirest(bars=count):
                music += f"Z{count}"
            case Tie():
                music += "-"
            case Barline():
                music, filled = f"{music}|", Fraction(0)
        if filled % beat == 0 and not isinstance(element, Grace):
            music += " "
    music = music.replace(" -", "- ")
    name = CLEFS[clef] if clef != "C1" else "alto1"
    return f"X:{number}\nL:1/32\nM:{meter}\nK:{key} clef={name}\n{music}\n\n"


def _abc_pitch(pitch: Pitch) -> str:
    letter, octave = pitch.letter, pitch.octave
    return letter.lower() + "'" * (octave - 5) if octave >= 5 else letter + "," * (4 - octave)


def _thirty_seconds(value: Fraction) -> str:
    return str(int(value * 32))


def to_lily(tune: Tune) -> str:
    """A book of LilyPond 2.24."""
    tokens, chords = tune
    elements = [parse(token) for token in tokens]
    bars = bars_of(elements)
    others = iter([chords.get(index, ()) for index, element in enumerate(elements) if isinstance(element, Note)])
    full = full_bar(elements, bars)
    clef = next(f"{one.sign}{one.line}" for one in elements if isinstance(one, Clef))
    key = next((ABC_KEYS[one.fifths + 7] for one in elements if isinstance(one, Key)), "C")
    tonic = key[0].lower() + {"": "", "b": "es", "#": "is"}[key[1:]]
    meter = next((one for one in elements if isinstance(one, Meter)), None)
    style = "" if meter is None else "\\defaultTimeSignature " if meter.sign.startswith("C") else "\\numericTimeSignature "
    top, bottom = meter.fraction if meter else (full.numerator, full.denominator)
    hidden = "" if meter else "\\omit Staff.TimeSignature "
    music = f'\\clef "{CLEFS[clef]}" \\key {tonic} \\major {hidden}{style}\\time {top}/{bottom}\n'
    for number, bar in enumerate(bars):
        if not bar:
            continue
        lasts = full if silent(bar) or isinstance(bar[0], Multirest) else length(bar)
        music += f"\\set Timing.measureLength = #(ly:make-moment {lasts.numerator}/{lasts.denominator}) "
        for element in bar:
            music += _lily(element, full, silent(bar), next(others) if isinstance(element, Note) else ()) + " "
        music += '\\bar "|" ' if number < len(bars) - 1 else '\\bar "" '
    return f"\\book {{ \\score {{ {{ {music} }} \\layout {{ indent = 0 }} }} }}\n"


def _lily(element: Element, full: Fraction, alone: bool, below: Sequence[Pitch]) -> str:
    match element:
        case Note(pitch=pitch, value=value, fermata=fermata):
            notes = " ".join(map(_lily_pitch, (pitch, *below)))
            return (f"<{notes}>" if below else notes) + _lily_length(value) + "\\fermata" * fermata
        case Grace(pitch=pitch, value=value):
            return f"\\grace {_lily_pitch(pitch)}{_lily_length(value)}"
        case Rest(value=value, fermata=fermata):
            text = f"R1*{full.numerator}/{full.denominator}" if alone else f"r{_lily_length(value)}"
            return text + "\\fermata" * fermata
        case Multirest(bars=count):
            return f"\\compressMMRests {{ R1*{full.numerator}/{full.denominator}*{count} }}"
        case Tie():
            return "~"
    raise SeqrecError(f"{element} cannot be written for LilyPond")


def _lily_pitch(pitch: Pitch) -> str:
    marks = "'" * (pitch.octave - 3) if pitch.octave >= 3 else "," * (3 - pitch.octave)
    return pitch.letter.lower() + LILY_ALTERS[pitch.alter] + marks


def _lily_length(value: Value) -> str:
    return LILY_LENGTHS.get(value.name, "32") + "." * value.dots


def by_abcm2ps(tunes: Sequence[Tune], folder: Path) -> list[Grey]:
    """Pictures of tunes, (H, W) each."""
    source = folder / "tunes.abc"
    head = "%%pagewidth 80cm\n%%staffwidth 70cm\n%%stretchlast 0\n%%topspace 0\n%%landscape 0\n\n"
    pictures = []
    for number, tune in enumerate(tunes, start=1):
        source.write_text(head + to_abc(tune, number))
        subprocess.run(["abcm2ps", "-q", "-v", "-O", folder / "page.svg", source], check=True, capture_output=True)
        page = folder / "page001.svg"
        subprocess.run(["rsvg-convert", "-z", "1.4", "-b", "white", page, "-o", folder / "page.png"], check=True)
        pictures.append(_cropped(folder / "page.png"))
    return pictures


def by_lilypond(tunes: Sequence[Tune], folder: Path) -> list[Grey]:
    """Pictures of tunes, (H, W) each."""
    source = folder / "tunes.ly"
    head = '\\version "2.24.0"\n\\header { tagline = ##f }\n\\paper { page-breaking = #ly:one-line-breaking }\n'
    source.write_text(head + "".join(map(to_lily, tunes)))
    command = ["lilypond", "-s", "--png", "-dcrop", "-dresolution=105", "-o", folder / "page", source]
    subprocess.run(command, check=True, capture_output=True)
    names = ["page", *(f"page-{number}" for number in range(1, len(tunes)))]
    return [_cropped(folder / f"{name}.cropped.png") for name in names]


def _cropped(path: Path) -> Grey:
    """What is drawn, with a little paper around."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise SeqrecError(f"'{path}' was not drawn")
    rows, columns = np.flatnonzero((picture < 200).any(1)), np.flatnonzero((picture < 200).any(0))
    picture = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(np.pad(picture, 7 * SPACES_BESIDE, constant_values=255), np.uint8)


ENGRAVERS = {"abcm2ps": by_abcm2ps, "lilypond": by_lilypond}


def main() -> None:
    """Draw a set with each engraver."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the sets; a new one")
    parser.add_argument("--count", type=int, default=150, help="staves an engraver")
    parser.add_argument("--seed", type=int, default=1, help="of the tunes")
    parser.add_argument("--photographed", action="store_true", help="as the renderer's camera sees them")
    parser.add_argument("--chords", action="store_true", help="half of the notes with others below them")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    wishes = Wishes(bars=(1, 4), notes=(3, 20), rare=0.0)
    composed = [compose(rng, wishes, held_out=True) for _ in range(arguments.count)]
    tunes: list[Tune] = [(tokens, below(tokens, rng) if arguments.chords else {}) for tokens in composed]
    for name, draw in ENGRAVERS.items():
        folder = arguments.out / name
        folder.mkdir(parents=True)
        for number, (tokens, picture) in enumerate(zip(composed, draw(tunes, folder), strict=True)):
            dice = Dice(np.random.default_rng((arguments.seed, number)), 1.0)
            seen = camera.photographed(camera.lit(picture, dice), dice, 7.0) if arguments.photographed else picture
            cv2.imwrite(str(folder / f"staff-{number:03}.png"), seen)
            (folder / f"staff-{number:03}.gt.txt").write_text("\t".join(tokens), encoding="utf-8")
        for leftover in (*folder.glob("page*"), *folder.glob("tunes*")):
            leftover.unlink()
        print(f"{folder}: {len(tunes)} staves")


if __name__ == "__main__":
    main()
