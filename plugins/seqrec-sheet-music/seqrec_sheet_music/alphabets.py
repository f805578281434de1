"""The alphabets of sheet music, and with them the scope: what may stand on a staff that is read."""

import re
from collections.abc import Iterator

from seqrec import Alphabet
from seqrec_sheet_music.parts import parts
from seqrec_sheet_music.tokens import HIGHEST_STEP, KEYS, LOWEST_STEP, VALUES, Clef, Grace, Key, Note, Pitch, Rest, Value, spell

CLEFS = (Clef("G", 2), Clef("F", 4), Clef("C", 3), Clef("C", 4), Clef("C", 1))
METERS = (
    "2/4", "3/4", "4/4", "C", "C/", "2/2", "3/8", "6/8", "9/8", "12/8", "5/4", "6/4", "3/2", "7/8", "4/2", "5/8",
)  # fmt: skip
DOTS = {"double_whole": 1, "whole": 1, "half": 2, "quarter": 2, "eighth": 2, "sixteenth": 1, "thirty_second": 0}
"""Values in scope with the most dots they may have: each length is then a whole number of thirty-seconds."""
DURATIONS = tuple(Value(name, dots) for name, most in DOTS.items() for dots in range(most + 1))
HELD = tuple(
    value
    for value in DURATIONS
    if value.dots < 2 and VALUES[value.name] >= VALUES["eighth"] and value != Value("double_whole", 1)
)
"""What a fermata may stand over."""
GRACES = (Value("eighth"), Value("sixteenth"))
LONGEST_MULTIREST = 99

_NUMBERS = range(
    min(clef.bottom for clef in CLEFS) + LOWEST_STEP,
    max(clef.bottom for clef in CLEFS) + HIGHEST_STEP + 1,
)
PITCHES = tuple(Pitch(diatonic, alter) for diatonic in _NUMBERS for alter in (0, 1, -1))
"""Every pitch that has a place on some staff in scope, 111 of them."""


def _semantic() -> Iterator[str]:
    """The tokens in scope, in the order of their ids."""
    yield from ("barline", "tie")
    yield from map(spell, CLEFS)
    yield from (spell(Key(fifths)) for fifths in range(-7, 8) if fifths)
    yield from (f"timeSignature-{sign}" for sign in METERS)
    yield from (f"multirest-{bars}" for bars in range(2, LONGEST_MULTIREST + 1))
    yield from (spell(Rest(value)) for value in DURATIONS)
    yield from (spell(Rest(value, fermata=True)) for value in HELD)
    for pitch in PITCHES:
        yield from (spell(Note(pitch, value)) for value in DURATIONS)
        yield from (spell(Note(pitch, value, fermata=True)) for value in HELD)
        yield from (spell(Grace(pitch, value)) for value in GRACES)


def position(step: int) -> str:
    """A staff step in the agnostic encoding: `L1` the lowest line, `S1` the space above it, `L0` a ledger line below."""
    return f"L{step // 2 + 1}" if step % 2 == 0 else f"S{(step + 1) // 2}"


def _agnostic() -> Iterator[str]:
    """Shapes with their places, in the order of their ids."""
    steps = range(LOWEST_STEP, HIGHEST_STEP + 1)
    yield "barline-L1"
    yield from (f"clef.{clef.sign}-L{clef.line}" for clef in CLEFS)
    yield from ("metersign.C-L3", "metersign.C/-L3")
    numbers = [sign.split("/") for sign in METERS if sign not in ("C", "C/")]
    yield from (f"digit.{top}-L4" for top in sorted({int(top) for top, _ in numbers}))
    yield from (f"digit.{bottom}-L2" for bottom in sorted({int(bottom) for _, bottom in numbers}))
    yield from (f"digit.{digit}-S5" for digit in range(10))
    yield "multirest-L3"
    yield from (f"rest.{name}-{'L4' if name == 'whole' else 'L3'}" for name in DOTS)
    yield "fermata.above-S6"
    yield from (f"dot-{position(step)}" for step in range(LOWEST_STEP, HIGHEST_STEP + 2) if step % 2)
    yield from (f"accidental.{name}-{position(step)}" for name in ("flat", "natural", "sharp") for step in steps)
    yield from (f"note.{name}-{position(step)}" for name in DOTS for step in steps)
    yield from (f"gracenote.{value}-{position(step)}" for value in GRACES for step in steps)
    yield from (f"slur.{end}-{position(step)}" for end in ("start", "end") for step in steps)


PRIMUS = 'Calvo-Zaragoza and Rizo 2018, "End-to-end neural optical music recognition of monophonic scores" (PrIMuS)'

semantic = Alphabet(
    "sheet-music",
    list(_semantic()),
    separator="\t",
    source=f"{PRIMUS}: the semantic encoding, the part of it that SCOPE.md names",
    parts={token: parts(token) for token in _semantic()},
)
pitches = Alphabet(
    "sheet-music-pitch",
    [str(pitch) for pitch in PITCHES],
    separator="\t",
    source='Shi, Bai and Yao 2015, "An end-to-end trainable neural network …", section 3.4: the sequence of pitches',
)
agnostic = Alphabet(
    "sheet-music-agnostic",
    list(_agnostic()),
    separator="\t",
    source=f"{PRIMUS}: the agnostic encoding without beams: a note under a beam is written as one with a flag",
)
ALPHABETS = (semantic, pitches, agnostic)
"""All of them, the default one first."""


def read_tokens(label: str) -> list[str]:
    """The tokens of a label as files have it: separated by tabs, spaces, line ends or `+`.

    Nothing is drawn for C major, so `keySignature-CM` is left out.

    Example:
        >>> read_tokens("clef-G2+keySignature-CM+note-C4_whole")
        ['clef-G2', 'note-C4_whole']
    """
    return [token for token in re.split(r"[\s+]+", label) if token and token != f"keySignature-{KEYS[7]}M"]
