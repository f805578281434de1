"""Exact search: the words of a trie with the highest probability, summed over all CTC paths.

Best-first, bounded from above by what a coarser grammar could still add; see docs/explanation/search.md for the proof.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import BLANK
from seqrec.decoding.bounds import Doubles, Int32s, Tables

ANY = 1e300
"""A tolerance that every search meets."""
_ROUNDING = 1 + 1e-9
"""Bounds are raised by this, so that no rounding cuts off a word."""
WAITING = 600
"""Nodes that may wait before the rest is walked depth first: more make fewer steps, but dearer ones (measured)."""


class Room(NamedTuple):
    """Memory of one search at a time; reused, so that it is touched only once.

    Attributes:
        arena: Forward variables of the waiting nodes.
        node, place, low, high: Of each waiting node: trie node, where it lies in the arena, and its first and last frame.
        key, item: The heap: bounds, and which waiting node they are of.
        stamp: For each word the number of the last search that has scored it.
        clock: (1,), that number.
    """

    arena: Doubles
    node: Int32s
    place: npt.NDArray[np.int64]
    low: Int32s
    high: Int32s
    key: Doubles
    item: Int32s
    stamp: npt.NDArray[np.int64]
    clock: npt.NDArray[np.int64]


def make_room(words: int, widest: int, frames: int) -> Room:
    """Memory for searches.

    Args:
        words: Words of the lexicon.
        widest: Most children of a node.
        frames: Most frames of a picture.
    """
    nodes = WAITING + 3 * widest
    return Room(
        np.empty(2 * (frames + 1) * (nodes + 1)),
        np.empty(nodes, np.int32),
        np.empty(nodes, np.int64),
        np.empty(nodes, np.int32),
        np.empty(nodes, np.int32),
        np.empty(nodes),
        np.empty(nodes, np.int32),
        np.zeros(words, np.int64),
        np.zeros(1, np.int64),
    )


@njit(cache=True, nogil=True, fastmath={"contract"}, forceinline=True)
def extend(
    own: Doubles, blank: Doubles, rest: Doubles, repeats: bool, total: Doubles, rested: Doubles, low: int,
    new_total: Doubles, new_rested: Doubles, floor: float,
) -> tuple[float, int, int]:  # fmt: skip
    """Forward variables of a prefix with one more symbol.

    Args:
        own: Likelihoods of the new symbol, (T,).
        blank: Of the blank, (T,).
        rest: Bounds behind the new symbol, (T + 1,).
        repeats: Whether the new symbol is the prefix's last one.
        total: Mass of the prefix when `low`, `low + 1`, … frames are used up; beyond the array it is taken as 0.
        rested: The part of it that ends in a blank, from which the last symbol may come again.
        low: Frames used up at the start of `total`.
        new_total: Written: the mass of the longer prefix, indexed by frames used up, (T + 1,).
        new_rested: Written: the part of it that ends in a blank, (T + 1,).
        floor: States of no more mass than this are left out at both ends.

    Returns:
        Bound of all that starts with the longer prefix; and the first and last number of frames used up where it has mass, the
        last below the first where it has none.
    """
    frames = len(own)
    count = min(len(total), frames - low)
    # Slices that start at 0, and one loop for each case: the compiler then needs no checks inside.
    here, pause, behind = own[low:], blank[low:], rest[low + 1 :]
    out_total, out_rested = new_total[low + 1 :], new_rested[low + 1 :]
    bound, ends, rests = 0.0, 0.0, 0.0  # ends: mass in the new symbol; rests: in the blank behind it
    if repeats:
        for step in range(count):
            entering = here[step] * rested[step]
            bound += entering * behind[step]
            rests = pause[step] * (rests + ends)
            ends = here[step] * ends + entering
            out_rested[step] = rests
            out_total[step] = ends + rests
    else:
        for step in range(count):
            entering = here[step] * total[step]
            bound += entering * behind[step]
            rests = pause[step] * (rests + ends)
            ends = here[step] * ends + entering
            out_rested[step] = rests
            out_total[step] = ends + rests
    used = low + count
    while used < frames and ends + rests > floor:
        rests = blank[used] * (rests + ends)
        ends = own[used] * ends
        used += 1
        new_rested[used] = rests
        new_total[used] = ends + rests
    first = low + 1
    while first <= used and new_total[first] <= floor:
        first += 1
    while used >= first and new_total[used] <= floor:
        used -= 1
    return bound, first, used


@njit(cache=True, nogil=True)
def spelled(y: Doubles, tables: Tables, spelling: int) -> float:
    """Probability of one spelling, in the scale of `y`."""
    ids = tables.ids[tables.ids_first[spelling] : tables.ids_first[spelling + 1]]
    states = 2 * len(ids) + 1
    alpha = np.zeros(states + 1)  # alpha[0] is the state before the first
    alpha[1] = 1.0  # before the first frame, in a blank
    for frame in range(y.shape[1]):
        for state in range(states, 0, -1):
            mass = alpha[state] + alpha[state - 1]
            row = BLANK
            if state % 2 == 0:
                row = tables.row[ids[state // 2 - 1]]
                if state > 2 and ids[state // 2 - 1] != ids[state // 2 - 2]:
                    mass += alpha[state - 2]
            alpha[state] = mass * y[row, frame]
    return float(alpha[states] + (alpha[states - 1] if states > 1 else 0.0))


@njit(cache=True, nogil=True, forceinline=True)
def _heap_push(key: Doubles, item: Int32s, size: int, bound: float, what: int) -> None:
    place = size
    while place > 0:
        above = (place - 1) // 2
        if key[above] >= bound:
            break
        key[place], item[place] = key[above], item[above]
        place = above
    key[place], item[place] = bound, what


@njit(cache=True, nogil=True, forceinline=True)
def _heap_pop(key: Doubles, item: Int32s, size: int) -> None:
    """Remove the first of `size`; the caller has read it."""
    bound, what = key[size - 1], item[size - 1]
    size -= 1
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and key[below + 1] > key[below]:
            below += 1
        if key[below] <= bound:
            break
        key[place], item[place] = key[below], item[below]
        place = below
    key[place], item[place] = bound, what


@njit(cache=True, nogil=True)
def _found(best: Doubles, words: Int32s, score: float, word: int) -> None:
    """Put a word among the best, highest score first, of equals the lower number first."""
    place = len(best) - 1
    if score < best[place] or (score == best[place] and word > words[place] >= 0):
        return
    while place > 0 and (score > best[place - 1] or (score == best[place - 1] and word < words[place - 1])):
        best[place], words[place] = best[place - 1], words[place - 1]
        place -= 1
    best[place], words[place] = score, word


@njit(cache=True, nogil=True)
def _several(y: Doubles, tables: Tables, room: Room, word: int) -> float:
    """Score of a word with several spellings, one of which has been met; 0 where another was met before."""
    if room.stamp[word] == room.clock[0]:
        return 0.0
    room.stamp[word] = room.clock[0]
    total = 0.0
    for place in range(tables.own[word], tables.own[word + 1]):
        total += spelled(y, tables, tables.spellings_of[place])
    return float(total * tables.weight[word])


@njit(cache=True, nogil=True)
def _descend(
    y: Doubles, rest: Doubles, tables: Tables, room: Room, start: int, place: int, low: int, high: int, longest: int,
    best: Doubles, words: Int32s, sums: Doubles, tolerance: float, slack: float,
) -> None:  # fmt: skip
    """Walk everything below a waiting node depth first."""
    skip, depth, symbol, spelling, top, row_of = (
        tables.skip, tables.depth, tables.symbol, tables.spelling, tables.top, tables.row,
    )  # fmt: skip
    word_of, weight, single_spelling = tables.word, tables.weight, tables.single
    frames, single, blank, base = y.shape[1], len(rest) == 1, y[BLANK], depth[start]
    levels = longest - base + 1
    total, rested = np.empty((levels, frames + 1)), np.empty((levels, frames + 1))
    lows, highs, symbols = np.empty(levels, np.int32), np.empty(levels, np.int32), np.empty(levels, np.int32)
    width = high - low + 1
    total[0, low : high + 1] = room.arena[place : place + width]
    rested[0, low : high + 1] = room.arena[place + width : place + 2 * width]
    lows[0], highs[0], symbols[0] = low, high, symbol[start]
    node, made, leaving = start + 1, 0, skip[start]
    while node < leaving:
        level = depth[node] - base
        row, above, begin = row_of[symbol[node]], level - 1, lows[level - 1]
        mass, low, high = extend(
            y[row], blank, rest[0 if single else row], symbol[node] == symbols[above],
            total[above, begin : highs[above] + 1], rested[above, begin:], begin, total[level], rested[level], best[-1] * slack,
        )  # fmt: skip
        made += 1
        if low <= high and high == frames and spelling[node] >= 0:
            word = word_of[spelling[node]]
            score = total[level, frames] * weight[word] if single_spelling[word] else _several(y, tables, room, word)
            sums[0] += score
            if score >= best[-1]:
                _found(best, words, score, word)
        if skip[node] == node + 1 or low > high:
            node = skip[node]
            continue
        bound = mass * top[node] * _ROUNDING
        if bound <= best[-1] and sums[1] + bound <= tolerance * sums[0]:
            sums[1] += bound
            node = skip[node]
            continue
        lows[level], highs[level], symbols[level] = low, high, symbol[node]
        node += 1
    sums[2] += made


@njit(cache=True, nogil=True)
def best_words(
    y: Doubles, rest: Doubles, tables: Tables, room: Room, longest: int, widest: int, count: int, tolerance: float,
    slack: float, limit: int,
) -> tuple[Doubles, Int32s, Doubles]:  # fmt: skip
    """The words with the highest score: weight × probability summed over spellings and paths.

    Args:
        y: Scaled likelihoods, (U, T), T at least 1.
        rest: Their bounds.
        tables: The lexicon.
        room: Memory, made for at least this `widest` and T.
        longest: Symbols of the longest spelling.
        widest: Most children of a node.
        count: How many words.
        tolerance: Go on until the words not met score at most this part of those met; `ANY` for the best words alone.
        slack: Part of the last of the best words' score that may be neglected at a state.
        limit: Nodes that may wait; when there would be more the rest is walked depth first. 0 walks the whole trie so.

    Returns:
        Scores, highest first, 0 for none, (count,); words, -1 for none, (count,); and three sums: the scores of all words met,
        a bound of those not met, and the number of nodes extended.
    """
    skip, symbol, spelling, top, row_of = tables.skip, tables.symbol, tables.spelling, tables.top, tables.row
    word_of, weight, single_spelling = tables.word, tables.weight, tables.single
    arena, nodes, places, lows, highs, key, item = room.arena, room.node, room.place, room.low, room.high, room.key, room.item
    frames, single, blank = y.shape[1], len(rest) == 1, y[BLANK]
    best, words, sums = np.zeros(count), np.full(count, -1, np.int32), np.zeros(3)
    room.clock[0] += 1
    free = 2 * (frames + 1)
    arena[0] = arena[frames + 1] = 1.0
    for used in range(1, frames + 1):
        arena[used] = arena[frames + 1 + used] = arena[used - 1] * blank[used - 1]
    if spelling[0] >= 0:
        word = word_of[spelling[0]]
        sums[0] = arena[frames] * weight[word] if single_spelling[word] else _several(y, tables, room, word)
        _found(best, words, sums[0], word)
    nodes[0], places[0], lows[0], highs[0], key[0], item[0] = 0, 0, 0, frames, np.inf, 0
    size, waiting, made = 1, 1, 0
    new_total, new_rested = np.empty(frames + 1), np.empty(frames + 1)
    limit = min(limit, len(nodes) - widest)
    while size > 0:
        if key[0] <= best[-1] and key[0] * size + sums[1] <= tolerance * sums[0]:
            break
        if waiting > limit:
            break
        here = item[0]
        node, place, low = nodes[here], places[here], lows[here]
        _heap_pop(key, item, size)
        size -= 1
        middle = place + highs[here] - low + 1
        child = node + 1
        while child < skip[node]:
            this = child
            child = skip[child]
            row = row_of[symbol[this]]
            mass, begin, end = extend(
                y[row], blank, rest[0 if single else row], symbol[this] == symbol[node],
                arena[place:middle], arena[middle:], low, new_total, new_rested, best[-1] * slack,
            )  # fmt: skip
            made += 1
            if end < begin:
                continue
            if spelling[this] >= 0 and end == frames:
                word = word_of[spelling[this]]
                score = new_total[frames] * weight[word] if single_spelling[word] else _several(y, tables, room, word)
                sums[0] += score
                if score >= best[-1]:
                    _found(best, words, score, word)
            if child == this + 1:
                continue
            bound = mass * top[this] * _ROUNDING
            if bound <= best[-1] and sums[1] + bound <= tolerance * sums[0]:
                sums[1] += bound
                continue
            nodes[waiting], places[waiting], lows[waiting], highs[waiting] = this, free, begin, end
            for used in range(begin, end + 1):
                arena[free + used - begin] = new_total[used]
            free += end - begin + 1
            for used in range(begin, end + 1):
                arena[free + used - begin] = new_rested[used]
            free += end - begin + 1
            _heap_push(key, item, size, bound, waiting)
            waiting, size = waiting + 1, size + 1
    sums[2] = made
    while size > 0:  # no more may wait, or none is wanted
        bound, here = key[0], item[0]
        _heap_pop(key, item, size)
        size -= 1
        if bound <= best[-1] and sums[1] + bound <= tolerance * sums[0]:
            sums[1] += bound
            continue
        _descend(
            y,
            rest,
            tables,
            room,
            nodes[here],
            places[here],
            lows[here],
            highs[here],
            longest,
            best,
            words,
            sums,
            tolerance,
            slack,
        )
    return best, words, sums
