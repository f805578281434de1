"""Further looks at a picture: its line made level and what lies around it cut off, or turned a little.

What counts as doubt was chosen on photographs of words; docs/explanation/results.md has the figures.
"""

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.appearance import line_box, line_slope
from seqrec.interfaces import Picture, Prepared
from seqrec.reading import Reading

SURE = 0.9
"""p(reading | picture) from which a picture is not looked at again."""
UNSURE = 0.5
"""p(reading | picture) below which it is also turned a little, …"""
TURN_DEG = 4.0
"""… by so much either way."""
_ROOM = 0.05  # left around the line, in its heights
_ENOUGH = 0.95  # of the picture: a closer look that shows more than this shows nothing new


def looks_in_doubt(picture: Picture, reading: Reading) -> list[Prepared]:
    """Where a reading leaves doubt: the line level and with little around it; if it leaves much, also turned a little.

    For `seqrec.Task.second_looks` of tasks whose pictures are crops of one line of symbols.
    """
    closer = closer_look(picture) if reading.confidence < SURE else None
    turned = (-TURN_DEG, TURN_DEG) if reading.confidence < UNSURE else ()
    return [*([closer] if closer else []), *(turned_look(picture, degrees) for degrees in turned)]


def closer_look(picture: Picture) -> Prepared | None:
    """The line of a picture, level and with little around it; None where the picture is such already.

    Args:
        picture: (H, W), uint8, of one line from left to right.

    Example:
        >>> print(closer_look(np.zeros((32, 100), np.uint8)))
        None
    """
    slope = line_slope(picture)
    level, matrix = _turned(picture, -slope)
    left, top, right, bottom = line_box(level)
    height, width = level.shape
    room = _ROOM * (bottom - top)
    left, top = max(left - room, 0.0), max(top - room, 0.0)
    right, bottom = min(right + room, width), min(bottom + room, height)
    if not slope and bottom - top > _ENOUGH * height and right - left > _ENOUGH * width:
        return None
    return _cut(picture, level, matrix, (int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))))


def turned_look(picture: Picture, degrees: float) -> Prepared:
    """A picture turned anti-clockwise by a small angle, in the upright box around it.

    Args:
        picture: (H, W), uint8, of one line from left to right.
        degrees: Any number.
    """
    turned, matrix = _turned(picture, degrees)
    return _cut(picture, turned, matrix, (0, 0, turned.shape[1], turned.shape[0]))


def _turned(picture: Picture, degrees: float) -> tuple[Picture, npt.NDArray[np.float64]]:
    """The picture turned anti-clockwise, in the box around it, and the matrix (2, 3) that did it."""
    height, width = picture.shape
    if not degrees:
        return picture, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    cosine, sine = abs(np.cos(np.deg2rad(degrees))), abs(np.sin(np.deg2rad(degrees)))
    box = (max(round(width * cosine + height * sine), 1), max(round(width * sine + height * cosine), 1))
    matrix = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0), np.float64)
    matrix[:, 2] += (box[0] - width) / 2, (box[1] - height) / 2
    turned = cv2.warpAffine(picture, matrix, box, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), matrix


def _cut(picture: Picture, turned: Picture, matrix: npt.NDArray[np.float64], box: tuple[int, int, int, int]) -> Prepared:
    """A part of the turned picture: left, top, right, bottom; its ends are told in the picture as it was."""
    left, top, right, bottom = box
    middle = (top + bottom) / 2
    ends = np.array([[left, middle, 1.0], [right, middle, 1.0]]) @ cv2.invertAffineTransform(matrix).T
    start, end = np.clip(ends[:, 0], 0, picture.shape[1])
    return Prepared(np.ascontiguousarray(turned[top:bottom, left:right]), float(start), max(float(end - start), 1.0))
