"""Prefix beam search: the most probable symbol sequences, with or without grammars."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import BLANK
from seqrec.decoding.forward import add, log_probability
from seqrec.decoding.grammar import FORBIDDEN, Automaton
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.posteriors import checked
from seqrec.errors import GrammarError

LIKELY = 1e-7
"""Symbols below this part of a frame's most probable class are not tried there …"""
_SYMBOLS = 256
"""… where there are more symbols than this; with fewer all are tried."""


class Product(NamedTuple):
    """Grammars that must all accept, as tables side by side.

    Attributes:
        automaton: All states and arcs; those of each further grammar are numbered on.
        start: First state of each grammar, (G,), int32.
        weight: What the log-weights of each grammar are multiplied by, (G,), float64.
        distance: For each state the fewest symbols to an end, (states,), int32.
    """

    automaton: Automaton
    start: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float64]
    distance: npt.NDArray[np.int32]


def product(weighted: Sequence[tuple[Automaton, float]]) -> Product:
    """Automata with the factors of their log-weights, ready for the search; none accept everything."""
    states = np.concatenate([[0], np.cumsum([len(one.final) for one, _ in weighted])]).astype(np.int64)
    arcs = np.concatenate([[0], np.cumsum([len(one.symbol) for one, _ in weighted])]).astype(np.int64)

    def joined(name: str, kind: type, shifts: npt.NDArray[np.int64]) -> Any:
        pieces = []
        for (one, _), shift in zip(weighted, shifts, strict=False):
            values = getattr(one, name)
            pieces.append(np.where(values == FORBIDDEN, FORBIDDEN, values + shift) if name == "backoff" else values + shift)
        return np.concatenate([np.zeros(0), *pieces]).astype(kind)

    still = np.zeros(len(weighted), np.int64)
    first = [one.first[:-1] + shift for (one, _), shift in zip(weighted, arcs, strict=False)]
    automaton = Automaton(
        np.concatenate([*first, arcs[-1:]]).astype(np.int64),
        joined("symbol", np.int32, still),
        joined("next", np.int32, states),
        joined("weight", np.float32, still),
        joined("final", np.float32, still),
        joined("backoff", np.int32, states),
        joined("backoff_weight", np.float32, still),
    )
    factors = np.array([factor for _, factor in weighted], np.float64)
    return Product(automaton, states[:-1].astype(np.int32), factors, _distances(automaton))


def _distances(automaton: Automaton) -> npt.NDArray[np.int32]:
    """Fewest symbols from each state to one where a sequence may end; a large number where there is no way."""
    far = np.int32(1 << 30)
    distance = np.where(automaton.final > -np.inf, 0, far).astype(np.int32)
    source = np.repeat(np.arange(len(distance)), np.diff(automaton.first))
    order = np.argsort(automaton.next, kind="stable")
    begin = np.searchsorted(automaton.next[order], np.arange(len(distance) + 1))
    back = np.argsort(automaton.backoff, kind="stable")
    back_begin = np.searchsorted(automaton.backoff[back], np.arange(len(distance) + 1))
    return np.asarray(_spread(distance, source[order], begin, back, back_begin), np.int32)


@njit(cache=True)
def _spread(
    distance: npt.NDArray[np.int32], source: npt.NDArray[np.int64], begin: npt.NDArray[np.int64], back: npt.NDArray[np.int64],
    back_begin: npt.NDArray[np.int64],
) -> npt.NDArray[np.int32]:  # fmt: skip
    """Breadth-first from the ends against the arcs; a way through a back-off costs no symbol."""
    states = len(distance)
    queue = [int(state) for state in range(states) if distance[state] == 0]
    level = 0
    while len(queue):
        place = 0
        while place < len(queue):  # back-offs into this level belong to it
            for arc in range(back_begin[queue[place]], back_begin[queue[place] + 1]):
                if distance[back[arc]] > level:
                    distance[back[arc]] = level
                    queue.append(int(back[arc]))
            place += 1
        further = [0 for _ in range(0)]  # an empty list, of a type the compiler knows
        for state in queue:
            for arc in range(begin[state], begin[state + 1]):
                if distance[source[arc]] > level + 1:
                    distance[source[arc]] = level + 1
                    further.append(int(source[arc]))
        queue = further
        level += 1
    return distance


@njit(cache=True, nogil=True)
def _stepped(automaton: Automaton, state: int, symbol: int) -> tuple[int, float]:
    """Next state and log-weight; `FORBIDDEN` where the symbol may not follow."""
    weight = 0.0
    while True:
        low, high = automaton.first[state], automaton.first[state + 1]
        stop = high
        while low < high:
            middle = (low + high) // 2
            if automaton.symbol[middle] < symbol:
                low = middle + 1
            else:
                high = middle
        if low < stop and automaton.symbol[low] == symbol:
            return automaton.next[low], weight + automaton.weight[low]
        if automaton.backoff[state] < 0:
            return FORBIDDEN, -np.inf
        weight += automaton.backoff_weight[state]
        state = automaton.backoff[state]


def sequence_log_weights(grammar: Product, ids: npt.NDArray[np.int32], first: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """What grammars say of whole sequences: log-weights times factors, summed; minus infinity where one does not accept.

    Args:
        grammar: As `product` makes it.
        ids: The sequences one behind the other, int32.
        first: Sequence s is the ids from `first[s]` to `first[s + 1]`, (sequences + 1,).
    """
    return np.asarray(_walked(grammar, ids, first))


@njit(cache=True, nogil=True)
def _walked(
    grammar: Product, ids: npt.NDArray[np.int32], first: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:  # fmt: skip
    weights = np.zeros(len(first) - 1)
    for one in range(len(weights)):
        for number in range(len(grammar.start)):
            state, total = grammar.start[number], 0.0
            for place in range(first[one], first[one + 1]):
                state, arc = _stepped(grammar.automaton, state, ids[place])
                total += arc
                if state < 0:
                    break
            end = grammar.automaton.final[state] if state >= 0 else -np.inf
            if end == -np.inf or total == -np.inf:
                weights[one] = -np.inf
                break
            weights[one] += grammar.weight[number] * (total + end)
    return weights


@njit(cache=True, nogil=True)
def _place(score: npt.NDArray[np.float64], item: npt.NDArray[np.int64], size: int, value: float, what: int) -> int:
    """Put a candidate among the best, which are sorted; the new size. A full list drops its last."""
    place = size
    if size == len(score):
        if value <= score[size - 1]:
            return size
        place -= 1
    while place > 0 and value > score[place - 1]:
        score[place], item[place] = score[place - 1], item[place - 1]
        place -= 1
    score[place], item[place] = value, what
    return min(size + 1, len(score))


@njit(cache=True, nogil=True)
def _search(
    log_probs: npt.NDArray[np.float32], width: int, floor: float, grammar: Product
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Prefix tree and the accepted prefixes: parent and symbol of each node; node and grammar's log-weight of each prefix."""
    frames, classes = log_probs.shape
    grammars, automaton, distance, factor = len(grammar.start), grammar.automaton, grammar.distance, grammar.weight
    size = 1 + frames * width
    parent, symbol_of = np.full(size, -1, np.int32), np.zeros(size, np.int32)
    child, sibling = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    nodes = 1
    # The beam: tree node, log-mass that ends in a blank and in a symbol, log-weight of the grammars and their states.
    node, blanks, ends, weight = np.zeros(width, np.int32), np.zeros(width), np.full(width, -np.inf), np.zeros(width)
    state = np.zeros((width, grammars), np.int32)
    state[0] = grammar.start
    held = 1
    best, item = np.empty(width), np.empty(width, np.int64)  # scores; prefix × classes + new symbol, or 0 to stay as it is
    member, trial = np.full(classes, -1, np.int32), np.empty(grammars, np.int32)
    for frame in range(frames):
        high, left, taken = log_probs[frame].max(), frames - frame - 1, 0
        if high == -np.inf:
            held = 0
            break
        whole, new_blanks, new_ends = np.empty(held), np.empty(held), np.empty(held)
        for one in range(held):
            whole[one] = add(blanks[one], ends[one])
            new_blanks[one] = whole[one] + log_probs[frame, BLANK]
            new_ends[one] = ends[one] + log_probs[frame, symbol_of[node[one]]]
        for one in range(held):
            here, last = node[one], symbol_of[node[one]]
            for other in range(held):
                if parent[node[other]] == here:
                    member[symbol_of[node[other]]] = other
            for symbol in range(1, classes):
                y = log_probs[frame, symbol]
                if y < high + floor:
                    continue
                mass = y + (blanks[one] if symbol == last else whole[one])
                if member[symbol] >= 0:
                    new_ends[member[symbol]] = add(new_ends[member[symbol]], mass)
                    continue
                score = mass + weight[one]
                if score == -np.inf or (grammars == 0 and taken == width and score <= best[taken - 1]):
                    continue
                for one_grammar in range(grammars):
                    target, arc = _stepped(automaton, state[one, one_grammar], symbol)
                    if target < 0 or arc == -np.inf or distance[target] > left:
                        score = -np.inf
                        break
                    score += factor[one_grammar] * arc
                if score > -np.inf:
                    taken = _place(best, item, taken, score, one * classes + symbol)
            for other in range(held):
                member[symbol_of[node[other]]] = -1
        for one in range(held):
            mass, far = add(new_blanks[one], new_ends[one]), False
            for one_grammar in range(grammars):
                far = far or distance[state[one, one_grammar]] > left
            if mass > -np.inf and not far:
                taken = _place(best, item, taken, mass + weight[one], one * classes)
        next_node, next_blanks, next_ends = np.empty(width, np.int32), np.empty(width), np.empty(width)
        next_weight, next_state = np.empty(width), np.empty((width, grammars), np.int32)
        for place in range(taken):
            one, symbol = item[place] // classes, item[place] % classes
            here, total = node[one], weight[one]
            trial[:] = state[one]
            next_blanks[place], next_ends[place] = new_blanks[one], new_ends[one]
            if symbol:
                below = child[here]
                while below >= 0 and symbol_of[below] != symbol:
                    below = sibling[below]
                if below < 0:
                    below = nodes
                    nodes += 1
                    parent[below], symbol_of[below] = here, symbol
                    sibling[below], child[here] = child[here], below
                for one_grammar in range(grammars):
                    trial[one_grammar], arc = _stepped(automaton, trial[one_grammar], symbol)
                    total += factor[one_grammar] * arc
                before = blanks[one] if symbol == symbol_of[here] else whole[one]
                next_blanks[place], next_ends[place] = -np.inf, before + log_probs[frame, symbol]
                here = below
            next_node[place], next_weight[place], next_state[place] = here, total, trial
        node, blanks, ends, weight, state, held = next_node, next_blanks, next_ends, next_weight, next_state, taken
    for one in range(held):
        for one_grammar in range(grammars):
            final = automaton.final[state[one, one_grammar]]
            weight[one] += factor[one_grammar] * final if final > -np.inf else -np.inf
    return parent[:nodes], symbol_of[:nodes], node[:held], weight[:held]


def beam_search(
    log_probs: npt.NDArray[np.float32], beam_width: int, n_best: int = 1, grammar: Product | None = None
) -> list[Hypothesis]:
    """The best sequences that a beam of prefixes finds.

    Args:
        log_probs: (T, C), after log_softmax; valid frames only.
        beam_width: Prefixes kept from frame to frame.
        n_best: Sequences wanted.
        grammar: What sequences must fit, as `product` makes it.

    Returns:
        At most `n_best` hypotheses, best score first; none where no prefix in the beam fits the grammar. Their probability is
        that of the forward algorithm, their score adds the grammar's weights.

    Raises:
        ShapeError: Not such an array.
        GrammarError: A width or `n_best` below 1.

    Source:
        Graves and Jaitly 2014, "Towards end-to-end speech recognition with recurrent neural networks", algorithm 1; Hannun et al.
        2014, "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs". Different here:
        prefixes that cannot reach an accepted end in the frames left are given up at once, and what is found is scored again over
        all paths, not only those that stayed in the beam.
    """
    check_width(beam_width, n_best)
    log_probs = checked(log_probs)
    grammar = grammar or _everything()
    floor = math.log(LIKELY) if log_probs.shape[1] > _SYMBOLS and not len(grammar.start) else -math.inf
    parent, symbol_of, nodes, weights = _search(log_probs, beam_width, floor, grammar)
    found = []
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        ids = []
        while node:
            ids.append(int(symbol_of[node]))
            node = int(parent[node])
        if weight > -math.inf:
            found.append(_hypothesis(log_probs, tuple(reversed(ids)), weight))
    return sorted(found, key=lambda one: -one.score)[:n_best]


def check_width(beam_width: int, n_best: int) -> None:
    """Refuse a beam that holds nothing.

    Raises:
        GrammarError: Either is below 1.
    """
    if n_best < 1 or beam_width < 1:
        raise GrammarError(f"beam width {beam_width} and n_best {n_best}: expected at least 1 of each")


def _hypothesis(log_probs: npt.NDArray[np.float32], ids: tuple[int, ...], weight: float) -> Hypothesis:
    probability = log_probability(log_probs, ids)
    return Hypothesis(ids, probability, probability + weight)


@cache
def _everything() -> Product:
    """What accepts all; made at its first use, for that loads compiled code."""
    return product([])
