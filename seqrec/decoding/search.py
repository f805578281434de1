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
_U = np.uintp
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
    y: Doubles, row: int, rest: Doubles, rest_row: int, source: Doubles, entry_at: int, count: int, low: int, out: Doubles,
    total_at: int, rested_at: int, floor: float,
) -> tuple[float, int, int]:  # fmt: skip
    """Forward variables of a prefix with one more symbol.

    Written without slices, which would count references to their arrays at every node, and with unsigned indices, which need no
    check for negative ones: five times as fast so.

    Args:
        y: Scaled likelihoods, (U, T).
        row: Of the new symbol in `y`.
        rest: Bounds, (U or 1, T + 1).
        rest_row: Of the new symbol in `rest`.
        source: Holds the prefix's mass.
        entry_at: Where in it the mass is from which the new symbol can be entered when `low`, `low + 1`, … frames are used up:
            all of the prefix's, or what ends in a blank where the new symbol is its last one.
        count: How many of these; beyond them the mass is taken as 0.
        low: Frames used up at the first of them.
        out: Written.
        total_at: Where in it the mass of the longer prefix goes: at this place + frames used up.
        rested_at: Likewise the part of it that ends in a blank.
        floor: States of no more mass than this are left out at both ends.

    Returns:
        Bound of all that starts with the longer prefix; and the first and last number of frames used up where it has mass, the
        last below the first where it has none.
    """
    frames = y.shape[1]
    count = min(count, frames - low)
    bound, ends, rests = 0.0, 0.0, 0.0  # ends: mass in the new symbol; rests: in the blank behind it
    begin, one, pause, here, behind = _U(low), _U(1), _U(BLANK), _U(row), _U(rest_row)
    entry, total, rested = _U(entry_at), _U(total_at + low + 1), _U(rested_at + low + 1)
    for step in range(_U(count)):
        frame = begin + step
        entering = y[here, frame] * source[entry + step]
        bound += entering * rest[behind, frame + one]
        rests = y[pause, frame] * (rests + ends)
        ends = y[here, frame] * ends + entering
        out[rested + step] = rests
        out[total + step] = ends + rests
    used = low + count
    while used < frames and ends + rests > floor:
        rests = y[BLANK, used] * (rests + ends)
        ends = y[row, used] * ends
        used += 1
        out[rested_at + used] = rests
        out[total_at + used] = ends + rests
    first = low + 1
    while first <= used and out[total_at + first] <= floor:
        first += 1
    while used >= first and out[total_at + used] <= floor:
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
def _meet(
    y: Doubles, tables: Tables, room: Room, word: int, score: float, best: Doubles, words: Int32s
) -> None:  # fmt: skip
    """Put a word among the best where it belongs there, all its spellings counted.

    Asked only where `score`, of one spelling, times the number of spellings can be enough: that holds at the latest when a word's
    most probable spelling is met.
    """
    low, high = tables.own[word], tables.own[word + 1]
    if high - low > 1:
        if room.stamp[word] == room.clock[0]:
            return
        room.stamp[word] = room.clock[0]
        score = 0.0
        for place in range(low, high):
            spelling = tables.spellings_of[place]
            score += spelled(y, tables, spelling) * tables.weight[spelling]
    _found(best, words, score, word)


@njit(cache=True, nogil=True)
def _descend(
    y: Doubles, rest: Doubles, tables: Tables, room: Room, start: int, place: int, low: int, high: int, longest: int,
    best: Doubles, words: Int32s, sums: Doubles, tolerance: float, slack: float,
) -> None:  # fmt: skip
    """Walk everything below a waiting node depth first."""
    skip, depth, symbol, spelling, top, row_of = (
        tables.skip, tables.depth, tables.symbol, tables.spelling, tables.top, tables.row,
    )  # fmt: skip
    word_of, weight, own = tables.word, tables.weight, tables.own
    states, single, base = y.shape[1] + 1, len(rest) == 1, depth[start]
    levels = longest - base + 1
    masses = np.empty(2 * levels * states)  # of each level: all of it, then what ends in a blank
    lows, highs, symbols = np.empty(levels, np.int32), np.empty(levels, np.int32), np.empty(levels, np.int32)
    width = high - low + 1
    masses[low : high + 1] = room.arena[place : place + width]
    masses[states + low : states + high + 1] = room.arena[place + width : place + 2 * width]
    lows[0], highs[0], symbols[0] = low, high, symbol[start]
    node, made, leaving = start + 1, 0, skip[start]
    while node < leaving:
        level = depth[node] - base
        row, above, begin = row_of[symbol[node]], level - 1, lows[level - 1]
        entry, total = 2 * above * states + begin, 2 * level * states
        if symbol[node] == symbols[above]:
            entry += states
        mass, low, high = extend(
            y, row, rest, 0 if single else row, masses, entry, highs[above] - begin + 1, begin, masses, total, total + states,
            best[-1] * slack / top[node],
        )  # fmt: skip
        made += 1
        if low <= high and high == states - 1 and spelling[node] >= 0:
            word = word_of[spelling[node]]
            score, spellings = masses[total + high] * weight[spelling[node]], own[word + 1] - own[word]
            sums[0] += score
            if score * spellings * _ROUNDING >= best[-1]:
                _meet(y, tables, room, word, score, best, words)
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
        slack: Part of the last of the best words' score that may be neglected at a state, whatever word comes of it.
        limit: Nodes that may wait; when there would be more the rest is walked depth first. 0 walks the whole trie so.

    Returns:
        Scores, highest first, 0 for none, (count,); words, -1 for none, (count,); and three sums: weight × probability of all
        spellings met, a bound of those not met, and the number of nodes extended.
    """
    skip, symbol, spelling, top, row_of = tables.skip, tables.symbol, tables.spelling, tables.top, tables.row
    word_of, weight, own = tables.word, tables.weight, tables.own
    arena, nodes, places, lows, highs, key, item = room.arena, room.node, room.place, room.low, room.high, room.key, room.item
    frames, single = y.shape[1], len(rest) == 1
    best, words, sums = np.zeros(count), np.full(count, -1, np.int32), np.zeros(3)
    room.clock[0] += 1
    free = 2 * (frames + 1)
    arena[0] = arena[frames + 1] = 1.0
    for used in range(1, frames + 1):
        arena[used] = arena[frames + 1 + used] = arena[used - 1] * y[BLANK, used - 1]
    if spelling[0] >= 0:
        word = word_of[spelling[0]]
        sums[0] = arena[frames] * weight[spelling[0]]
        _meet(y, tables, room, word, sums[0], best, words)
    nodes[0], places[0], lows[0], highs[0], key[0], item[0] = 0, 0, 0, frames, np.inf, 0
    size, waiting, made = 1, 1, 0
    grown = np.empty(2 * (frames + 1))  # all of a new prefix's mass, then what ends in a blank
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
        width = highs[here] - low + 1
        child = node + 1
        while child < skip[node]:
            this = child
            child = skip[child]
            row = row_of[symbol[this]]
            entry = place + width if symbol[this] == symbol[node] else place
            mass, begin, end = extend(
                y, row, rest, 0 if single else row, arena, entry, width, low, grown, 0, frames + 1, best[-1] * slack / top[this]
            )
            made += 1
            if end < begin:
                continue
            if spelling[this] >= 0 and end == frames:
                word = word_of[spelling[this]]
                score, spellings = grown[frames] * weight[spelling[this]], own[word + 1] - own[word]
                sums[0] += score
                if score * spellings * _ROUNDING >= best[-1]:
                    _meet(y, tables, room, word, score, best, words)
            if child == this + 1:
                continue
            bound = mass * top[this] * _ROUNDING
            if bound <= best[-1] and sums[1] + bound <= tolerance * sums[0]:
                sums[1] += bound
                continue
            nodes[waiting], places[waiting], lows[waiting], highs[waiting] = this, free, begin, end
            for used in range(begin, end + 1):
                arena[free + used - begin] = grown[used]
            free += end - begin + 1
            for used in range(begin, end + 1):
                arena[free + used - begin] = grown[frames + 1 + used]
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
