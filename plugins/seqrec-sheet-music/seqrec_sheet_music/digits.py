"""Digits as a pen may write them: those of meters and long rests differ from one engraver to the next more than anything else."""

import numpy as np
import numpy.typing as npt

from seqrec.rendering import Dice
from seqrec_sheet_music import outlines
from seqrec_sheet_music.drawing import Box, Drawing, around
from seqrec_sheet_music.engraving import Engraving
from seqrec_sheet_music.outlines import Contour
from seqrec_sheet_music.tokens import Meter, Multirest

Points = npt.NDArray[np.float64]

_STROKES: dict[str, tuple[tuple[tuple[tuple[float, float], ...], bool], ...]] = {
    "0": ((((0.5, 0.0), (0.12, 0.22), (0.06, 0.6), (0.45, 1.0), (0.88, 0.75), (0.9, 0.3), (0.5, 0.0)), True),),
    "1": ((((0.25, 0.22), (0.55, 0.0), (0.55, 1.0)), False),),
    "2": (
        (((0.1, 0.26), (0.35, 0.02), (0.8, 0.1), (0.78, 0.42), (0.4, 0.75), (0.08, 0.98)), True),
        (((0.08, 0.98), (0.35, 0.92), (0.65, 1.0), (0.95, 0.9)), True),
    ),
    "3": (
        (((0.1, 0.14), (0.45, 0.0), (0.85, 0.18), (0.72, 0.4), (0.38, 0.47)), True),
        (((0.38, 0.47), (0.8, 0.55), (0.9, 0.8), (0.5, 1.0), (0.06, 0.88)), True),
    ),
    "4": ((((0.6, 0.0), (0.04, 0.66), (0.98, 0.66)), False), (((0.7, 0.3), (0.66, 1.0)), False)),
    "5": (
        (((0.9, 0.02), (0.25, 0.04), (0.16, 0.44)), False),
        (((0.16, 0.44), (0.55, 0.36), (0.92, 0.62), (0.6, 0.98), (0.05, 0.9)), True),
    ),
    "6": ((((0.82, 0.06), (0.4, 0.14), (0.1, 0.6), (0.32, 0.98), (0.78, 0.92), (0.86, 0.62), (0.5, 0.48), (0.14, 0.68)), True),),
    "7": ((((0.06, 0.06), (0.92, 0.04), (0.4, 1.0)), False),),
    "8": (
        (
            (
                (0.52, 0.46),
                (0.14, 0.26),
                (0.4, 0.0),
                (0.84, 0.16),
                (0.6, 0.42),
                (0.1, 0.7),
                (0.36, 1.0),
                (0.9, 0.82),
                (0.52, 0.46),
            ),
            True,
        ),
    ),
    "9": (
        (((0.84, 0.32), (0.48, 0.52), (0.14, 0.36), (0.24, 0.06), (0.7, 0.02), (0.88, 0.36), (0.62, 0.86), (0.16, 0.96)), True),
    ),
}
"""The lines of each digit: points in a box of 1×1 from its upper left corner, and whether a curve goes through them."""
_STEPS = 6  # of a curve from one of its points to the next


def rewritten(staff: Engraving, dice: Dice) -> None:
    """Write the digits of a staff's meter and long rests anew, by a pen of one kind, in place."""
    drawing = staff.drawing
    pen = _Pen(dice, drawing.space)
    for index, element in enumerate(staff.elements):
        if isinstance(element, Meter) and element.sign not in ("C", "C/"):
            left, _, right, _ = staff.places[index]
            _, top, _, bottom = drawing.staff
            middle = (top + bottom) / 2
            _erase(drawing, staff.places[index])
            boxes = (left, top - pen.beyond, right, middle), (left, middle, right, bottom + pen.beyond)
            for number, box in zip(element.fraction, boxes, strict=True):
                pen.write(drawing, str(number), box)
        elif isinstance(element, Multirest):
            place = around(drawing.boxes.get((f"t-{index}", "multiRestNum"), []))
            if place:
                _erase(drawing, place)
                pen.write(drawing, str(element.bars), place)


def _erase(drawing: Drawing, box: Box) -> None:
    """Take out what lies within a box, in place."""
    left, top, right, bottom = box
    edge = 0.05 * drawing.space

    def within(area: list[Contour]) -> bool:
        points = np.concatenate(area)
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        return bool(x0 >= left - edge and x1 <= right + edge and y0 >= top - edge and y1 <= bottom + edge)

    kept = [place for place, area in enumerate(drawing.areas) if not within(area)]
    drawing.areas = [drawing.areas[place] for place in kept]
    drawing.strokes = [drawing.strokes[place] for place in kept]


class _Pen:
    """One way to write digits.

    Args:
        dice: Chance.
        space: Of the staff, units.
    """

    def __init__(self, dice: Dice, space: float) -> None:
        self.dice = dice
        self.width = dice.between(0.1, 0.45) * space
        self.contrast = dice.between(0.0, 0.75)  # how much thinner level lines are than upright ones, or the other way round
        self.level_is_thin = dice.coin(0.7)
        self.slant = dice.between(-0.05, 0.3) if dice.coin() else 0.0
        self.across = dice.between(0.42, 0.95)
        self.height = dice.between(0.85, 1.1)
        self.beyond = dice.between(0.0, 1.3) * space if dice.coin(0.6) else 0.0  # meters may be higher than the staff
        self.shaky = dice.between(0.0, 0.06)
        self.rounded = dice.coin()

    def write(self, drawing: Drawing, digits: str, box: Box) -> None:
        """Add digits within a box, in place."""
        left, top, right, bottom = box
        height = (bottom - top) * self.height - self.width
        width = min(height * self.across, (right - left) * 1.6 / len(digits))
        x = (left + right) / 2 - width * len(digits) / 2
        for digit in digits:
            for points, curved in _STROKES[digit]:
                self._stroke(drawing, self._placed(points, x, (top + bottom - height) / 2, 0.85 * width, height), curved)
            x += width

    def _placed(self, points: tuple[tuple[float, float], ...], x: float, y: float, width: float, height: float) -> Points:
        moved = np.array([(a + self.dice.around(self.shaky, 0.12), b + self.dice.around(self.shaky, 0.12)) for a, b in points])
        moved[:, 0] += self.slant * (0.5 - moved[:, 1])
        return np.asarray(moved * (width, height) + (x, y), np.float64)

    def _stroke(self, drawing: Drawing, points: Points, curved: bool) -> None:
        line = _curve(points) if curved else points
        for (x0, y0), (x1, y1) in zip(line[:-1].tolist(), line[1:].tolist(), strict=True):
            upright = abs(y1 - y0) / max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
            thick = self.width * (1 - self.contrast * ((1 - upright) if self.level_is_thin else upright))
            drawing.areas.append([outlines.bar(x0, y0, x1, y1, thick)])
            drawing.strokes.append(0.0)
            if curved or self.rounded:
                drawing.areas.append([outlines.ellipse(x1, y1, thick / 2, thick / 2)])
                drawing.strokes.append(0.0)


def _curve(points: Points) -> Points:
    """A smooth line through points. Source: Catmull and Rom 1974, "A class of local interpolating splines"."""
    before, behind = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    p = np.concatenate([[before], points, [behind]])
    t = (np.arange(_STEPS) / _STEPS)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.concatenate([*pieces, points[-1:]])
