"""Chords and second voices, which no token says: drawn below notes for practice, so that a reader notices and tells them."""

import numpy as np

from seqrec.rendering import Dice
from seqrec_sheet_music import outlines
from seqrec_sheet_music.drawing import Box, Drawing
from seqrec_sheet_music.engraving import Engraving
from seqrec_sheet_music.outlines import Contour
from seqrec_sheet_music.tokens import Note

SHARE = 0.06
"""Part of the staves for practice on which several notes sound at once."""
PART = "chord"
"""Part of a note's group that holds the noteheads below its own."""
_INTERVALS = (2, 2, 2, 3, 3, 4, 5)
"""Steps from one note of a chord to the next below it: thirds, fourths, a fifth, a sixth."""
_APART = (2, 3, 4, 5, 5, 7, 9)
"""Steps between two voices."""
_LOWEST_SPACES = 4.0
"""How far below the staff noteheads may lie."""
_STEM_SPACES = 3.5


def with_chords(staff: Engraving, dice: Dice, voices: bool = False) -> None:
    """Put more noteheads below some of a staff's notes, in place.

    Args:
        staff: Of one voice.
        dice: Chance.
        voices: Whether the notes below belong to another voice, with stems of their own downwards, and not to chords.
    """
    share = dice.between(0.15, 1.0)
    for index, element in enumerate(staff.elements):
        head = staff.part(index, "notehead")
        if isinstance(element, Note) and head and dice.coin(share):
            stem = staff.part(index, "stem")
            if voices:
                _second_voice(staff.drawing, f"t-{index}", head, stem, dice)
            else:
                _chord(staff.drawing, f"t-{index}", head, stem, dice)


def _chord(drawing: Drawing, name: str, head: Box, stem: Box | None, dice: Dice) -> None:
    """One to three noteheads on the same stem."""
    space, (_, top, _, bottom) = drawing.space, head
    lowest = drawing.staff[3] + _LOWEST_SPACES * space - (top + bottom) / 2
    if stem and not _is_up(stem, head):
        lowest = min(lowest, stem[3] - bottom - space)  # what a beam or flag is at
    drops, drop = [], 0.0
    for _ in range(1 + dice.below(3)):
        drop += dice.pick(_INTERVALS) * space / 2
        if drop <= lowest:
            drops.append(drop)
    for drop in drops:
        _add_head(drawing, name, head, drop)
    if drops and stem and _is_up(stem, head):
        _add_stem(drawing, name, (stem[0] + stem[2]) / 2, stem[3], (top + bottom) / 2 + drops[-1], stem[2] - stem[0])


def _second_voice(drawing: Drawing, name: str, head: Box, stem: Box | None, dice: Dice) -> None:
    """A notehead with a stem of its own, where the note's own stem leaves room."""
    space, (left, top, _, bottom) = drawing.space, head
    drop = dice.pick(_APART) * space / 2
    lowest = drawing.staff[3] + _LOWEST_SPACES * space - (top + bottom) / 2
    if drop > lowest or (stem and not _is_up(stem, head)):
        return
    _add_head(drawing, name, head, drop)
    if stem:
        width = stem[2] - stem[0]
        start = (top + bottom) / 2 + drop
        _add_stem(drawing, name, left + width / 2, start, start + _STEM_SPACES * space, width)


def _is_up(stem: Box, head: Box) -> bool:
    return stem[1] + stem[3] < head[1] + head[3]


def _add_head(drawing: Drawing, name: str, head: Box, drop: float) -> None:
    """A copy of a notehead and its dots further down, with the ledger lines it needs."""
    space, below = drawing.space, drawing.staff[3]
    drawing.add([contour + np.array((0, drop), np.float32) for contour in _area_in(drawing, head)], 0.0, name, PART)
    spaces = 2 * round(drop / space) * space / 2  # so that dots stay between lines
    for left, top, right, bottom in drawing.boxes.get((name, "dots"), []):
        dot = outlines.ellipse((left + right) / 2, (top + bottom) / 2 + spaces, (right - left) / 2, (bottom - top) / 2)
        drawing.add([dot])
    y = (head[1] + head[3]) / 2 + drop
    for number in range(1, int((y - below) / space + 0.25) + 1):
        edge = 0.4 * space
        drawing.add([outlines.bar(head[0] - edge, below + number * space, head[2] + edge, below + number * space, 0.16 * space)])


def _add_stem(drawing: Drawing, name: str, x: float, y0: float, y1: float, width: float) -> None:
    drawing.add([outlines.bar(x, y0, x, y1, width)], 0.0, name, "stem")


def _area_in(drawing: Drawing, box: Box) -> list[Contour]:
    """What is drawn in exactly that box."""
    for area in drawing.areas:
        points = np.concatenate(area)
        if np.allclose((*points.min(axis=0), *points.max(axis=0)), box):
            return area
    raise LookupError(f"nothing is drawn at {box}")
