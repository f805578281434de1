"""A closer look at a picture: its line made level, and what lies around it cut off."""

import cv2
import numpy as np

from seqrec.appearance import line_box, line_slope
from seqrec.interfaces import Picture, Prepared

_ROOM = 0.1  # left around the line, in its heights
_ENOUGH = 0.95  # of the picture: a closer look that shows more than this shows nothing new


def closer_look(picture: Picture) -> Prepared | None:
    """The line of a picture, level and with little around it; None where the picture is such already.

    Args:
        picture: (H, W), uint8, of one line from left to right.

    Example:
        >>> print(closer_look(np.zeros((32, 100), np.uint8)))
        None
    """
    slope = line_slope(picture)
    level, matrix = _level(picture, slope)
    left, top, right, bottom = line_box(level)
    height, width = level.shape
    room = _ROOM * (bottom - top)
    left, top = max(left - room, 0.0), max(top - room, 0.0)
    right, bottom = min(right + room, width), min(bottom + room, height)
    if not slope and bottom - top > _ENOUGH * height and right - left > _ENOUGH * width:
        return None
    x0, y0, x1, y1 = int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))
    # where the middle of the crop's left and right edge come from
    ends = np.array([[x0, (y0 + y1) / 2, 1.0], [x1, (y0 + y1) / 2, 1.0]])
    start, end = np.clip((ends @ cv2.invertAffineTransform(matrix).T)[:, 0], 0, picture.shape[1])
    return Prepared(np.ascontiguousarray(level[y0:y1, x0:x1]), float(start), max(float(end - start), 1.0))


def _level(picture: Picture, slope_deg: float) -> tuple[Picture, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """The picture turned so that a slope becomes level, in the box around it, and the matrix that did it."""
    height, width = picture.shape
    if not slope_deg:
        return picture, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    cosine, sine = abs(np.cos(np.deg2rad(slope_deg))), abs(np.sin(np.deg2rad(slope_deg)))
    box = (round(width * cosine + height * sine), round(width * sine + height * cosine))
    matrix = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -slope_deg, 1.0), np.float64)
    matrix[:, 2] += (box[0] - width) / 2, (box[1] - height) / 2
    turned = cv2.warpAffine(picture, matrix, box, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), matrix
