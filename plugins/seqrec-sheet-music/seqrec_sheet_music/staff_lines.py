"""Where the five lines of a staff run in a picture, however it was photographed; found by dynamic programming.

For each size that a staff may have, five rows of a picture are summed up wherever the lines may lie, less the rows between
them. The lines are where these sums are largest along a path from left to right that rises and falls little by little. Beams
look like such lines but are thicker, so once the size is known the path is looked for again, in what is thin.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

Grey = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float64]

SEARCH_HEIGHTS_PX = (96, 192)
"""Pictures are searched at the first height; at the others where nothing is found, or nothing clear and the picture is higher,
for small staves in a large picture."""
BLOCK_PX = 12
"""Columns that are looked at together; lines are level within so many."""
WIDEST = 80
"""Pictures that are so many times wider than high show no staff."""
LEAST_CONTRAST = 0.35
"""Of lines to be taken for such. Of 1,200 rendered staves at full difficulty 3 have less."""
CLEAR_CONTRAST = 0.6
"""Of lines that are sure to be a staff's, and not made of those of several."""

_LEAST_SPACE_PX, _SPACE_RATIO = 3.6, 1.045  # sizes of the search
_MOST_STAVES = 0.23  # a space is at most this part of the picture's height
_STEEPEST_PX = 3  # that lines rise or fall from one block to the next, at most
_RISE_COST, _SURE_RISE_COST = 0.012, 0.05  # contrast that a pixel of rise costs, squared; where the size is known
_OUTSIDE = -0.3  # a path that leaves the picture
_FAINTEST = 0.03  # darkness of the faintest of five lines on the whole
_INK, _GAP_BLOCKS, _BESIDE_SPACES = 0.4, 3, 16  # share of the usual darkness; what may be empty; how far to look
_APART_SPACES, _AS_CLEAR, _AS_LONG = 6.0, 0.5, 0.25  # of a second staff: the ways between middle lines; parts of the first's
_THICKEST = 0.5  # part of a space; what is thicker is no line
_STIFFNESS = 12.0  # of the curve through the blocks
_DARKEST, _BRIGHTEST = 2.0, -1.0  # standard deviations; what is beyond is no more of a line than this


@dataclass(frozen=True, eq=False)
class StaffLines:
    """The five lines of a staff.

    Attributes:
        x: Columns of the picture in whose neighbourhood the lines were looked for, pixels, (B,).
        middle: y of the middle line there, pixels, (B,).
        space: From one line to the next there, pixels, (B,).
        start, stop: Left and right end of the lines, pixels.
        contrast: How much darker the lines are than what lies between them, in standard deviations of the picture around.
        another: Whether there is a second staff of the same size, above or below.
    """

    x: Numbers
    middle: Numbers
    space: Numbers
    start: float
    stop: float
    contrast: float
    another: bool = False


def find_staff(picture: Grey) -> StaffLines | None:
    """The staff lines of a picture, dark on bright; None where there are none.

    Args:
        picture: (H, W), uint8; with one staff, or with the edges of others above and below.
    """
    if picture.shape[1] > WIDEST * picture.shape[0]:
        return None
    best: StaffLines | None = None
    for height in SEARCH_HEIGHTS_PX:
        lines = _found(picture, height)
        if lines is not None and lines.contrast >= max(LEAST_CONTRAST, best.contrast if best else 0.0):
            best = lines
        if best is not None and (best.contrast >= CLEAR_CONTRAST or picture.shape[0] <= height):
            break
    return best


def _found(picture: Grey, height_px: int) -> StaffLines | None:
    """The best five lines at one height of search."""
    height, width = picture.shape
    scale = height_px / height
    blocks = max(2, round(width * scale / BLOCK_PX))
    grey = _at_height(picture, blocks, height_px)
    rows = _darkness(grey)
    count = int(np.log(_MOST_STAVES * height_px / _LEAST_SPACE_PX) / np.log(_SPACE_RATIO))
    spaces = np.asarray(_LEAST_SPACE_PX * _SPACE_RATIO ** np.arange(count), np.float64)
    contrast = _contrasts(rows, spaces)
    size, _ = _best_path(contrast, _RISE_COST)
    thin = _contrasts(_darkness(grey, _THICKEST * spaces[size]), spaces[size : size + 1])
    _, path = _best_path(thin, _SURE_RISE_COST)
    at = np.arange(blocks)
    seen = contrast[size, at, path]
    start, stop, mean = _extent(seen)
    if mean <= 0 or _faintest(rows[start:stop], path[start:stop], float(spaces[size])) < _FAINTEST:
        return None
    another = _another(contrast, size, path, float(spaces[size]), mean, stop - start)
    start, stop = _with_ink_beside(rows, path, spaces[size], start, stop)
    weight = np.maximum(seen, 0) * ((at >= start) & (at < stop)) + 1e-3
    middle = _smooth(path + _peak(thin[0], path), weight)
    sizes = np.log(spaces[size]) + np.log(_SPACE_RATIO) * _peak_size(contrast, size, path)
    inside = slice(start, stop)
    space = np.exp(_line(at[inside], sizes[inside], weight[inside]))
    x = (at[inside] + 0.5) * (width / blocks)
    block = width / blocks
    return StaffLines(x, (middle[inside] + 0.5) / scale, space / scale, start * block, stop * block, mean, another)


def _at_height(picture: Grey, blocks: int, height_px: int) -> npt.NDArray[np.float32]:
    """A picture at the size of a search, (height, B × BLOCK_PX)."""
    smaller = picture.shape[0] > height_px
    size = (blocks * BLOCK_PX, height_px)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR).astype(np.float32)


def _darkness(grey: npt.NDArray[np.float32], thickest_px: float = 0.0) -> Numbers:
    """How much darker the rows of each block are than paper, in standard deviations, (B, height).

    Args:
        grey: A picture, (height, B × BLOCK_PX).
        thickest_px: Height of what counts as dark; 0 for any.
    """
    height_px, blocks = grey.shape[0], grey.shape[1] // BLOCK_PX
    if thickest_px:
        dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones((max(3, round(thickest_px)), 1), np.uint8))
    else:
        dark = cv2.blur(cv2.dilate(grey, np.ones((5, 5), np.uint8)), (41, 21)) - grey
    deviation = np.sqrt(np.maximum(cv2.blur(dark * dark, (81, 2 * height_px + 1)), 0)) + 4
    dark = np.clip(dark / deviation, _BRIGHTEST, _DARKEST)
    rows = np.asarray(cv2.resize(dark, (blocks, height_px), interpolation=cv2.INTER_AREA), np.float64).T
    beside = np.concatenate([rows[:1], rows, rows[-1:]])  # a block sees half of its neighbours
    return np.ascontiguousarray((2 * rows + beside[:-2] + beside[2:]) / 4)


@njit(cache=True)
def _at(row: Numbers, y: float) -> float:
    """A row's value between two of its pixels."""
    low = min(max(int(y), 0), len(row) - 2)
    share = y - low
    return float(row[low] * (1 - share) + row[low + 1] * share)


@njit(cache=True)
def _contrasts(rows: Numbers, spaces: Numbers) -> Numbers:
    """Contrast of five lines of each size around each row of each block, (sizes, B, height); very low where they do not fit in.

    Half of it is the mean of the lines and half the faintest of them, so that four lines of another staff are not taken for
    five; a sixth line on either side counts against them. None counts as darker than the median, and the darkest of the gaps
    does not count: there may be a beam.
    """
    blocks, height = rows.shape
    contrast = np.full((len(spaces), blocks, height), -1e3)
    for size, space in enumerate(spaces):
        for block in range(blocks):
            row = rows[block]
            for y in range(int(np.ceil(2 * space)), int(height - 1 - 2 * space) + 1):
                beyond = 0.0
                faintest, faint, middle = np.inf, np.inf, np.inf
                for line in range(-2, 3):
                    dark = _at(row, y + line * space)
                    if dark < faintest:
                        faintest, faint, middle = dark, faintest, faint
                    elif dark < faint:
                        faint, middle = dark, faint
                    elif dark < middle:
                        middle = dark
                mean = (faintest + faint + 3 * middle) / 5
                between, darkest = 0.0, -np.inf
                for gap in range(-2, 2):
                    dark = _at(row, y + (gap + 0.5) * space)
                    between += dark / 3
                    darkest = max(darkest, dark)
                between -= darkest / 3
                for line in (-3, 3):
                    if 0 <= y + line * space <= height - 1:
                        beyond += _at(row, y + line * space) / 2
                contrast[size, block, y] = (mean + faintest) / 2 - between - max(0.0, beyond - between) / 4
    return contrast


@njit(cache=True)
def _best_path(contrast: Numbers, rise_cost: float) -> tuple[int, npt.NDArray[np.int64]]:
    """The size of staff and, for each block, the row of its middle line whose contrasts sum up to the most."""
    sizes, blocks, height = contrast.shape
    before = np.empty((blocks, height), np.int64)
    best_path = np.zeros(blocks, np.int64)
    best, best_size = -np.inf, 0
    for size in range(sizes):
        score = np.zeros(height)
        for block in range(blocks):
            longer = np.empty(height)
            for y in range(height):
                most, source = -np.inf, y
                for rise in range(-_STEEPEST_PX, _STEEPEST_PX + 1):
                    if 0 <= y + rise < height and score[y + rise] - rise_cost * rise * rise > most:
                        most, source = score[y + rise] - rise_cost * rise * rise, y + rise
                own = contrast[size, block, y]
                longer[y] = most + (_OUTSIDE if own < -100 else max(own, 0.0))
                before[block, y] = source
            score = longer
        end = int(score.argmax())
        if score[end] > best:
            best, best_size = score[end], size
            for block in range(blocks - 1, -1, -1):
                best_path[block] = end
                end = before[block, end]
    return best_size, best_path


def _extent(seen: Numbers) -> tuple[int, int, float]:
    """First block and last + 1 in which lines are seen, and their mean contrast.

    They are the run whose sum exceeds that of a third of the usual contrast by most.
    """
    usual = float(np.sort(seen)[-max(len(seen) // 3, 1) :].mean())
    sums = np.concatenate([[0.0], np.cumsum(seen - usual / 3)])
    lowest = np.minimum.accumulate(sums)
    stop = int((sums - lowest).argmax())
    start = int(sums[: stop + 1].argmin())
    return (start, stop, float(seen[start:stop].mean())) if stop > start else (0, len(seen), 0.0)


def _another(contrast: Numbers, size: int, path: npt.NDArray[np.int64], space: float, clear: float, blocks: int) -> bool:
    """Whether lines of another staff run above or below a path: of its size, half as clear as those along it, and long enough."""
    height, apart = contrast.shape[2], _APART_SPACES * space
    if max(path.max(), height - path.min()) < apart + 2 * space:
        return False
    elsewhere = contrast[max(size - 1, 0) : size + 2].copy()
    elsewhere[:, np.abs(np.arange(height) - path[:, None]) < apart] = -1e3
    found, other = _best_path(elsewhere, _RISE_COST)
    start, stop, its_own = _extent(np.maximum(elsewhere[found, np.arange(len(path)), other], _OUTSIDE))
    return bool(its_own > _AS_CLEAR * clear and stop - start > _AS_LONG * blocks)


def _faintest(rows: Numbers, path: npt.NDArray[np.int64], space: float) -> float:
    """Mean darkness of the faintest of the five lines along a path."""
    height = np.arange(rows.shape[1])
    lines = [[np.interp(y + line * space, height, row) for row, y in zip(rows, path, strict=True)] for line in range(-2, 3)]
    return float(np.mean(lines, axis=1).min())


def _with_ink_beside(rows: Numbers, path: npt.NDArray[np.int64], space: float, start: int, stop: int) -> tuple[int, int]:
    """The extent with the blocks beside it where something stands at the height of the staff: clefs and rests hide lines."""
    reach = round(2 * space)
    ink = np.array([rows[block, max(y - reach, 0) : y + reach + 1].max() for block, y in enumerate(path)])
    drawn = ink > _INK * np.median(ink[start:stop])
    farthest = round(_BESIDE_SPACES * space / BLOCK_PX)
    for _ in range(farthest):
        if start and drawn[max(start - _GAP_BLOCKS, 0) : start].any():
            start -= 1
        if stop < len(drawn) and drawn[stop : stop + _GAP_BLOCKS].any():
            stop += 1
    return start, stop


def _peak(contrast: Numbers, path: npt.NDArray[np.int64]) -> Numbers:
    """How far from each row of a path a parabola through its neighbours has its peak, -0.5 to 0.5 rows, (B,)."""
    at, height = np.arange(len(path)), contrast.shape[1]
    return _parabola(contrast[at, np.maximum(path - 1, 0)], contrast[at, path], contrast[at, np.minimum(path + 1, height - 1)])


def _peak_size(contrast: Numbers, size: int, path: npt.NDArray[np.int64]) -> Numbers:
    """The same across sizes."""
    at = np.arange(len(path))
    below, above = max(size - 1, 0), min(size + 1, len(contrast) - 1)
    return _parabola(contrast[below, at, path], contrast[size, at, path], contrast[above, at, path])


def _parabola(left: Numbers, middle: Numbers, right: Numbers) -> Numbers:
    bend = 2 * middle - left - right
    fine = (bend > 1e-6) & (np.minimum(left, right) > -100)
    return np.where(fine, np.clip((right - left) / (2 * np.where(fine, bend, 1.0)), -0.5, 0.5), 0.0)


def _smooth(values: Numbers, weight: Numbers) -> Numbers:
    """A stiff curve through weighted values. Source: Whittaker 1922, "On a new method of graduation", second differences."""
    count = len(values)
    if count < 3:
        return np.full(count, np.average(values, weights=weight))
    second = np.diff(np.eye(count), 2, axis=0)
    return np.asarray(np.linalg.solve(np.diag(weight) + _STIFFNESS * second.T @ second, weight * values))


def _line(x: npt.NDArray[np.int64], values: Numbers, weight: Numbers) -> Numbers:
    """The straight line through weighted values, at x; level where there are few."""
    if len(x) < 8:
        return np.full(len(x), np.average(values, weights=weight))
    slope, level = np.polyfit(x, values, 1, w=np.sqrt(weight))
    return np.asarray(level + slope * x)
