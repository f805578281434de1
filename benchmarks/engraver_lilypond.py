"""Staves by LilyPond."""

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from engraver_tunes import ABC_KEYS, CLEFS, Grey, Tune, bars_of, cropped, full_bar, length, silent

from seqrec.errors import SeqrecError
from seqrec_sheet_music.tokens import Clef, Element, Grace, Key, Meter, Multirest, Note, Pitch, Rest, Tie, Value, parse

LILY_LENGTHS = {"double_whole": "\\breve", "whole": "1", "half": "2", "quarter": "4", "eighth": "8", "sixteenth": "16"}
LILY_ALTERS = {-1: "es", 0: "", 1: "is"}


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


def by_lilypond(tunes: Sequence[Tune], folder: Path) -> list[Grey]:
    """Pictures of tunes, (H, W) each."""
    source = folder / "tunes.ly"
    head = '\\version "2.24.0"\n\\header { tagline = ##f }\n\\paper { page-breaking = #ly:one-line-breaking }\n'
    source.write_text(head + "".join(map(to_lily, tunes)))
    command: list[str | Path] = ["lilypond", "-s", "--png", "-dcrop", "-dresolution=105", "-o", folder / "page", source]
    subprocess.run(command, check=True, capture_output=True)
    names = ["page", *(f"page-{number}" for number in range(1, len(tunes)))]
    return [cropped(folder / f"{name}.cropped.png") for name in names]
