"""Straightening: a picture is bent so that the five lines of its staff lie level, in the middle and always equally far apart.

What a note is called depends on where its head stands on five lines, and these may stand anywhere in a photograph, small or
large, turned or curved. A network that sees every staff at the same place and size need not learn all of that.
"""

import cv2
import numpy as np

from seqrec import Prepared
from seqrec_sheet_music.staff_lines import Grey, StaffLines, find_staff

HEIGHT_PX = 72
"""Of a straightened picture."""
SPACE_PX = 5.0
"""From one staff line to the next: there is room for four ledger lines above and below, and a little more."""
STRETCH = 1.2
"""Pictures are so much wider than in proportion: notes stand close, and each needs a frame of its own."""
EDGE_SPACES = 2.5
"""Staff spaces of paper that are kept before and behind the lines."""
ANOTHER = "another staff stands above or below the one that is read; crop the picture to one staff"
_FINER = 1.5  # a picture is at most so much finer than what is made of it when it is bent, lest fine lines break
_PAPER_PERCENTILE = 70  # of the greys of a picture: what lies beyond its edge is taken for paper
_BRIGHT = 0.15  # skewness from which ink is brighter than paper; of 1,000 practice pictures one had 0.07, all others below -0.19
_MOST_PIXELS = 500_000  # that are looked at for it
_STEP_PX = 4  # widths are multiples of it


def straightened(picture: Grey) -> Prepared:
    """The staff of a picture, level, at the size that readers of sheet music read; the whole picture where no staff is found.

    Args:
        picture: (H, W), uint8; where ink is brighter than paper, what comes out is its negative.
    """
    if bright_on_dark(picture):
        picture = 255 - picture
    lines = find_staff(picture)
    return _whole(picture) if lines is None else _bent(picture, lines)


def bright_on_dark(picture: Grey) -> bool:
    """Whether ink is brighter than paper: there is little ink, and it lies far to one side of the grey around it."""
    finer = (picture.size / _MOST_PIXELS) ** 0.5
    if finer > 1:
        size = (max(1, round(picture.shape[1] / finer)), max(1, round(picture.shape[0] / finer)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    values, around = picture.astype(np.float32), max(3, picture.shape[0] // 4)
    apart = values - cv2.blur(values, (around, around))
    apart -= apart.mean()
    squared = apart * apart
    return bool(np.mean(squared * apart) > _BRIGHT * np.mean(squared) ** 1.5)


def _bent(picture: Grey, lines: StaffLines) -> Prepared:
    space = float(lines.space.mean())
    start = max(0.0, lines.start - EDGE_SPACES * space)
    stop = min(float(picture.shape[1]), lines.stop + EDGE_SPACES * space)
    finer = space / (_FINER * SPACE_PX)
    seen = picture
    if finer > 1:
        smaller = (max(1, round(picture.shape[1] / finer)), max(1, round(picture.shape[0] / finer)))
        seen = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    width = _multiple((stop - start) * SPACE_PX * STRETCH / space)
    x = start + (np.arange(width) + 0.5) * ((stop - start) / width)
    middle, spaces = np.interp(x, lines.x, lines.middle), np.interp(x, lines.x, lines.space)
    y = middle + ((np.arange(HEIGHT_PX) + 0.5 - HEIGHT_PX / 2) / SPACE_PX)[:, None] * spaces
    # cv2 puts pixel centres at whole numbers
    columns = np.broadcast_to(x * (seen.shape[1] / picture.shape[1]) - 0.5, y.shape).astype(np.float32)
    rows = (y * (seen.shape[0] / picture.shape[0]) - 0.5).astype(np.float32)
    paper = float(np.percentile(seen, _PAPER_PERCENTILE))
    image = cv2.remap(seen, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper)
    return Prepared(np.asarray(image, np.uint8), start, stop - start, remark=ANOTHER * lines.another)


def _whole(picture: Grey) -> Prepared:
    height, width = picture.shape
    size = (_multiple(width * STRETCH * HEIGHT_PX / height), HEIGHT_PX)
    image = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if height > HEIGHT_PX else cv2.INTER_LINEAR)
    return Prepared(np.asarray(image, np.uint8), 0.0, float(width))


def _multiple(width: float) -> int:
    return max(_STEP_PX, round(width / _STEP_PX) * _STEP_PX)
