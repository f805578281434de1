"""Rhythms: how composed bars are filled, meter by meter. Lengths are whole numbers of thirty-second notes; below 0 is a rest."""

from collections.abc import Mapping, Sequence
from functools import cache

from seqrec.rendering import Dice
from seqrec_sheet_music.alphabets import DURATIONS
from seqrec_sheet_music.tokens import Meter, Value

VALUE_OF = {int(value.length * 32): value for value in reversed(DURATIONS)}
"""The note value of each length that one note can have."""

Cell = tuple[int, ...]
"""Lengths that are played one after the other."""

_QUARTER: Mapping[Cell, float] = {
    (8,): 10, (4, 4): 10, (6, 2): 4, (2, 6): 0.6, (4, 2, 2): 2, (2, 2, 4): 2, (2, 2, 2, 2): 3, (2, 4, 2): 1, (-4, 4): 1.2,
    (7, 1): 0.3, (6, 1, 1): 0.3, (4, 1, 1, 1, 1): 0.2, (1, 1, 1, 1, 1, 1, 1, 1): 0.15, (3, 1, 4): 0.3, (4, 3, 1): 0.3,
    (-8,): 1.2, (4, -4): 0.8, (-2, 2, 2, 2): 0.4, (-6, 2): 0.15, (1, 3, 4): 0.1, (-2, 6): 0.1, (3, 1, 3, 1): 0.25,
}  # fmt: skip
"""One beat of a quarter note, and how often it is taken."""
_DOTTED: Mapping[Cell, float] = {
    (12,): 6, (8, 4): 8, (4, 8): 1, (4, 4, 4): 9, (6, 2, 4): 3, (4, 2, 2, 4): 1, (4, 4, 2, 2): 1.5, (2, 2, 2, 2, 2, 2): 1,
    (-4, 4, 4): 1, (8, -4): 1, (-8, 4): 1, (-12,): 0.8, (4, 6, 2): 0.4, (2, 2, 4, 4): 0.8, (10, 2): 0.01, (8, 2, 2): 1,
    (6, 1, 1, 4): 0.15, (-4, 8): 0.2,
}  # fmt: skip
"""One beat of a dotted quarter note."""
_TWO: Mapping[Cell, float] = {
    (16,): 8, (12, 4): 7, (4, 8, 4): 2, (4, 12): 1, (14, 2): 0.5, (12, 2, 2): 2, (8, 8): 2, (-16,): 0.5, (4, 4, 8): 1,
    (-4, 12): 0.4, (-12, 4): 0.4, (4, 8, -4): 0.2, (6, 6, 4): 0.6, (14, 1, 1): 0.1,
}  # fmt: skip
"""Two beats of a quarter note."""
_HELD: Mapping[int, Mapping[Cell, float]] = {24: {(24,): 9, (-24,): 1}, 48: {(48,): 4, (24, 24): 1}}
"""Several beats of a dotted quarter note."""
_LONG: Mapping[int, Mapping[Cell, float]] = {
    24: {(24,): 8, (16, 8): 5, (8, 16): 3, (20, 4): 0.1, (12, 12): 0.5, (-24,): 0.1},
    32: {(32,): 6, (24, 8): 5, (24, 4, 4): 2, (16, 16): 3, (28, 4): 0.6, (8, 16, 8): 1, (-32,): 0.2},
    48: {(48,): 5, (32, 16): 4, (16, 32): 1, (24, 24): 1, (24, 8, 16): 2},
    64: {(64,): 5, (32, 32): 3, (48, 16): 3, (-64,): 0.2},
}
"""Longer stretches, from the start of a bar."""
_BEATS: Mapping[str, Sequence[Sequence[int]]] = {
    "3/8": [[12]], "5/8": [[12, 8], [8, 12]], "6/8": [[12, 12]], "7/8": [[8, 8, 12], [12, 8, 8]], "9/8": [[12, 12, 12]],
    "12/8": [[12, 12, 12, 12]], "5/4": [[8, 8, 8, 8, 8]], "6/4": [[8, 8, 8, 8, 8, 8]],
}  # fmt: skip
"""Beats of the meters that are not simply so many quarters or halves."""


@cache
def _weighed(cells: tuple[tuple[Cell, float], ...]) -> tuple[tuple[Cell, ...], tuple[float, ...]]:
    total, sums = sum(weight for _, weight in cells), []
    running = 0.0
    for _, weight in cells:
        running += weight / total
        sums.append(running)
    return tuple(cell for cell, _ in cells), tuple(sums)


def _drawn(dice: Dice, cells: Mapping[Cell, float]) -> Cell:
    choices, sums = _weighed(tuple(cells.items()))
    toss = dice.between(0, 1)
    return next((cell for cell, limit in zip(choices, sums, strict=True) if toss < limit), choices[-1])


def beats(meter: Meter, dice: Dice) -> list[int]:
    """Lengths of a bar's beats."""
    if meter.sign in _BEATS:
        return list(dice.pick(_BEATS[meter.sign]))
    top, bottom = meter.fraction
    return [32 // bottom] * top


def bar(meter: Meter, dice: Dice, pace: float) -> list[int]:
    """Lengths that fill one bar.

    Args:
        meter: Its meter.
        dice: Chance.
        pace: 0 long notes only, 1 as fast as it gets.
    """
    left = beats(meter, dice)
    lengths: list[int] = []
    while left:
        count = _stretch(left, dice, pace)
        if count > 1:
            table = _HELD if left[0] == 12 else _LONG
            lengths += _drawn(dice, table[sum(left[:count])])
        elif left[:2] == [8, 8] and dice.coin(0.5 - 0.35 * pace):
            lengths += _drawn(dice, _TWO)
            count = 2
        else:
            lengths += _beat(left[0], dice, pace)
        left = left[count:]
    return lengths


def _stretch(left: Sequence[int], dice: Dice, pace: float) -> int:
    """How many of the beats that are left are filled as one, by chance; 1 for each on its own."""
    table = _HELD if left[0] == 12 else _LONG
    for count in range(2, len(left) + 1):
        if sum(left[:count]) in table and len(set(left[:count])) == 1 and dice.coin(0.07 + 0.4 * (1 - pace) ** 2):
            return count
    return 1


def _beat(length: int, dice: Dice, pace: float) -> Sequence[int]:
    cells = {12: _DOTTED, 8: _QUARTER}.get(length)
    if length == 16:
        return _drawn(dice, _TWO) if dice.coin(1 - 0.6 * pace) else (*_beat(8, dice, pace), *_beat(8, dice, pace))
    if cells is None:
        return (length,)
    best = _drawn(dice, cells)
    for _ in range(2):  # more notes when it is fast, fewer when it is slow
        other = _drawn(dice, cells)
        if dice.coin(abs(2 * pace - 1)) and (len(other) > len(best)) == (pace > 0.5):
            best = other
    return best


def spelled(length: int) -> list[Value]:
    """The values that make up a length, longest first: one where there is one, else several that are tied."""
    values = []
    while length:
        part = max(known for known in VALUE_OF if known <= length)
        values.append(VALUE_OF[part])
        length -= part
    return values
