"""Prefix beam search with grammars that are Python objects: the same search as `seqrec.decoding.beam`, step by step."""

import math
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import BLANK
from seqrec.decoding.beam import check_width
from seqrec.decoding.forward import log_probability
from seqrec.decoding.grammar import Grammar
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.posteriors import checked
from seqrec.errors import GrammarError

_LIKELY = 1e-6
"""A grammar is asked only for symbols of at least this part of a frame's most probable class …"""
_AT_LEAST, _AT_MOST = 8, 48
"""… and always for this many at least and at most."""
_SPARE = 4
"""Longer prefixes that the grammar allows at a frame, for each place in the beam."""
_UNKNOWN, _REFUSED = -1, -2

_States = tuple[Hashable, ...]


def slow_beam_search(
    log_probs: npt.NDArray[np.float32],
    beam_width: int,
    n_best: int = 1,
    grammars: Sequence[tuple[Grammar, float]] = (),
    likely: float = _LIKELY,
) -> list[Hypothesis]:
    """The best sequences that a beam of prefixes finds; see `seqrec.decoding.beam.beam_search`.

    Args:
        log_probs: (T, C), after log_softmax; valid frames only.
        beam_width: Prefixes kept from frame to frame.
        n_best: Sequences wanted.
        grammars: With the factors of their log-weights; all must accept.
        likely: Symbols below this part of a frame's most probable class, and those beyond its 48 most probable ones, are not
            tried there, and of all that can be appended only the most probable, four times as many as the beam is wide. 0 tries
            all.

    Raises:
        ShapeError: Not such an array.
        GrammarError: A grammar answers with something else than the protocol says; a width or `n_best` below 1.
    """
    check_width(beam_width, n_best)
    log_probs = checked(log_probs)
    tree = _Tree(grammars)
    beam = [(0, 0.0, -math.inf)]  # prefix, and its log-mass that ends in a blank and in its last symbol
    for frame in np.asarray(log_probs, np.float64):
        symbols = _tried(frame, likely)
        grown: dict[int, tuple[float, float]] = {}
        for prefix, blank, end in beam:
            stays = end + float(frame[tree.symbol[prefix]]) if prefix else -math.inf
            grown[prefix] = _sum(blank, end) + float(frame[BLANK]), stays
        left = _SPARE * beam_width if likely > 0 else math.inf
        for prefix, symbol, mass in _longer(beam, tree, symbols, frame[symbols], likely > 0):
            child = tree.children[prefix].get(symbol, _UNKNOWN)
            if child == _UNKNOWN:
                child = tree.grow(prefix, symbol)
            if child != _REFUSED:
                before = grown.get(child, (-math.inf, -math.inf))
                grown[child] = before[0], _sum(before[1], mass)
                left -= 1
                if left <= 0:
                    break
        ranked = sorted(grown.items(), key=lambda item: -(_sum(*item[1]) + tree.weight[item[0]]))
        beam = [(prefix, *masses) for prefix, masses in ranked[:beam_width] if max(masses) > -math.inf]
    found = []
    for prefix, _, _ in beam:
        total = tree.total(prefix)
        if total > -math.inf:
            ids = tree.ids(prefix)
            probability = log_probability(log_probs, ids)
            found.append(Hypothesis(ids, probability, probability + total))
    return sorted(found, key=lambda one: -one.score)[:n_best]


class _Tree:
    """Every prefix tried so far, by number; 0 is the empty one. A grammar is asked once for each state and symbol.

    Attributes:
        symbol: Last symbol of each prefix.
        parent: The prefix without it.
        weight: Log-weight that the grammars give the prefix.
        state: Number of the states in which it leaves them.
        children: Symbol → the prefix with it behind, or that it is refused.
    """

    def __init__(self, grammars: Sequence[tuple[Grammar, float]]) -> None:
        self.grammars = grammars
        start = tuple(start_of(grammar) for grammar, _ in grammars)
        self.states, self.numbers = [start], {start: 0}
        self.steps: dict[tuple[int, int], tuple[int, float] | None] = {}
        self.symbol, self.parent, self.weight, self.state = [BLANK], [0], [0.0], [0]
        self.children: list[dict[int, int]] = [{}]

    def grow(self, prefix: int, symbol: int) -> int:
        """The prefix with a symbol behind, for the first time."""
        step = self._step(self.state[prefix], symbol)
        child = _REFUSED
        if step is not None:
            child = len(self.symbol)
            self.symbol.append(symbol)
            self.parent.append(prefix)
            self.state.append(step[0])
            self.weight.append(self.weight[prefix] + step[1])
            self.children.append({})
        self.children[prefix][symbol] = child
        return child

    def _step(self, state: int, symbol: int) -> tuple[int, float] | None:
        """Number of the states behind a symbol, and the log-weight."""
        asked = state, symbol
        if asked not in self.steps:
            found = stepped(self.grammars, self.states[state], symbol)
            if found is None:
                self.steps[asked] = None
            else:
                number = self.numbers.setdefault(found[0], len(self.states))
                if number == len(self.states):
                    self.states.append(found[0])
                self.steps[asked] = number, found[1]
        return self.steps[asked]

    def ids(self, prefix: int) -> tuple[int, ...]:
        """Its symbols."""
        found = []
        while prefix:
            found.append(self.symbol[prefix])
            prefix = self.parent[prefix]
        return tuple(reversed(found))

    def total(self, prefix: int) -> float:
        """Log-weight of the prefix as a whole sequence."""
        states = self.states[self.state[prefix]]
        return self.weight[prefix] + final_weights(self.grammars, states)


def sequence_log_weight(grammars: Sequence[tuple[Grammar, float]], ids: Sequence[int]) -> float:
    """What grammars say of a whole sequence: log-weights times factors, summed; minus infinity where one does not accept.

    Raises:
        GrammarError: A grammar answers with something else than the protocol says.
    """
    states, total = tuple(start_of(grammar) for grammar, _ in grammars), 0.0
    for symbol in ids:
        step = stepped(grammars, states, symbol)
        if step is None:
            return -math.inf
        states, total = step[0], total + step[1]
    return total + final_weights(grammars, states)


def _tried(frame: npt.NDArray[np.float64], likely: float) -> list[int]:
    """Symbols of a frame that are tried."""
    if likely <= 0:
        return list(range(1, len(frame)))
    order = np.argsort(-frame[1:], kind="stable")[:_AT_MOST] + 1
    count = int((frame[order] >= frame.max() + math.log(likely)).sum())
    return [int(symbol) for symbol in order[: max(count, _AT_LEAST)]]


def _longer(
    beam: Sequence[tuple[int, float, float]],
    tree: _Tree,
    symbols: list[int],
    values: npt.NDArray[np.float64],
    best_first: bool,
) -> Iterator[tuple[int, int, float]]:
    """Each prefix, each symbol that may be appended, and the log-mass of both, where there is any."""
    masses = np.array([_sum(blank, end) for _, blank, end in beam])[:, None] + values
    columns = {symbol: column for column, symbol in enumerate(symbols)}
    for row, (prefix, blank, _) in enumerate(beam):
        column = columns.get(tree.symbol[prefix])
        if column is not None:  # a symbol once more needs a blank between
            masses[row, column] = blank + values[column]
    flat = masses.ravel()
    order = np.flatnonzero(flat > -math.inf)
    if best_first:
        scores = masses + np.array([tree.weight[prefix] for prefix, _, _ in beam])[:, None]
        order = order[np.argsort(-scores.ravel()[order], kind="stable")]
    for place in order.tolist():
        row, column = divmod(place, len(symbols))
        yield beam[row][0], symbols[column], float(flat[place])


def _sum(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    if one < other:
        one, other = other, one
    return one + math.log1p(math.exp(other - one)) if other > -math.inf else one


def stepped(grammars: Sequence[tuple[Grammar, float]], states: _States, symbol: int) -> tuple[_States, float] | None:
    """All grammars' states after a symbol, and the sum of their weights; None where one refuses."""
    after, total = [], 0.0
    for (grammar, factor), state in zip(grammars, states, strict=True):
        step = grammar.step(state, symbol)
        if step is None:
            return None
        try:
            target, weight = step
            hash(target)
            total += _weighed(weight, factor)
        except (TypeError, ValueError) as error:
            raise GrammarError(
                f"grammar {type(grammar).__name__}.step({state!r}, {symbol}) answered {step!r}; expected a hashable state and a "
                "log-weight, or None"
            ) from error
        after.append(target)
    return (tuple(after), total) if total > -math.inf else None


def start_of(grammar: Grammar) -> Hashable:
    """First state of a grammar."""
    state = grammar.start()
    try:
        hash(state)
    except TypeError as error:
        raise GrammarError(f"grammar {type(grammar).__name__}.start() answered {state!r}; expected a hashable state") from error
    return state


def final_weights(grammars: Sequence[tuple[Grammar, float]], states: _States) -> float:
    """Log-weights of ending in these states, multiplied and summed."""
    return sum(_final(grammar, state, factor) for (grammar, factor), state in zip(grammars, states, strict=True))


def _final(grammar: Grammar, state: Hashable, factor: float) -> float:
    """Log-weight of ending in a state, multiplied."""
    weight = grammar.final(state)
    try:
        return _weighed(weight, factor)
    except (TypeError, ValueError) as error:
        name = type(grammar).__name__
        raise GrammarError(f"grammar {name}.final({state!r}) answered {weight!r}; expected a log-weight") from error


def _weighed(weight: float, factor: float) -> float:
    """A log-weight multiplied; what is impossible stays so, whatever the factor.

    Raises:
        ValueError: NaN or plus infinity.
    """
    weight = float(weight)
    if not weight < math.inf:
        raise ValueError(weight)
    return factor * weight if weight > -math.inf else weight
