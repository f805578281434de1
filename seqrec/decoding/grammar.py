"""Grammars: which symbol sequences may occur, and how likely each is. One protocol, and one compiled form of it."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec.errors import GrammarError

FORBIDDEN = -1
"""In `Automaton.backoff`: there is no such state."""


@runtime_checkable
class Grammar(Protocol):
    """Any object that answers these three questions can constrain a search; states are hashable and small.

    Weights are natural logarithms; they need not be normalised. `step` is asked only for symbols that a frame makes likely, once
    for each state and symbol.
    """

    def start(self) -> Hashable:
        """The state before the first symbol."""

    def step(self, state: Hashable, symbol: int) -> tuple[Hashable, float] | None:
        """The state after a symbol (an id 1..K) and the symbol's log-weight there; None where it may not follow."""

    def final(self, state: Hashable) -> float:
        """Log-weight of ending in a state; minus infinity where more symbols must follow."""


class Automaton(NamedTuple):
    """A grammar as flat tables, which compiled searches walk; state 0 is the start.

    Attributes:
        first: Arcs of state s are those from `first[s]` to `first[s + 1]`, (states + 1,), int64.
        symbol: Id 1..K of each arc, ascending within a state, (arcs,), int32.
        next: State that each arc leads to, (arcs,), int32.
        weight: Log-weight of each arc, (arcs,), float32.
        final: Log-weight of ending in each state, (states,), float32; minus infinity where more symbols must follow.
        backoff: State to ask where a state has no arc for a symbol, (states,), int32; `FORBIDDEN` for none.
        backoff_weight: Log-weight added then, (states,), float32.
    """

    first: npt.NDArray[np.int64]
    symbol: npt.NDArray[np.int32]
    next: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float32]
    final: npt.NDArray[np.float32]
    backoff: npt.NDArray[np.int32]
    backoff_weight: npt.NDArray[np.float32]

    @classmethod
    def from_arcs(cls, arcs: list[dict[int, tuple[int, float]]], final: list[float]) -> "Automaton":
        """Tables of an automaton without backing off.

        Args:
            arcs: For each state, symbol → (next state, log-weight).
            final: For each state, log-weight of ending there.

        Example:
            >>> only_ab = Automaton.from_arcs([{1: (1, 0.0)}, {2: (2, 0.0)}, {}], [-np.inf, -np.inf, 0.0])
            >>> [only_ab.accepts(ids) for ids in ([1, 2], [1], [2, 1])]
            [True, False, False]
        """
        ordered = [sorted(leaving.items()) for leaving in arcs]
        flat = [(symbol, target, weight) for leaving in ordered for symbol, (target, weight) in leaving]
        return cls(
            np.concatenate([[0], np.cumsum([len(leaving) for leaving in ordered])]).astype(np.int64),
            np.array([symbol for symbol, _, _ in flat], np.int32),
            np.array([target for _, target, _ in flat], np.int32),
            np.array([weight for _, _, weight in flat], np.float32),
            np.array(final, np.float32),
            np.full(len(arcs), FORBIDDEN, np.int32),
            np.zeros(len(arcs), np.float32),
        )

    @classmethod
    def of(cls, grammar: "Grammar", alphabet: Alphabet, max_states: int = 100_000) -> "Automaton":
        """A grammar as tables, which are searched many times as fast: every state that can be reached is asked for every symbol.

        Args:
            grammar: Of few enough states.
            alphabet: Its symbols.
            max_states: When to give up.

        Raises:
            GrammarError: More states than that; search with the object itself then.
        """
        number: dict[Hashable, int] = {grammar.start(): 0}
        arcs: list[dict[int, tuple[int, float]]] = []
        final = []
        for state in (order := list(number)):  # which grows on the way
            arcs.append({})
            final.append(grammar.final(state))
            for symbol in range(1, alphabet.classes):
                step = grammar.step(state, symbol)
                if step is None:
                    continue
                if step[0] not in number:
                    number[step[0]] = len(number)
                    order.append(step[0])
                    if len(order) > max_states:
                        raise GrammarError(
                            f"grammar {type(grammar).__name__} has more than {max_states:,} states; use the object itself, or "
                            "allow more with `max_states`"
                        )
                arcs[-1][symbol] = number[step[0]], step[1]
        return cls.from_arcs(arcs, final)

    def step(self, state: int, symbol: int) -> tuple[int, float] | None:
        """The state after a symbol and the symbol's log-weight; None where it may not follow."""
        weight = 0.0
        while True:
            low, high = int(self.first[state]), int(self.first[state + 1])
            place = low + int(np.searchsorted(self.symbol[low:high], symbol))
            if place < high and self.symbol[place] == symbol:
                return int(self.next[place]), weight + float(self.weight[place])
            if self.backoff[state] == FORBIDDEN:
                return None
            weight += float(self.backoff_weight[state])
            state = int(self.backoff[state])

    def log_weight(self, ids: "list[int] | tuple[int, ...]") -> float:
        """Log-weight of a whole sequence; minus infinity where it is not accepted."""
        state, total = 0, 0.0
        for symbol in ids:
            found = self.step(state, symbol)
            if found is None:
                return -np.inf
            state, total = found[0], total + found[1]
        return total + float(self.final[state])

    def accepts(self, ids: "list[int] | tuple[int, ...]") -> bool:
        """Whether a sequence is in the language."""
        return self.log_weight(ids) > -np.inf

    def symbols(self) -> Iterator[int]:
        """The symbols that any arc bears."""
        return iter(np.unique(self.symbol).tolist())


@dataclass(frozen=True)
class Walked:
    """An automaton as a grammar of the protocol, to go along with grammars that are Python objects.

    Attributes:
        automaton: The tables.
    """

    automaton: Automaton

    def start(self) -> Hashable:
        """State 0."""
        return 0

    def step(self, state: Hashable, symbol: int) -> tuple[Hashable, float] | None:
        """See `Automaton.step`."""
        assert isinstance(state, int)
        return self.automaton.step(state, symbol)

    def final(self, state: Hashable) -> float:
        """Log-weight of ending."""
        assert isinstance(state, int)
        return float(self.automaton.final[state])
