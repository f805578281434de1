"""Staves by abcm2ps."""

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from engraver_tunes import ABC_KEYS, CLEFS, Grey, Tune, bars_of, cropped, full_bar, silent

from seqrec_sheet_music.accidentals import drawn
from seqrec_sheet_music.tokens import Barline, Clef, Grace, Key, Meter, Multirest, Note, Pitch, Rest, Tie, parse

GRACES = {("eighth", False): "", ("sixteenth", False): "/", ("eighth", True): "2", ("sixteenth", True): ""}
"""Units for a grace note, alone or beside others, that is to be drawn with so many flags."""


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
                several = any(isinstance(one, Grace) for one in elements[max(0, index - 1) : index + 2 : 2])
                units = GRACES[value.name, several]
                music += f"{{{mark}{_abc_pitch(pitch)}{units}}}"
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
    music = music.replace(" -", "- ").replace("}{", "")
    name = CLEFS[clef] if clef != "C1" else "alto1"
    return f"X:{number}\nL:1/32\nM:{meter}\nK:{key} clef={name}\n{music}\n\n"


def _abc_pitch(pitch: Pitch) -> str:
    letter, octave = pitch.letter, pitch.octave
    return letter.lower() + "'" * (octave - 5) if octave >= 5 else letter + "," * (4 - octave)


def _thirty_seconds(value: Fraction) -> str:
    return str(int(value * 32))


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
        pictures.append(cropped(folder / "page.png"))
    return pictures
