"""Decoders of steps: what a transducer reads, greedily and by a beam of prefixes, free or held by grammars."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import BLANK
from seqrec.decoding.beam import LIKELY, check_width
from seqrec.decoding.decoders import WIDER, Accepts
from seqrec.decoding.grammar import Automaton, Grammar, Walked
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.lattice import Doubles, entered_at_start, standing, steps_log_probability
from seqrec.decoding.slow_beam import final_weights, start_of, stepped
from seqrec.decoding.steps import Steps

_MOST_A_FRAME = 8
"""Symbols that are read at one frame at most: a network that has learnt nothing may never want to go on."""
_MAY_ADD = 10.0
"""Nats that later symbols are expected to add to a score at most, where a grammar's log-weights are above 0."""


@dataclass(frozen=True)
class GreedySteps:
    """At each frame the most probable class, again and again until it is the blank.

    Source:
        Graves 2012, "Sequence transduction with recurrent neural networks", section 2.5, with a beam of one.
    """

    accepts: Accepts = "steps"

    def __call__(self, steps: Steps) -> list[Hypothesis]:
        """The one greedy hypothesis, with its probability over all walks."""
        ids: tuple[int, ...] = ()
        frame = here = 0
        while frame < steps.frames:
            best = steps(ids)[frame:].argmax(1)
            (symbols,) = np.nonzero(best != BLANK)
            if not len(symbols):
                break
            if symbols[0] > 0:
                frame, here = frame + int(symbols[0]), 0
            if here == _MOST_A_FRAME:
                frame, here = frame + 1, 0
                continue
            ids, here = (*ids, int(best[symbols[0]])), here + 1
        probability = steps_log_probability(steps, ids)
        return [Hypothesis(ids, probability, probability)]


class _Prefix(NamedTuple):
    """Symbols that a reading may begin with.

    Attributes:
        ids: The symbols.
        entered: Log-mass of the walks that take the last of them at each frame, (T,).
        mass: Log of the probability that a reading begins so.
        weight: What the grammars say so far.
        states: Of the grammars.
    """

    ids: tuple[int, ...]
    entered: Doubles
    mass: float
    weight: float
    states: tuple[Hashable, ...]


@dataclass(frozen=True)
class BeamSteps:
    """The most probable readings by a beam of prefixes, which grow symbol by symbol.

    The probability that a reading begins with a prefix is summed over all walks, and no reading that begins so has more. So the
    search ends when no prefix left has more than what is found, and where the beam held every prefix that could matter the best
    readings are found exactly.

    Attributes:
        beam_width: Prefixes kept of each length. Where none of them fits the grammars the search is done again with 16 times as
            many.
        n_best: Hypotheses wanted.
        grammars: With the factors of their log-weights; all must accept.

    Source:
        The prefix probability is that of Graves 2012, "Sequence transduction with recurrent neural networks", section 2.5.
        Different here: he searches frame by frame; here prefixes of equal length compete, each with all its walks.
    """

    beam_width: int = 10
    n_best: int = 1
    grammars: Sequence[tuple[Grammar | Automaton, float]] = ()
    accepts: Accepts = "steps"

    def __post_init__(self) -> None:
        check_width(self.beam_width, self.n_best)
        object.__setattr__(self, "beam_width", max(self.beam_width, self.n_best))

    def __call__(self, steps: Steps) -> list[Hypothesis]:
        """The best readings of the beam; none where no prefix of it fits the grammars."""
        found = self._searched(steps, self.beam_width)
        if found:
            return found
        return self._searched(steps, self.beam_width * WIDER) if self.grammars else GreedySteps()(steps)

    def _searched(self, steps: Steps, width: int) -> list[Hypothesis]:
        grammars = [(Walked(one) if isinstance(one, Automaton) else one, factor) for one, factor in self.grammars]
        asked: dict[tuple[tuple[Hashable, ...], int], tuple[tuple[Hashable, ...], float] | None] = {}
        may_add = _MAY_ADD if grammars else 0.0
        states = tuple(start_of(grammar) for grammar, _ in grammars)
        beam = [_Prefix((), entered_at_start(steps.frames), 0.0, 0.0, states)]
        found: list[Hypothesis] = []
        for _ in range(_MOST_A_FRAME * steps.frames + 1):
            grown: list[tuple[float, _Prefix, int, tuple[Hashable, ...], float]] = []
            stood: dict[tuple[int, ...], Doubles] = {}
            for prefix in beam:
                log_probs = steps(prefix.ids)
                stand = stood[prefix.ids] = standing(prefix.entered, np.ascontiguousarray(log_probs[:, BLANK]))
                ending = float(stand[-1] + log_probs[-1, BLANK]) if steps.frames else 0.0
                total = prefix.weight + final_weights(grammars, prefix.states)
                if ending + total > -math.inf:
                    found.append(Hypothesis(prefix.ids, ending, ending + total))
                if not steps.frames:
                    continue
                masses = _grown(stand, log_probs)
                for symbol in _tried(masses, width, bool(grammars)):
                    key = prefix.states, symbol
                    if key not in asked:
                        asked[key] = stepped(grammars, prefix.states, symbol)
                    step = asked[key]
                    if step is not None:
                        weight = prefix.weight + step[1]
                        grown.append((float(masses[symbol]) + weight, prefix, symbol, step[0], weight))
            found = nlargest(self.n_best, found, key=lambda one: one.score)
            least = found[-1].score - may_add if len(found) == self.n_best else -math.inf
            beam = []
            for score, prefix, symbol, after, weight in nlargest(width, grown, key=lambda one: one[0]):
                if score > least:
                    entered = stood[prefix.ids] + steps(prefix.ids)[:, symbol]
                    beam.append(_Prefix((*prefix.ids, symbol), entered, score - weight, weight, after))
            if not beam:
                break
        return found


def _grown(stand: Doubles, log_probs: npt.NDArray[np.float32]) -> Doubles:
    """Log of the probability that a reading goes on with each class, (C,): the sum over the frames at which it may."""
    high = float(stand.max())
    if high == -math.inf:
        return np.full(log_probs.shape[1], -np.inf)
    with np.errstate(divide="ignore"):
        return np.asarray(high + np.log(np.exp(stand - high) @ np.exp(log_probs.astype(np.float64))), np.float64)


def _tried(masses: Doubles, width: int, held: bool) -> list[int]:
    """Symbols that a prefix is grown by: the most probable `width` of them, or with grammars all that are not far behind."""
    possible = masses > -np.inf
    possible[BLANK] = False
    if held and len(masses) > 256:
        possible &= masses >= masses[1:].max() + math.log(LIKELY)
    (symbols,) = np.nonzero(possible)
    if not held and len(symbols) > width:
        symbols = symbols[np.argpartition(-masses[symbols], width - 1)[:width]]
    return [int(symbol) for symbol in symbols]
