"""Meters and long rests as pens and typefaces write them: they differ from one engraver to the next more than anything else."""

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from seqrec.rendering import Dice
from seqrec_sheet_music import outlines
from seqrec_sheet_music.bending import bent_by
from seqrec_sheet_music.drawing import Box, Drawing, around
from seqrec_sheet_music.engraving import Engraving
from seqrec_sheet_music.faces import faces
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
    "C": ((((0.92, 0.28), (0.6, 0.0), (0.16, 0.22), (0.08, 0.68), (0.42, 1.0), (0.94, 0.78)), True),),
    "c": ((((0.62, 0.42), (0.72, 0.14), (0.42, 0.06), (0.1, 0.4), (0.2, 0.84), (0.56, 1.0), (0.96, 0.74)), True),),
}
"""The lines of each character: points in a box of 1×1 from its upper left corner, and whether a curve goes through them."""
_SECOND_WAYS: dict[str, tuple[tuple[tuple[tuple[float, float], ...], bool], ...]] = {
    "1": ((((0.5, 0.0), (0.5, 1.0)), False),),
    "2": ((((0.08, 0.3), (0.4, 0.02), (0.82, 0.2), (0.6, 0.6), (0.16, 0.96), (0.06, 0.8), (0.4, 0.84), (0.96, 0.98)), True),),
    "3": ((((0.1, 0.04), (0.88, 0.02), (0.44, 0.42)), False), (((0.44, 0.42), (0.9, 0.6), (0.7, 0.96), (0.06, 0.9)), True)),
    "4": ((((0.42, 0.0), (0.04, 0.6), (0.98, 0.56)), False), (((0.86, 0.1), (0.66, 1.0)), True)),
    "6": ((((0.72, 0.0), (0.3, 0.4), (0.1, 0.74), (0.4, 1.0), (0.86, 0.84), (0.7, 0.56), (0.2, 0.62)), True),),
    "7": ((((0.06, 0.06), (0.92, 0.04), (0.4, 1.0)), True), (((0.3, 0.5), (0.85, 0.46)), False)),
    "9": (
        (((0.84, 0.2), (0.5, 0.0), (0.12, 0.2), (0.3, 0.48), (0.7, 0.42), (0.84, 0.2)), True),
        (((0.84, 0.16), (0.8, 0.5), (0.66, 1.0)), True),
    ),
    "C": ((((0.44, 0.5), (0.72, 0.4), (0.66, 0.1), (0.3, 0.08), (0.06, 0.46), (0.2, 0.88), (0.56, 1.0), (0.96, 0.72)), True),),
    "8": (
        (((0.5, 0.0), (0.2, 0.22), (0.5, 0.44), (0.8, 0.22), (0.5, 0.0)), True),
        (((0.5, 0.42), (0.06, 0.7), (0.46, 1.0), (0.94, 0.72), (0.5, 0.42)), True),
    ),
}
"""Other lines of some."""
_STEPS = 6  # of a curve from one of its points to the next


def rewritten(staff: Engraving, dice: Dice) -> None:
    """Write a staff's meter and the numbers of its long rests anew, by one hand, in place."""
    drawing = staff.drawing
    hand = (_Pen if dice.coin(0.4) else _Typeface)(dice, drawing.space)
    for index, element in enumerate(staff.elements):
        if isinstance(element, Meter):
            place = staff.places[index]
            drawing.erase(place)
            if element.sign in ("C", "C/"):
                hand.sign(drawing, place, slashed=element.sign == "C/")
            else:
                hand.fraction(drawing, element.fraction, place)
        elif isinstance(element, Multirest):
            number = around(drawing.boxes.get((f"t-{index}", "multiRestNum"), []))
            if number:
                drawing.erase(number)
                hand.write(drawing, str(element.bars), hand.above_a_rest(number))


class _Hand(ABC):
    """One way to write: what all of them have in common.

    Args:
        dice: Chance.
        space: Of the staff, units.
    """

    def __init__(self, dice: Dice, space: float) -> None:
        self.dice = dice
        self.space = space
        self.across = dice.between(0.42, 0.95)  # width of a character for its height
        self.height = dice.between(0.85, 1.1)
        self.beyond = dice.between(0.0, 1.3) * space if dice.coin(0.6) else 0.0  # meters may be higher than the staff
        self.lower = dice.between(-0.6, 1.1) * space if dice.coin(0.5) else 0.0  # numbers of rests may stand on the staff
        self.larger = dice.between(0.75, 1.35) if dice.coin(0.5) else 1.0
        self.apart = (dice.between(-0.6, 0.4) if self.beyond else dice.between(-0.2, 0.3)) * space  # below 0 numbers overlap

    def fraction(self, drawing: Drawing, numbers: tuple[int, int], place: Box) -> None:
        """Add the two numbers of a meter, one above the other, in place."""
        left, _, right, _ = place
        _, top, _, bottom = drawing.staff
        middle = (top + bottom) / 2
        self.write(drawing, str(numbers[0]), (left, top - self.beyond, right, middle - self.apart / 2))
        self.write(drawing, str(numbers[1]), (left, middle + self.apart / 2, right, bottom + self.beyond))

    def above_a_rest(self, place: Box) -> Box:
        """Where the number of a long rest is written, given where verovio has it."""
        left, top, right, bottom = place
        x, y = (left + right) / 2, (top + bottom) / 2 + self.lower
        wide, high = self.larger * (right - left) / 2, self.larger * (bottom - top) / 2
        return x - wide, y - high, x + wide, y + high

    def sign(self, drawing: Drawing, place: Box, slashed: bool) -> None:
        """Add the sign of common or of cut time, in place."""
        left, _, right, _ = place
        x, y = (left + right) / 2, (drawing.staff[1] + drawing.staff[3]) / 2
        high = self.space * self.dice.between(1.7, 2.9)
        wide = high * self.dice.between(0.6, 1.0)
        self.draw(drawing, self.dice.pick("Cc"), x - wide / 2, y - high / 2, wide, high)
        if slashed:
            x += self.dice.around(0.04, 0.1) * wide
            lean, thick = self.dice.around(0.08, 0.25) * wide, self.dice.between(0.08, 0.3) * self.space
            above, below = (high / 2 + self.space * self.dice.between(0.2, 1.2) for _ in range(2))
            lines = [(x + lean, y - above, x - lean, y + below)]
            if self.dice.coin(0.25):  # a pen begins with a hook
                lines.append((x + lean - 0.4 * self.space, y - above + 0.35 * self.space, x + lean, y - above))
            for line in lines:
                _fill(drawing, [outlines.bar(*line, thick)])

    def write(self, drawing: Drawing, digits: str, box: Box) -> None:
        """Add digits within a box, in place."""
        left, top, right, bottom = box
        height = (bottom - top) * self.height
        width = min(height * self.across, (right - left) * 1.6 / len(digits))
        x = (left + right) / 2 - width * len(digits) / 2
        for digit in digits:
            self.draw(drawing, digit, x, (top + bottom - height) / 2, 0.85 * width, height)
            x += width

    @abstractmethod
    def draw(self, drawing: Drawing, character: str, x: float, y: float, width: float, height: float) -> None:
        """Add a character that fills a box, in place."""


class _Typeface(_Hand):
    """Characters of one typeface."""

    def __init__(self, dice: Dice, space: float) -> None:
        super().__init__(dice, space)
        self.face = dice.pick(faces())
        self.slant = dice.around(0.12, 0.3) if dice.coin(0.4) else 0.0
        self.stretch = dice.between(0.6, 1.2)
        self.weight = dice.between(0.0, 0.12) * space if dice.coin(0.4) else 0.0
        self.bend = bent_by(dice)

    def draw(self, drawing: Drawing, character: str, x: float, y: float, width: float, height: float) -> None:
        """As wide as the typeface has it, but for a stretch that is the same for all."""
        shape = self.bend(character, self.face[character])
        natural = float(np.concatenate(shape)[:, 0].max())
        scale = min(height * self.stretch, 1.3 * width / max(natural, 0.1)) if natural > 0.35 else height * self.stretch
        left = x + (width - natural * scale) / 2
        area = []
        for contour in shape:
            across = contour[:, 0] * scale + self.slant * (0.5 - contour[:, 1]) * height + left
            area.append(np.stack([across, contour[:, 1] * height + y], axis=1).astype(np.float32))
        _fill(drawing, area, self.weight)


class _Pen(_Hand):
    """Lines of a pen."""

    def __init__(self, dice: Dice, space: float) -> None:
        super().__init__(dice, space)
        self.width = dice.between(0.1, 0.45) * space
        self.contrast = dice.between(0.0, 0.75)  # how much thinner level lines are than upright ones, or the other way round
        self.level_is_thin = dice.coin(0.7)
        self.slant = dice.between(-0.05, 0.3) if dice.coin() else 0.0
        self.shaky = dice.between(0.0, 0.06)
        self.rounded = dice.coin()
        self.ways = _STROKES | {character: way for character, way in _SECOND_WAYS.items() if dice.coin()}

    def draw(self, drawing: Drawing, character: str, x: float, y: float, width: float, height: float) -> None:
        """Its lines, each of its points a little off."""
        half = self.width / 2
        for points, curved in self.ways[character]:
            self._stroke(drawing, self._placed(points, x, y + half, width, height - self.width), curved)

    def _placed(self, points: tuple[tuple[float, float], ...], x: float, y: float, width: float, height: float) -> Points:
        moved = np.array([(a + self.dice.around(self.shaky, 0.12), b + self.dice.around(self.shaky, 0.12)) for a, b in points])
        moved[:, 0] += self.slant * (0.5 - moved[:, 1])
        return np.asarray(moved * (width, height) + (x, y), np.float64)

    def _stroke(self, drawing: Drawing, points: Points, curved: bool) -> None:
        line = _curve(points) if curved else points
        for (x0, y0), (x1, y1) in zip(line[:-1].tolist(), line[1:].tolist(), strict=True):
            upright = abs(y1 - y0) / max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
            thick = self.width * (1 - self.contrast * ((1 - upright) if self.level_is_thin else upright))
            _fill(drawing, [outlines.bar(x0, y0, x1, y1, thick)])
            if curved or self.rounded:
                _fill(drawing, [outlines.ellipse(x1, y1, thick / 2, thick / 2)])


def _fill(drawing: Drawing, area: list[Contour], stroke: float = 0.0) -> None:
    drawing.areas.append(area)
    drawing.strokes.append(stroke)


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
