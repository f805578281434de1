"""Pictures that stand in a data set more than once: byte for byte, or scaled, cropped a little, compressed anew, lit otherwise.

A picture's outline is a small grid of it from which each row's own mean is taken, so that lines that run through the whole
picture (a staff, a ruled form) do not make all pictures alike. Outlines are compared only where some of their signs agree, so
that a hundred thousand pictures need no ten thousand million comparisons; what then looks alike is compared pixel by pixel.
Pictures of one label are compared as crops of one picture too, which may lack up to 15 % of each other at each side.
"""

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.data import crops
from seqrec.data.crops import resized, strokes
from seqrec.interfaces import Picture

ALIKE = 0.9
"""Least correlation, after rows' means are taken away, of two pictures that count as one."""

_GRID = (32, 4)  # columns and rows whose signs find candidates
_DEAD = 0.2  # deviations above its row's mean from which on a cell counts as brighter: empty rows must not show their noise
_BANDS, _BITS = 16, 14  # so many choices of so many signs; pictures of which one choice agrees are candidates,
_DIFFERENT = 28  # as long as no more of all their signs differ
_CROWD = 50  # pictures that share a choice are compared each with so many of its neighbours at most
_HEIGHT_PX = 16  # of the pictures that are compared pixel by pixel
_STROKES_PX = (0.8, 4.0)  # deviations of the blurs whose difference is compared
_SHIFT_PX = 1  # by which one may lie elsewhere than the other, then
_WIDTHS_PX = (16, 1024)
_STRETCH = 1.15  # how much the shape of one may differ from the other's
_FLAT = 2.0  # grey levels of deviation below which a picture shows nothing that could be compared
_KEPT = 4096  # small pictures in memory
_LEVELS_KEPT = 256  # of them, at many sizes

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outline:
    """What is kept of each picture.

    Attributes:
        digest: SHA-256 of the file's bytes.
        signs: Whether each cell of the grid is brighter than its row; None for a picture of one grey.
        shape: Width over height.
    """

    digest: bytes
    signs: Bits | None
    shape: float


def outline(encoded: bytes, image: Picture) -> Outline:
    """The outline of a picture."""
    digest = hashlib.sha256(encoded).digest()
    height, width = image.shape
    small = _without_rows(resized(image, _GRID))
    signs = (small > _DEAD * small.std()).ravel() if image.std() >= _FLAT else None
    return Outline(digest, signs, width / height)


def _without_rows(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    without: npt.NDArray[np.float32] = values - values.mean(1, keepdims=True)
    return without


def likeness(one: Picture, other: Picture) -> float:
    """How much two pictures are alike, -1 to 1: their correlation at one size, each row's mean taken away, where it is best."""
    shape = (one.shape[1] / one.shape[0] + other.shape[1] / other.shape[0]) / 2
    width = int(np.clip(round(_HEIGHT_PX * shape), *_WIDTHS_PX))
    first, second = (strokes(resized(image, (width, _HEIGHT_PX)), _STROKES_PX) for image in (one, other))
    inner = first[_SHIFT_PX:-_SHIFT_PX, _SHIFT_PX:-_SHIFT_PX]
    if not inner.std() or not second.std():
        return 0.0
    return float(np.max(cv2.matchTemplate(second, np.ascontiguousarray(inner), cv2.TM_CCOEFF_NORMED)))


@dataclass(frozen=True)
class Duplicates:
    """Groups of pictures that are one, each ascending, the groups by their first.

    Attributes:
        exact: Of the same bytes.
        near: Of the same bytes or alike.
        nearest: With how many of its own label each picture was compared as a crop, where all were too many; else None.
    """

    exact: tuple[tuple[int, ...], ...]
    near: tuple[tuple[int, ...], ...]
    nearest: int | None = None

    @property
    def bound(self) -> str:
        """What was left out of the search for crops, in words; "" where nothing was."""
        if self.nearest is None:
            return ""
        return (
            f"many pictures share a label; each was compared with the {self.nearest:,} most like it, and some crops may be missed"
        )


def find_duplicates(
    outlines: Sequence[Outline | None], picture: Callable[[int], Picture], labels: Sequence[str] = ()
) -> Duplicates:
    """Groups of pictures that are one.

    Args:
        outlines: Of each picture; None for those that could not be read, which are in no group.
        picture: Gives a picture anew, to compare two that may be alike.
        labels: Of each picture; those of one label, in whatever case, are compared as crops too. () for none.
    """
    groups = _Groups(len(outlines))
    for members in _gathered((one.digest, number) for number, one in enumerate(outlines) if one):
        groups.join(members)
    exact = groups.found()
    firsts = {members[0] for members in exact}
    known = {number for members in exact for number in members}
    kept: OrderedDict[int, Picture] = OrderedDict()

    def small(number: int) -> Picture:
        if number not in kept:
            image = picture(number)
            width = int(np.clip(round(_HEIGHT_PX * 2 * image.shape[1] / image.shape[0]), *_WIDTHS_PX))
            kept[number] = np.asarray(cv2.resize(image, (width, _HEIGHT_PX * 2), interpolation=cv2.INTER_AREA), np.uint8)
            if len(kept) > _KEPT:
                kept.popitem(last=False)
        kept.move_to_end(number)
        return kept[number]

    single = [number for number, one in enumerate(outlines) if one and (number not in known or number in firsts)]
    compared: set[tuple[int, int]] = set()
    for one, other in _candidates(single, outlines):
        if (one, other) in compared or groups.same(one, other):
            continue
        compared.add((one, other))
        if likeness(small(one), small(other)) >= ALIKE:
            groups.join([one, other])
    labelled = [number for number in single if labels and labels[number] and _shows(outlines[number])]
    by_label = _gathered((labels[number].casefold(), number) for number in labelled)
    pairs = sum(len(members) * (len(members) - 1) // 2 for members in by_label)
    nearest = None if pairs <= crops.COMPARISONS else crops.COMPARISONS // len(labelled)
    levels = lru_cache(_LEVELS_KEPT)(lambda number: crops.Levels(small(number)))
    for members in by_label:
        for one, other in crops.pairs(members, levels, nearest):
            if not groups.same(one, other) and crops.overlap(levels(one), levels(other)) >= crops.ALIKE:
                groups.join([one, other])
    return Duplicates(exact, groups.found(), nearest)


def _shows(one: Outline | None) -> bool:
    return one is not None and one.signs is not None


def _candidates(numbers: Sequence[int], outlines: Sequence[Outline | None]) -> Iterable[tuple[int, int]]:
    """Pairs, the lower first, of pictures of like shape of which a choice of signs agrees."""
    chooser = np.random.default_rng(0)
    told = [(number, one.signs, one.shape) for number in numbers if (one := outlines[number]) and one.signs is not None]
    if not told:
        return
    with_signs = [number for number, _, _ in told]
    signs, shapes = np.stack([some for _, some, _ in told]), np.array([shape for _, _, shape in told])
    for _ in range(_BANDS):
        chosen = np.packbits(signs[:, chooser.permutation(signs.shape[1])[:_BITS]], axis=1)
        for members in _gathered((row.tobytes(), place) for place, row in enumerate(chosen)):
            ordered = sorted(members, key=lambda place: (shapes[place], place))
            for at, place in enumerate(ordered):
                for other in ordered[at + 1 : at + 1 + _CROWD]:
                    if shapes[other] > _STRETCH * shapes[place]:
                        break
                    if np.count_nonzero(signs[place] != signs[other]) <= _DIFFERENT:
                        first, second = sorted((with_signs[place], with_signs[other]))
                        yield first, second


def _gathered(items: Iterable[tuple[Hashable, int]]) -> list[list[int]]:
    found: defaultdict[Hashable, list[int]] = defaultdict(list)
    for key, number in items:
        found[key].append(number)
    return [members for members in found.values() if len(members) > 1]


class _Groups:
    """Numbers that belong together, as they are joined."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def _top(self, number: int) -> int:
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

    def same(self, one: int, other: int) -> bool:
        return self._top(one) == self._top(other)

    def join(self, members: Sequence[int]) -> None:
        for other in members[1:]:
            first, second = sorted((self._top(members[0]), self._top(other)))
            self._above[second] = first

    def found(self) -> tuple[tuple[int, ...], ...]:
        members: defaultdict[int, list[int]] = defaultdict(list)
        for number in range(len(self._above)):
            members[self._top(number)].append(number)
        return tuple(tuple(group) for _, group in sorted(members.items()) if len(group) > 1)
