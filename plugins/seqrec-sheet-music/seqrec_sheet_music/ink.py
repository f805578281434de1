"""Ink: drawings as coverage of pixels, at any scale."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from seqrec_sheet_music import outlines
from seqrec_sheet_music.drawing import Drawing
from seqrec_sheet_music.outlines import Contour

Grey = npt.NDArray[np.uint8]
Fine = npt.NDArray[np.int32]
"""x, y of points in fractions of fine pixels, (n, 2)."""

FINE = 4
"""Each pixel is filled in so many rows and columns."""
_BITS = 4  # of fractions of those


@dataclass(frozen=True)
class Sheet:
    """A piece of paper on which drawings lie.

    Attributes:
        height_px: Rows.
        width_px: Columns.
        scale: Pixels per unit of the drawings.
        x: Unit at the left edge.
        y: Unit at the upper edge.
    """

    height_px: int
    width_px: int
    scale: float
    x: float
    y: float


class Ink:
    """The ink on a sheet; drawings are added, then `coverage` gives the picture.

    Args:
        sheet: Where the ink goes.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._fine: Grey = np.zeros((sheet.height_px * FINE, sheet.width_px * FINE), np.uint8)

    def draw(self, drawing: Drawing, dx: float = 0.0, dy: float = 0.0, stretch: tuple[float, float] | None = None) -> None:
        """Add a staff.

        Args:
            drawing: Its shapes.
            dx: How far to the right it is moved, units.
            dy: How far down.
            stretch: Left and right end of the staff lines, units before the move; the drawing's own by default.
        """
        sheet = self.sheet
        left, top, right, bottom = drawing.staff
        left, right = stretch or (left, right)
        left = max(left, sheet.x - dx - drawing.space)
        right = min(right, sheet.x - dx + sheet.width_px / sheet.scale + drawing.space)
        if left < right:
            for y in np.linspace(top, bottom, 5).tolist():
                self.fill([outlines.bar(left, y, right, y, drawing.line_width)], 0.0, dx, dy)
        if not drawing.areas:
            return
        points = self._placed(np.concatenate([contour for area in drawing.areas for contour in area]), dx, dy)
        start = 0
        for area, stroke in zip(drawing.areas, drawing.strokes, strict=True):
            shapes = []
            for contour in area:
                shapes.append(points[start : start + len(contour)])
                start += len(contour)
            self._fill(shapes, stroke)

    def fill(self, area: list[Contour], stroke: float = 0.0, dx: float = 0.0, dy: float = 0.0) -> None:
        """Add one shape, holes where its contours overlap, with a line of a width around it."""
        self._fill([self._placed(contour, dx, dy) for contour in area], stroke)

    def _placed(self, points: Contour, dx: float, dy: float) -> Fine:
        """Where points lie in fractions of the fine pixels, whose centres are at whole numbers."""
        move = np.array((dx - self.sheet.x, dy - self.sheet.y), np.float32)
        fine = (points + move) * np.float32(self.sheet.scale * FINE) - np.float32(0.5)
        return np.asarray(np.rint(fine * (1 << _BITS)), np.int32)

    def _fill(self, shapes: list[Fine], stroke: float) -> None:
        cv2.fillPoly(self._fine, shapes, (255,), cv2.LINE_8, _BITS)
        width = round(stroke * self.sheet.scale * FINE)
        if width > 1:
            cv2.polylines(self._fine, shapes, True, (255,), width, cv2.LINE_8, _BITS)

    def coverage(self) -> Grey:
        """How much of each pixel is inked, (H, W), uint8."""
        size = (self.sheet.width_px, self.sheet.height_px)
        return np.asarray(cv2.resize(self._fine, size, interpolation=cv2.INTER_AREA), np.uint8)


def black_on_white(drawing: Drawing, space_px: float, margin: float = 2.0) -> tuple[Grey, Sheet]:
    """A staff as it is printed, without words, (H, W), uint8, and the sheet that says where its units lie.

    Args:
        drawing: The staff.
        space_px: From one staff line to the next.
        margin: Staff spaces of paper around it.
    """
    left, _, right, _ = drawing.staff
    top, bottom = drawing.extent
    space = drawing.space
    scale = space_px / space
    x, y = left - margin * space, top - margin * space
    height, width = bottom - top + 2 * margin * space, right - left + 2 * margin * space
    ink = Ink(Sheet(max(1, round(height * scale)), max(1, round(width * scale)), scale, x, y))
    ink.draw(drawing)
    return np.asarray(255 - ink.coverage(), np.uint8), ink.sheet
