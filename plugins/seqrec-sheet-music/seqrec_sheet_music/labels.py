"""Labels: what an alphabet writes for a staff's tokens, and the place of each symbol."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seqrec import Alphabet
from seqrec_sheet_music import chords
from seqrec_sheet_music.agnostic import to_agnostic
from seqrec_sheet_music.alphabets import agnostic, pitches
from seqrec_sheet_music.drawing import Box
from seqrec_sheet_music.engraving import Engraving
from seqrec_sheet_music.notation import shapes, shapes_of
from seqrec_sheet_music.tokens import Barline, Clef, Element, Grace, Key, Meter, Multirest, Note, Rest, Tie

Spans = npt.NDArray[np.float32]
_APART_PX = 1.0


def labelled(alphabet: Alphabet, tokens: Sequence[str], staff: Engraving) -> tuple[list[str], list[Box]]:
    """The symbols that an alphabet writes for a staff, and the box around each.

    Args:
        alphabet: One of this plugin's; any other is taken for semantic tokens.
        tokens: Of the staff.
        staff: How they are drawn.
    """
    if alphabet.name == pitches.name:
        notes = [
            (element, place) for element, place in zip(staff.elements, staff.places, strict=True) if isinstance(element, Note)
        ]
        return [str(note.pitch) for note, _ in notes], [place for _, place in notes]
    if alphabet.name == agnostic.name:
        return to_agnostic(tokens), _shapes(staff)
    if alphabet.name == shapes.name:
        return _drawn(staff)
    return list(tokens), list(staff.places)


def _sign(staff: Engraving, index: int) -> int | None:
    """The sign that is drawn before a note, needed or not."""
    element = staff.elements[index]
    return element.pitch.alter if isinstance(element, Note | Grace) and staff.part(index, "accid") else None


def _drawn(staff: Engraving) -> tuple[list[str], list[Box]]:
    """The shapes of a staff, courtesy signs among them, and the box of each."""
    symbols: list[str] = []
    boxes: list[Box] = []
    clef = staff.elements[0]
    assert isinstance(clef, Clef)
    for index, (element, place) in enumerate(zip(staff.elements, staff.places, strict=True)):
        symbols += shapes_of(element, _sign(staff, index), clef, staff.part(index, chords.PART) is not None)
        boxes += _of_shapes(staff, index, element, place)
    return symbols, boxes


def _of_shapes(staff: Engraving, index: int, element: Element, place: Box) -> list[Box]:
    """The boxes of one element's shapes."""
    match element:
        case Tie() | Meter():
            return [place]
        case Multirest(bars=bars):
            number = staff.part(index, "multiRestNum") or place
            digits = len(str(bars))
            return [_piece(place, 0, 0.25), *(_piece(number, digit / digits, (digit + 1) / digits) for digit in range(digits))]
    return _own(staff, index, element, place)


def in_order(spans: Spans) -> Spans:
    """Spans whose middles do not go back: one that does is moved to where its predecessor is.

    A tie begins before and ends behind the barline that it crosses, and a fermata stands over its note.
    """
    if len(spans) < 2:
        return spans
    middles = spans.mean(axis=1)
    late = np.maximum.accumulate(middles) - middles
    late[late < _APART_PX] = 0
    return np.asarray(spans + late[:, None], np.float32)


def _shapes(staff: Engraving) -> list[Box]:
    """The boxes of the agnostic symbols, in the order of `to_agnostic`."""
    found: list[Box] = []
    arc: Box | None = None
    for index, (element, place) in enumerate(zip(staff.elements, staff.places, strict=True)):
        if isinstance(element, Note) and arc is not None:
            found.append(_piece(arc, 0.75, 1))
        if isinstance(element, Tie):
            found.append(_piece(place, 0, 0.25))
        found += _own(staff, index, element, place)
        arc = place if isinstance(element, Tie) else arc if isinstance(element, Barline) else None
    return found


def _own(staff: Engraving, index: int, element: Element, place: Box) -> list[Box]:
    """The boxes of one element's shapes, ties aside."""
    drawing = staff.drawing
    match element:
        case Tie():
            return []
        case Key():
            return sorted(drawing.boxes["keySig0", "keyAccid"])
        case Meter(sign=sign):
            return [place] if sign in ("C", "C/") else [place, place]
        case Multirest(bars=bars):
            return [place] * (len(str(bars)) + 1)
        case Note() | Grace() | Rest():
            head = staff.part(index, "notehead") or staff.part(index, "")
            assert head is not None
            accidental, fermata = staff.part(index, "accid"), staff.part(index, "fermata")
            chord, dots = staff.part(index, chords.PART), sorted(drawing.boxes.get((f"t-{index}", "dots"), []))
            return [box for box in (accidental, fermata, chord, head, *dots) if box]
        case Clef() | Barline():
            return [place]


def _piece(box: Box, start: float, stop: float) -> Box:
    """Part of a box, from left to right."""
    left, top, right, bottom = box
    return left + start * (right - left), top, left + stop * (right - left), bottom
