"""How much can still come: upper bounds for the search among a lexicon's words, from a coarser grammar.

See docs/explanation/search.md for the proof that the search stays exact.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import BLANK

Doubles = npt.NDArray[np.float64]
Int32s = npt.NDArray[np.int32]


class Tables(NamedTuple):
    """What the search walks.

    Attributes:
        skip, depth, symbol, spelling: As in `Trie`.
        top: For each node the most that one unit of probability below it can count: the highest weight of a spelling there,
            times the number of its word's spellings, (nodes,), float32.
        word: Word of each spelling, (spellings,), int32.
        weight: Weight of each spelling, above 0, (spellings,), float64.
        own: Spellings of word w are those from `own[w]` to `own[w + 1]` of `spellings_of`, (words + 1,), int32.
        spellings_of: (spellings,), int32.
        ids_first: Ids of spelling s are those from `ids_first[s]` to `ids_first[s + 1]` of `ids`, (spellings + 1,), int64.
        ids: Symbol ids, int32.
        used: The blank and the symbols that occur, ascending, (U,), int32.
        row: For each class its place in `used`, or 0, (C,), int32.
        follow_first: Successors of used[u] are those from `follow_first[u]` to `follow_first[u + 1]` of `follow`; empty tables
            say that anything may follow anything, (U + 1,) or (0,), int32.
        follow: Places in `used`, int32.
        may_end: Whether a spelling ends with used[u], (U,), bool.
    """

    skip: Int32s
    depth: Int32s
    symbol: Int32s
    spelling: Int32s
    top: npt.NDArray[np.float32]
    word: Int32s
    weight: npt.NDArray[np.float64]
    own: Int32s
    spellings_of: Int32s
    ids_first: npt.NDArray[np.int64]
    ids: Int32s
    used: Int32s
    row: Int32s
    follow_first: Int32s
    follow: Int32s
    may_end: npt.NDArray[np.bool_]


@njit(cache=True, nogil=True)
def likelihoods(log_probs: npt.NDArray[np.float32], tables: Tables) -> tuple[Doubles, float]:
    """Probabilities of the used classes, (U, T), each frame divided by its largest; and the sum of the logs of those.

    Minus infinity for the sum where a frame makes every used class impossible.
    """
    frames, rows = log_probs.shape[0], len(tables.used)
    y = np.empty((rows, frames))
    scale = 0.0
    for frame in range(frames):
        high = -np.inf
        for row in range(rows):
            high = max(high, log_probs[frame, tables.used[row]])
        if high == -np.inf:
            return y, -np.inf
        for row in range(rows):
            y[row, frame] = np.exp(np.float64(log_probs[frame, tables.used[row]]) - high)
        scale += high
    return y, scale


@njit(cache=True, nogil=True, fastmath={"contract"})
def bounds(y: Doubles, tables: Tables) -> tuple[Doubles, float]:
    """Most that can still come: for class u just emitted and t frames used up, the mass of all paths through the rest.

    The rest may be any sequence of pairs of neighbours that occur in the lexicon: a coarser grammar, so every word's own rest
    is part of the sum. Each frame of `y` is divided in place by a factor that keeps all bounds at most 1.

    Returns:
        The bounds, (U, T + 1), or (1, T + 1) where anything may follow anything; and the sum of the logs of the factors, which
        is infinite or NaN where double precision does not hold them.
    """
    frames = y.shape[1]
    if len(tables.follow_first) == 0:
        scale = 0.0
        for frame in range(frames):
            total = y[:, frame].sum()
            y[:, frame] /= total
            scale += np.log(total)
        return np.ones((1, frames + 1)), scale
    return _pair_bounds(y, tables)


@njit(cache=True, nogil=True)
def largest_mass(y: Doubles) -> float:
    """No prefix has more mass than this at any frame, in the scale of `y`."""
    product = 1.0
    for frame in range(y.shape[1]):
        product *= max(1.0, y[:, frame].max())
    return product


@njit(cache=True, nogil=True, fastmath={"contract"})
def _pair_bounds(y: Doubles, tables: Tables) -> tuple[Doubles, float]:
    rows, frames = y.shape
    first, follow, may_end = tables.follow_first, tables.follow, tables.may_end
    rest = np.zeros((rows, frames + 1))
    held = np.zeros(rows)  # of each symbol: what comes while it is still being emitted, and another one after it
    ending = np.ones(rows)  # of each symbol: what comes while it is still being emitted, and no other one
    awaited = np.zeros(rows)  # of each symbol: what comes while it is next
    paused = np.zeros(rows)  # the part of it with a blank before
    blanks, scale = 1.0, 0.0
    for row in range(1, rows):
        rest[row, frames] = 1.0 if may_end[row] else 0.0
    for frame in range(frames - 1, -1, -1):
        largest, blank = 0.0, y[BLANK, frame]
        for row in range(1, rows):
            paused[row] = blank * awaited[row]
            awaited[row] = paused[row] + y[row, frame] * rest[row, frame + 1]
        for row in range(rows):  # row 0: before the first symbol
            coming = 0.0
            for arc in range(first[row], first[row + 1]):
                after = follow[arc]
                coming += paused[after] if after == row else awaited[after]  # itself: a blank must stand between
            if row == 0:
                total = coming + (blank * blanks if may_end[row] else 0.0)
            else:
                held[row] = y[row, frame] * held[row] + coming
                ending[row] = y[row, frame] * ending[row] + blank * blanks
                rest[row, frame] = total = held[row] + (ending[row] if may_end[row] else 0.0)
            largest = max(largest, total)
        blanks *= blank
        if largest > 0.0:
            factor = 1.0 / largest
            rest[:, frame] *= factor
            y[:, frame] *= factor
            held *= factor
            awaited *= factor
            ending *= factor
            blanks *= factor
            scale += np.log(largest)
    return rest, scale
