"""A grammar that makes bars improbable which do not fill the meter, and refuses none."""

from collections.abc import Hashable
from functools import cache
from typing import NamedTuple

from seqrec import Alphabet
from seqrec_sheet_music.alphabets import METERS
from seqrec_sheet_music.bars import meter_named
from seqrec_sheet_music.element_grammar import ElementGrammar
from seqrec_sheet_music.staff import is_silence
from seqrec_sheet_music.tokens import Barline, Element, Meter, Multirest, Note, Rest

_UNIT = 512
"""Lengths are counted in this part of a whole note, which every dotted value of the encoding is a multiple of."""


class Candidate(NamedTuple):
    """A length of bar that may be the right one.

    Attributes:
        full: Of a bar that fills it, in units.
        cost: Nats that the bars so far cost.
        short: Length of the bar before, where it was short inside the line and may be the first of two halves; 0 otherwise.
    """

    full: int
    cost: float = 0.0
    short: int = 0


class Filling(NamedTuple):
    """How far the bar is filled.

    Attributes:
        candidates: The lengths a bar may have; one where the meter is known.
        filled: Of the bar so far, in units.
        silent: Whether the bar holds one rest that lasts as long as it does.
        first: Whether it is the first bar.
    """

    candidates: tuple[Candidate, ...]
    filled: int = 0
    silent: bool = False
    first: bool = True


class SoftMeter(ElementGrammar):
    """Bars that do not fill the meter cost, and none is refused; a `seqrec.decoding.grammar.Grammar`.

    The meter is the drawn one, else the given one, else the one for which the whole line costs least. A whole or double
    whole rest alone in a bar and a multi-bar rest fill any.

    Args:
        alphabet: As `ElementGrammar` takes it.
        meter: For lines where none is drawn, as in `3/4`; empty for the one that fits best.
        cost: Nats that a bar costs which is too long, or too short inside the line.
        edge_cost: Nats for a short bar at the beginning or at the end, and for each of two that together fill one, as around a
            repeat.

    Raises:
        MusicError: A meter that is not in the alphabet, or an alphabet of other tokens.
    """

    def __init__(self, alphabet: Alphabet, meter: str = "", cost: float = 4.0, edge_cost: float = 1.0) -> None:
        super().__init__(alphabet)
        self.cost, self.edge_cost = cost, edge_cost
        lengths = {int(meter_named(sign).length * _UNIT) for sign in ([meter] if meter else METERS)}
        self._longest = max(int(meter_named(sign).length * _UNIT) for sign in METERS)
        self._start = Filling(tuple(Candidate(length) for length in sorted(lengths)))

    def begin(self) -> Hashable:
        """An empty bar."""
        return self._start

    def after(self, state: Hashable, element: Element | None) -> tuple[Hashable, float]:
        """What the bar holds behind an element; a weight other than 0 at barlines."""
        assert isinstance(state, Filling)
        length, silence = _filling(element)
        if not length:
            return self._without_length(state, element)
        filled = min(state.filled + length, self._longest + 1)
        return Filling(state.candidates, filled, silence and not state.filled, state.first), 0.0

    def end(self, state: Hashable) -> float:
        """What the last bar costs, which may be short."""
        assert isinstance(state, Filling)
        if state.filled or state.silent:
            last = self._closed(state, edge=True)
        else:  # the bar before it was the last one
            last = [one._replace(cost=one.cost - (self.cost - self.edge_cost) * bool(one.short)) for one in state.candidates]
        return _least(state.candidates) - _least(last)

    def _without_length(self, state: Filling, element: Element | None) -> tuple[Filling, float]:
        match element:
            case Multirest():
                return state._replace(silent=True), 0.0
            case Meter():
                one = Candidate(int(element.length * _UNIT), _least(state.candidates))
                return state._replace(candidates=(one,)), 0.0
            case Barline() if state.filled or state.silent:
                candidates = tuple(self._closed(state, edge=state.first))
                return Filling(candidates, first=False), _least(state.candidates) - _least(candidates)
        return state, 0.0

    def _closed(self, state: Filling, edge: bool) -> list[Candidate]:
        """The candidates behind the bar."""
        found = []
        for full, cost, short in state.candidates:
            if state.silent or state.filled == full:
                found.append(Candidate(full, cost))
            elif state.filled > full:
                found.append(Candidate(full, cost + self.cost))
            elif short and short + state.filled == full:  # what the first half cost too much is given back
                found.append(Candidate(full, cost - self.cost + 2 * self.edge_cost))
            elif edge:
                found.append(Candidate(full, cost + self.edge_cost))
            else:
                found.append(Candidate(full, cost + self.cost, state.filled))
        return found


@cache
def _filling(element: Element | None) -> tuple[int, bool]:
    """Length of a note or rest in units, 0 for all else; and whether it can stand for a bar of any length."""
    return (int(element.value.length * _UNIT), is_silence(element)) if isinstance(element, Note | Rest) else (0, False)


def _least(candidates: "tuple[Candidate, ...] | list[Candidate]") -> float:
    return min(one.cost for one in candidates)
