"""Counting n-grams and smoothing their counts: interpolated modified Kneser-Ney."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from seqrec.decoding.grams import NEVER, START, Grams, Level, stack

FALLBACK = (0.5, 1.0, 1.5)
"""Discounts of an order whose counts allow no estimate. Source: KenLM's documented default of `lmplz --discount_fallback`."""


class _Counts(NamedTuple):
    """The n-grams of one order, sorted by prefix and then by last symbol, and their counts.

    Prefix and suffix (without the first symbol) are places in the order below.
    """

    prefix: npt.NDArray[np.int64]
    symbol: npt.NDArray[np.int64]
    suffix: npt.NDArray[np.int64]
    counts: npt.NDArray[np.float64]
    initial: npt.NDArray[np.bool_]  # whether the first symbol is `<s>`


def estimate(sequences: Sequence[Sequence[int]], counts: npt.NDArray[np.float64], symbols: int, order: int) -> Grams:
    """N-grams of some sequences, each with its smoothed probability.

    p(w | h) = (c(hw) - D(c(hw))) / c(h) + b(h) p(w | h without its first symbol), with c(h) the sum of c(hw) over all w, and
    b(h) that of D(c(hw)) over c(h). In the highest order c counts; below it, c is how many different symbols stand before an
    n-gram, save where it starts with `<s>`, before which nothing stands. Below the 1-grams lies the uniform distribution over K
    symbols and the end: nothing is impossible, and what may follow a context adds up to 1.

    Args:
        sequences: Ids 1..K; at least one sequence, which may be empty.
        counts: How often each occurs, (sequences,), above 0; fractions are fine.
        symbols: K.
        order: Length of the longest n-grams, at least 1.

    Source:
        Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling", interpolated modified
        Kneser-Ney. We differ in three things: `<s>` stands once before each sequence, and n-grams that start with it keep
        their own counts; counts may be fractions, and between whole ones the discount is a straight line; where the counts of
        counts allow no estimate of an order's discounts, `FALLBACK` stands in.
    """
    counted = _counted(sequences, counts, symbols, order)
    p, contexts = np.full(1, 1 / (symbols + 1)), 1
    weights, backoffs = [], []
    for level in counted:
        taken = np.interp(level.counts, range(4), (0.0, *discounts(level.counts)))
        total = _sums(level.prefix, level.counts, contexts)
        given = np.divide(_sums(level.prefix, taken, contexts), total, out=np.ones(contexts), where=total > 0)
        p = (level.counts - taken) / total[level.prefix] + given[level.prefix] * p[level.suffix]
        contexts = len(p)
        weights.append(np.log(p))
        backoffs.append(np.log(given))
    weights[0][START] = NEVER
    backoffs.append(np.zeros(contexts))
    return stack([Level(level.prefix, level.symbol, *own) for level, *own in zip(counted, weights, backoffs[1:], strict=True)])


def discounts(counts: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """What is taken from n-grams of one order that were counted once, twice, and three times or more.

    Args:
        counts: Of the n-grams of that order, (n-grams,); those that are no whole numbers are rounded here.

    Returns:
        The three discounts, or `FALLBACK` where no n-gram was counted n times for an n of 1 to 4, or a discount is not above 0.

    Source:
        Chen and Goodman 1999, equations 26.
    """
    found = np.bincount(np.rint(np.minimum(counts, 5)).astype(np.int64), minlength=5)[1:5].astype(float)
    if found.min() == 0:
        return FALLBACK
    share = found[0] / (found[0] + 2 * found[1])
    one, two, three = (float(number - (number + 1) * share * found[number] / found[number - 1]) for number in (1, 2, 3))
    return (one, two, three) if min(one, two, three) > 0 else FALLBACK


def _counted(sequences: Sequence[Sequence[int]], counts: npt.NDArray[np.float64], symbols: int, order: int) -> list[_Counts]:
    """N-grams of orders 1 to `order`, with the counts that are smoothed; all K + 2 1-grams are there, if with a count of 0."""
    base = symbols + 2
    lengths = np.array([len(sequence) + 2 for sequence in sequences])
    stops = np.cumsum(lengths)
    text = np.zeros(stops[-1], np.int64)  # every sequence between its `<s>` and its `</s>`
    inner = np.ones(len(text), bool)
    inner[stops - lengths] = inner[stops - 1] = False
    text[inner] = np.fromiter(chain.from_iterable(sequences), np.int64, len(text) - 2 * len(lengths))
    text[stops - lengths], text[stops - 1] = START, symbols + 1
    room = np.repeat(stops, lengths) - np.arange(len(text))  # symbols from here to the end of the sequence
    often = np.repeat(counts, lengths)

    units, nowhere = np.arange(base), np.zeros(base, np.int64)
    levels = [_Counts(nowhere, units, nowhere, _sums(text, often, base), units == START)]
    starts, place = np.arange(len(text)), text.copy()  # where n-grams start in the text; which of its order stands there
    for length in range(2, order + 1):
        starts = starts[room[starts] >= length]
        codes, which = _numbered(place[starts] * base + text[starts + length - 1], len(levels[-1].symbol) * base)
        suffix = np.zeros(len(codes), np.int64)
        suffix[which] = place[starts + 1]
        place[starts] = which
        below = levels[-1]
        different = np.bincount(suffix, minlength=len(below.counts))  # symbols before each n-gram of the order below
        levels[-1] = below._replace(counts=np.where(below.initial, below.counts, different))
        prefix = codes // base
        sums = _sums(which, often[starts], len(codes))
        levels.append(_Counts(prefix, codes % base, suffix, sums, below.initial[prefix]))
    levels[0].counts[START] = 0  # which is never predicted
    return levels


def _numbered(codes: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The different codes, all below `size`, in ascending order, and for each code its place among them."""
    if size > 8 * len(codes):  # a table would take more memory than sorting does
        return np.unique(codes, return_inverse=True)
    there = np.zeros(size, bool)
    there[codes] = True
    return np.flatnonzero(there), np.cumsum(there, dtype=np.int32)[codes] - np.int64(1)


def _sums(places: npt.NDArray[np.int64], values: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    """For each of `size` places the sum of the values that belong there."""
    return np.bincount(places, values, minlength=size).astype(np.float64, copy=False)
