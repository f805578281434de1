"""Semantic tokens ↔ what is drawn where: the agnostic encoding, shapes with their places on the staff.

Source:
    Calvo-Zaragoza and Rizo 2018, "End-to-end neural optical music recognition of monophonic scores", the agnostic encoding.
    Symbols run from left to right and from top to bottom. Here a note has the shape of its value whether it stands under a beam
    or has a flag, because the semantic encoding does not tell.

Semantic → agnostic → semantic gives the same tokens, with one exception that `key_runs_on` tells. Agnostic → semantic → agnostic
gives the same symbols but for accidentals that say again what already holds.
"""

from collections.abc import Sequence

from seqrec_sheet_music.accidentals import SIGNS, drawn
from seqrec_sheet_music.alphabets import position
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.tokens import (
    LETTERS,
    SHARPS,
    Barline,
    Clef,
    Element,
    Grace,
    Key,
    Meter,
    Multirest,
    Note,
    Pitch,
    Rest,
    Tie,
    parse,
)

_LOWEST = {"G2": (3, 1), "F4": (1, -1), "C3": (2, 0), "C4": (2, 2), "C1": (0, 0)}
"""For each clef the lowest staff steps of the sharps and of the flats of a signature; the others lie within a seventh above."""


def signature(clef: Clef, key: Key) -> list[tuple[int, int]]:
    """What a key signature draws, from left to right: staff step, and 1 for a sharp or -1 for a flat."""
    sharps, flats = _LOWEST.get(f"{clef.sign}{clef.line}", (1, 1))
    lowest, letters = (sharps, SHARPS) if key.fifths > 0 else (flats, SHARPS[::-1])
    numbers = [LETTERS.index(letter) - clef.bottom for letter in letters[: abs(key.fifths)]]
    return [(lowest + (number - lowest) % 7, 1 if key.fifths > 0 else -1) for number in numbers]


def key_runs_on(tokens: Sequence[str]) -> bool:
    """Whether the first note's accidental reads as one more of the key signature, because no meter stands between them.

    `clef-G2 note-F#5_half` and `clef-G2 keySignature-GM note-F#5_half` have the same agnostic symbols; the second is taken.
    """
    elements = [parse(token) for token in tokens]
    head = [element for element in elements[:3] if isinstance(element, Clef | Key | Meter)]
    rest = elements[len(head) :]
    if not head or not isinstance(head[0], Clef) or not rest or any(isinstance(element, Meter) for element in head):
        return False
    first, key = rest[0], head[1] if len(head) > 1 else Key(0)
    if not isinstance(first, Note | Grace) or not isinstance(key, Key):
        return False
    sign = drawn([*head, first])[-1]
    longer = [Key(key.fifths + way) for way in (1, -1) if abs(key.fifths + way) > abs(key.fifths) and abs(key.fifths + way) < 8]
    return any(signature(head[0], one)[-1] == (head[0].step(first.pitch), sign) for one in longer)


def to_agnostic(tokens: Sequence[str]) -> list[str]:
    """Shapes and places of a staff's tokens.

    Raises:
        MusicError: A token that is none, or no clef at the beginning.

    Example:
        >>> to_agnostic(["clef-G2", "timeSignature-3/4", "note-F#4_half."])
        ['clef.G-L2', 'digit.3-L4', 'digit.4-L2', 'accidental.sharp-S1', 'note.half-S1', 'dot-S1']
    """
    elements = [parse(token) for token in tokens]
    if not elements or not isinstance(elements[0], Clef):
        raise MusicError(f"a staff begins with {tokens[0] if tokens else 'nothing'!r}; places need a clef before everything else")
    clef = elements[0]
    found: list[str] = []
    tied: Pitch | None = None
    last: Pitch | None = None
    for element, sign in zip(elements, drawn(elements), strict=True):
        if isinstance(element, Tie) and last is not None:
            found.append(f"slur.start-{position(clef.step(last))}")
            tied = last
            continue
        if isinstance(element, Note) and tied is not None:
            found.append(f"slur.end-{position(clef.step(element.pitch))}")
        found += _shapes(clef, element, sign)
        last = element.pitch if isinstance(element, Note) else None
        tied = tied if isinstance(element, Barline) else None
    return found


def _shapes(clef: Clef, element: Element, sign: int | None) -> list[str]:
    """What is drawn for one element, ties aside."""
    match element:
        case Clef():
            return [f"clef.{element.sign}-L{element.line}"]
        case Key():
            return [f"accidental.{SIGNS[alter]}-{position(step)}" for step, alter in signature(clef, element)]
        case Meter(sign="C" | "C/"):
            return [f"metersign.{element.sign}-L3"]
        case Meter():
            top, bottom = element.fraction
            return [f"digit.{top}-L4", f"digit.{bottom}-L2"]
        case Multirest():
            return [*(f"digit.{digit}-S5" for digit in str(element.bars)), "multirest-L3"]
        case Barline():
            return ["barline-L1"]
        case Rest(value=value):
            above = ["fermata.above-S6"] * element.fermata
            return [*above, f"rest.{value.name}-{'L4' if value.name == 'whole' else 'L3'}", *["dot-S3"] * value.dots]
        case Note(pitch=pitch, value=value) | Grace(pitch=pitch, value=value):
            step = clef.step(pitch)
            before = [] if sign is None else [f"accidental.{SIGNS[sign]}-{position(step)}"]
            above = ["fermata.above-S6"] * (isinstance(element, Note) and element.fermata)
            kind = "note" if isinstance(element, Note) else "gracenote"
            dots = [f"dot-{position(step + (step + 1) % 2)}"] * value.dots  # a note on a line has its dot above it
            return [*before, *above, f"{kind}.{value.name}-{position(step)}", *dots]
        case Tie():
            return []
