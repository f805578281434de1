"""What engravers draw in ways of their own, whatever the music font: dots, double whole notes, rests of a few bars."""

import numpy as np

from seqrec.rendering import Dice
from seqrec_sheet_music import outlines
from seqrec_sheet_music.drawing import Box, Drawing
from seqrec_sheet_music.engraving import Engraving
from seqrec_sheet_music.tokens import Multirest, Note, Rest

MOST_BARS = 10
"""That are written with rests of four, two and one instead of one thick bar."""
_CHURCH_RESTS = (4, 2, 1)
"""Bars that the rests stand for which are put in a row. Source: LilyPond, Notation Reference 2.24, "Full measure rests"."""


def redrawn(staff: Engraving, dice: Dice) -> None:
    """Draw some of a staff anew as one engraver might, in place."""
    drawing, space = staff.drawing, staff.drawing.space
    dots = _Dots(dice, space) if dice.coin() else None
    breves = _Breves(dice, space) if dice.coin(0.7) else None
    church = dice.coin(0.6)
    for index, element in enumerate(staff.elements):
        name = f"t-{index}"
        if isinstance(element, Note | Rest) and element.value.dots and dots:
            dots.draw(drawing, drawing.boxes[name, "dots"])
        if isinstance(element, Note) and element.value.name == "double_whole" and breves:
            breves.draw(drawing, drawing.boxes[name, "notehead"][0])
        if isinstance(element, Multirest) and element.bars <= MOST_BARS and church:
            for box in drawing.boxes[name, ""]:
                drawing.erase(box)
            _rests(drawing, dice, element.bars, *_bar_around(staff, index))


class _Dots:
    """Behind notes and rests."""

    def __init__(self, dice: Dice, space: float) -> None:
        self.radius = dice.between(0.14, 0.27) * space
        self.closer = dice.between(0.0, 0.2) * space
        self.step = 2 * self.radius + dice.between(0.08, 0.5) * space

    def draw(self, drawing: Drawing, boxes: list[Box]) -> None:
        """Dots in place of others."""
        left, top, _, bottom = boxes[0]
        for box in boxes:
            drawing.erase(box)
        x, y = left + self.radius - self.closer, (top + bottom) / 2
        for number in range(len(boxes)):
            drawing.add([outlines.ellipse(x + number * self.step, y, self.radius, self.radius)])


class _Breves:
    """A whole note between two or four lines, or a square one."""

    def __init__(self, dice: Dice, space: float) -> None:
        self.square = dice.coin(0.25)
        self.lines = 1 + dice.coin(0.4)
        self.thick = dice.between(0.1, 0.22) * space
        self.apart = self.thick + dice.between(0.08, 0.25) * space
        self.away = dice.between(-0.05, 0.2) * space
        self.height = dice.between(1.0, 1.6) * space
        self.wide = dice.between(0.85, 1.1)
        self.hole = dice.between(0.4, 0.62), dice.between(0.6, 0.85)
        self.lean = dice.between(-0.6, 0.6)

    def draw(self, drawing: Drawing, head: Box) -> None:
        """A note in place of another."""
        drawing.erase(head)
        x, y = (head[0] + head[2]) / 2, (head[1] + head[3]) / 2
        space = drawing.space
        lines = self.thick / 2 + self.away + (self.lines - 1) * self.apart
        wide, high = max(0.45 * space, self.wide * (head[2] - head[0]) / 2 - lines), 0.5 * space
        if self.square:
            for way in (-1, 1):
                drawing.add([outlines.bar(x - wide, y + way * 0.35 * space, x + wide, y + way * 0.35 * space, 0.3 * space)])
        else:
            hole = outlines.ellipse(0, 0, self.hole[0] * wide, self.hole[1] * high)
            turned = np.array([[np.cos(self.lean), np.sin(self.lean)], [-np.sin(self.lean), np.cos(self.lean)]], np.float32)
            inner = (hole @ turned)[::-1] + np.array((x, y))
            drawing.add([outlines.ellipse(x, y, wide, high), inner.astype(np.float32)])
        for way in (-1, 1):
            for line in range(self.lines):
                at = x + way * (wide + self.away + line * self.apart)
                drawing.add([outlines.bar(at, y - self.height / 2, at, y + self.height / 2, self.thick)])


def _bar_around(staff: Engraving, index: int) -> tuple[float, float]:
    """From where to where there is room for what fills a bar."""
    space, (left, _, right, _) = staff.drawing.space, staff.places[index]
    before, behind = staff.places[index - 1], staff.places[index + 1 : index + 2]
    return min(left, before[2] + space), max(right, behind[0][0] - space if behind else right)


def _rests(drawing: Drawing, dice: Dice, bars: int, left: float, right: float) -> None:
    """Rests of four, two and one bar in a row, in the middle between left and right."""
    space, (_, top, _, _) = drawing.space, drawing.staff
    thick, whole = dice.between(0.4, 0.8) * space, dice.between(1.0, 1.6) * space
    row: list[int] = []
    for rest in _CHURCH_RESTS:
        row += [rest] * ((bars - sum(row)) // rest)
    widths = [whole if rest == 1 else thick for rest in row]
    room = (right - left - sum(widths)) / len(row)
    apart = max(0.35 * space, min(dice.between(0.2, 4.0) * space, room))
    x = (left + right - sum(widths) - apart * (len(row) - 1)) / 2
    for rest, width in zip(row, widths, strict=True):
        above, below = {4: (1.0, 3.0), 2: (1.0, 2.0), 1: (1.0, 1.5)}[rest]
        y = top + (above + below) / 2 * space
        drawing.add([outlines.bar(x, y, x + width, y, (below - above) * space)])
        x += width + apart
