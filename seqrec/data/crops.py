"""Crops of one picture: whether two pictures show the same, each cut out a little otherwise, and which of many may.

Two pictures are such crops if each lacks at most 15 % of the other's width or height at each side. Then the middle of either lies
inside of the other, however they are scaled and lit; it is looked for there, at every size that it can have.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.interfaces import Picture

ALIKE = 0.85
"""Least correlation of the middle of one picture with a place in another that counts as the same."""

LACKING = 0.15
"""Most of the one's width and height that may be missing in the other at each side."""

COMPARISONS = 1_000_000
"""About so many pairs of a set are compared at most, half an hour's work of one core. Where there are more of one label, each
picture is compared with so many that look most alike at a glance that it comes to that."""

_HEIGHT_PX = 20  # of the picture whose middle is looked for
_HEIGHTS_PX = range(14, 30)  # of the one in which it is: from 1 - 2 * LACKING of the other's to the inverse of that
_PROMISING = 0.6  # below it at every second height the heights between are not tried
_STROKES_PX = (1.2, 4.0)  # deviations of the blurs whose difference is compared: no noise, no light from one side
_LONGEST = 50.0  # width over height from which on pictures are squeezed

_TOGETHER = 4000  # pictures looked over at once, in the order of their shapes
_GLANCE = (16, 4)  # columns and rows of what a glance sees
_PLACES = (
    (0.0, 1.0),
    (0.0, 0.82),
    (0.09, 0.91),
    (0.18, 1.0),
    (0.05, 0.75),
    (0.15, 0.85),
    (0.25, 0.95),
)  # where the middle may lie
_ROWS_AT_ONCE = 64

Floats = npt.NDArray[np.float32]


class Levels:
    """A picture's strokes at several heights, each computed once."""

    def __init__(self, image: Picture) -> None:
        self.image = image
        self.shape = min(image.shape[1] / image.shape[0], _LONGEST)
        self._levels: dict[int, Floats] = {}

    def at(self, height_px: int) -> Floats:
        """The strokes at a height, (height, width)."""
        if height_px not in self._levels:
            small = resized(self.image, (max(1, round(height_px * self.shape)), height_px))
            self._levels[height_px] = strokes(small, _STROKES_PX)
        return self._levels[height_px]


def resized(image: Picture, size: tuple[int, int]) -> Floats:
    """The picture at a width and height; what shrinks is averaged, what grows is interpolated."""
    smaller = (min(size[0], image.shape[1]), min(size[1], image.shape[0]))
    small = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.float32)


def strokes(values: Floats, deviations_px: tuple[float, float]) -> Floats:
    """What is neither finer nor coarser than strokes: no noise, no light that falls from one side, no line all along."""
    fine, coarse = (cv2.GaussianBlur(values, (0, 0), deviation) for deviation in deviations_px)
    found: Floats = np.asarray(fine - coarse, np.float32)
    found -= found.mean(1, keepdims=True)
    return found


def overlap(one: Levels, other: Levels) -> float:
    """How much the middle of either is like a place in the other, -1 to 1, at the size and place where it is most."""
    return max(_middle_in(one, other), _middle_in(other, one))


def _middle_in(one: Levels, other: Levels) -> float:
    whole = one.at(_HEIGHT_PX)
    down, right = (round(LACKING * length) for length in whole.shape)
    middle = np.ascontiguousarray(whole[down : whole.shape[0] - down, right : whole.shape[1] - right])
    if not middle.std():
        return 0.0
    found = {height_px: _best(middle, other.at(height_px), whole.shape[1]) for height_px in _HEIGHTS_PX[::2]}
    best = max(found, key=found.__getitem__)
    if found[best] < _PROMISING:
        return found[best]
    between = (height_px for height_px in (best - 1, best + 1) if height_px in _HEIGHTS_PX)
    return max(found[best], *(_best(middle, other.at(height_px), whole.shape[1]) for height_px in between))


def _best(middle: Floats, place: Floats, width_px: int) -> float:
    widest = round(width_px / (1 - 2 * LACKING)) + 1
    if place.shape[0] < middle.shape[0] or not middle.shape[1] <= place.shape[1] <= widest or not place.std():
        return -1.0
    return float(np.max(cv2.matchTemplate(place, middle, cv2.TM_CCOEFF_NORMED)))


def pairs(numbers: Sequence[int], levels: Callable[[int], Levels], nearest: int | None = None) -> Iterator[tuple[int, int]]:
    """Pairs of pictures that may be crops of one.

    Args:
        numbers: The pictures, ascending.
        levels: Gives one of them.
        nearest: With so many others each is compared, those most like it at a glance; None for all.
    """
    if nearest is None or len(numbers) <= nearest + 1:
        yield from combinations(numbers, 2)
        return
    if not nearest:
        return
    shapes = {number: levels(number).shape for number in numbers}
    ordered = sorted(numbers, key=lambda number: (shapes[number], number))
    for start in range(0, len(ordered), _TOGETHER):
        members = ordered[start : start + _TOGETHER]
        seen = np.stack([_glances(levels(number).image) for number in members])
        for place, alike in enumerate(_most_alike(seen, nearest)):
            for other in alike:
                if other != place:
                    yield tuple(sorted((members[place], members[other])))  # type: ignore[misc]


def _glances(image: Picture) -> Floats:
    """What stands at each place where another's middle may lie, (places, cells), each of length 1 and without its mean."""
    columns, rows = 3 * _GLANCE[0], 3 * _GLANCE[1]
    whole = strokes(resized(image, (columns, rows)), _STROKES_PX)
    cut = [
        whole[round(top * rows) : round(bottom * rows), round(left * columns) : round(right * columns)]
        for (top, bottom), (left, right) in product(_PLACES, _PLACES)
    ]
    cells = np.stack([cv2.resize(one, _GLANCE, interpolation=cv2.INTER_AREA).ravel() for one in cut])
    cells -= cells.mean(1, keepdims=True)
    found: Floats = cells / np.maximum(np.linalg.norm(cells, axis=1, keepdims=True), 1e-6)
    return found


def _most_alike(seen: Floats, count: int) -> Iterator[list[int]]:
    """For the middle of each picture the pictures that have a place most like it; itself is among them."""
    inside = _PLACES.index((LACKING, 1 - LACKING))
    middles = seen[:, inside * len(_PLACES) + inside]
    places = seen.reshape(-1, seen.shape[2]).T
    for start in range(0, len(middles), _ROWS_AT_ONCE):
        alike = (middles[start : start + _ROWS_AT_ONCE] @ places).reshape(-1, len(seen), seen.shape[1]).max(2)
        found = np.argpartition(-alike, min(count, len(seen) - 1), axis=1)[:, : count + 1]
        yield from found.tolist()
