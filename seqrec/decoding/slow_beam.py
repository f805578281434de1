"""Prefix beam search with grammars that are Python objects: the same search as `seqrec.decoding.beam`, step by step."""

import math
from collections.abc import Hashable, Sequence

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
_AT_LEAST = 8
"""… and always for this many."""

_Prefix = tuple[int, ...]
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
        likely: Symbols below this part of a frame's most probable class are not tried there; 0 tries all.

    Raises:
        ShapeError: Not such an array.
        GrammarError: A grammar answers with something else than the protocol says; a width or `n_best` below 1.
    """
    check_width(beam_width, n_best)
    log_probs = checked(log_probs)
    steps: dict[tuple[_States, int], tuple[_States, float] | None] = {}
    start = tuple(_start(grammar) for grammar, _ in grammars)
    # For each prefix: log-mass that ends in a blank and in a symbol, log-weight of the grammars, their states.
    beam: dict[_Prefix, tuple[float, float, float, _States]] = {(): (0.0, -math.inf, 0.0, start)}
    for frame in np.asarray(log_probs, np.float64):
        symbols = _tried(frame, likely)
        grown: dict[_Prefix, tuple[float, float, float, _States]] = {}
        for prefix, (blank, end, weight, states) in beam.items():
            whole = float(np.logaddexp(blank, end))
            stays = end + frame[prefix[-1]] if prefix else -math.inf
            _add(grown, prefix, whole + frame[BLANK], stays, weight, states)
            for symbol in symbols:
                mass = (blank if prefix and prefix[-1] == symbol else whole) + frame[symbol]
                if mass == -math.inf:
                    continue
                asked = (states, symbol)
                if asked not in steps:
                    steps[asked] = _stepped(grammars, states, symbol)
                step = steps[asked]
                if step is not None:
                    _add(grown, (*prefix, symbol), -math.inf, mass, weight + step[1], step[0])
        ranked = sorted(grown.items(), key=lambda item: -(np.logaddexp(item[1][0], item[1][1]) + item[1][2]))
        beam = dict(item for item in ranked[:beam_width] if max(item[1][:2]) > -math.inf)
    found = []
    for prefix, (_, _, weight, states) in beam.items():
        total = weight + sum(_final(grammar, state, factor) for (grammar, factor), state in zip(grammars, states, strict=True))
        if total > -math.inf:
            probability = log_probability(log_probs, prefix)
            found.append(Hypothesis(prefix, probability, probability + total))
    return sorted(found, key=lambda one: -one.score)[:n_best]


def sequence_log_weight(grammars: Sequence[tuple[Grammar, float]], ids: Sequence[int]) -> float:
    """What grammars say of a whole sequence: log-weights times factors, summed; minus infinity where one does not accept.

    Raises:
        GrammarError: A grammar answers with something else than the protocol says.
    """
    states, total = tuple(_start(grammar) for grammar, _ in grammars), 0.0
    for symbol in ids:
        step = _stepped(grammars, states, symbol)
        if step is None:
            return -math.inf
        states, total = step[0], total + step[1]
    return total + sum(_final(grammar, state, factor) for (grammar, factor), state in zip(grammars, states, strict=True))


def _tried(frame: npt.NDArray[np.float64], likely: float) -> list[int]:
    """Symbols of a frame that are tried."""
    if likely <= 0:
        return list(range(1, len(frame)))
    order = np.argsort(-frame[1:], kind="stable") + 1
    count = int((frame[1:] >= frame.max() + math.log(likely)).sum())
    return [int(symbol) for symbol in order[: max(count, _AT_LEAST)]]


def _add(
    grown: dict[_Prefix, tuple[float, float, float, _States]],
    prefix: _Prefix,
    blank: float,
    end: float,
    weight: float,
    states: _States,
) -> None:
    before = grown.get(prefix, (-math.inf, -math.inf, weight, states))
    grown[prefix] = (float(np.logaddexp(before[0], blank)), float(np.logaddexp(before[1], end)), weight, states)


def _stepped(grammars: Sequence[tuple[Grammar, float]], states: _States, symbol: int) -> tuple[_States, float] | None:
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


def _start(grammar: Grammar) -> Hashable:
    """First state of a grammar."""
    state = grammar.start()
    try:
        hash(state)
    except TypeError as error:
        raise GrammarError(f"grammar {type(grammar).__name__}.start() answered {state!r}; expected a hashable state") from error
    return state


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
