"""Grammars of what stands on a staff, over the symbols of an alphabet that writes it: a token each, or several shapes."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import NamedTuple

from seqrec import Alphabet
from seqrec_sheet_music.notation import TREBLE, Shape, goes_on, shape_of, shapes, written_by
from seqrec_sheet_music.tokens import Clef, Element, parse


class Walk(NamedTuple):
    """Where a sequence of shapes has come to.

    Attributes:
        inside: The state behind the elements that are whole.
        group: Shapes of the last one, which more may belong to.
        clef: That of the staff so far.
    """

    inside: Hashable
    group: tuple[Shape, ...] = ()
    clef: Clef = TREBLE


class ElementGrammar(ABC):
    """A `seqrec.decoding.grammar.Grammar` that knows elements.

    Over shapes an element counts when the next one begins, or at the end, and notes are taken as if they stood alone in C major.

    Args:
        alphabet: The semantic one or that of shapes, or a part of one.

    Raises:
        MusicError: The alphabet has a symbol that is none of these.
    """

    def __init__(self, alphabet: Alphabet) -> None:
        drawn = alphabet.name == shapes.name
        self._shapes = [shape_of(symbol) for symbol in alphabet.symbols] if drawn else []
        self._elements = [] if drawn else [parse(symbol) for symbol in alphabet.symbols]

    @abstractmethod
    def begin(self) -> Hashable:
        """The state before the first element."""

    @abstractmethod
    def after(self, state: Hashable, element: Element | None) -> tuple[Hashable, float] | None:
        """The state behind an element and its log-weight; None where it may not stand. Shapes without a meaning are None."""

    @abstractmethod
    def end(self, state: Hashable) -> float:
        """Log-weight of ending there."""

    def start(self) -> Hashable:
        """The state before the first symbol."""
        return Walk(self.begin()) if self._shapes else self.begin()

    def step(self, state: Hashable, symbol: int) -> tuple[Hashable, float] | None:
        """The state behind a symbol and its log-weight; None where it may not stand."""
        if not self._shapes:
            return self.after(state, self._elements[symbol - 1])
        assert isinstance(state, Walk)
        shape = self._shapes[symbol - 1]
        if state.group and goes_on(state.group[-1], shape):
            return state._replace(group=(*state.group, shape)), 0.0
        found = self._whole(state)
        return (found[0]._replace(group=(shape,)), found[1]) if found else None

    def final(self, state: Hashable) -> float:
        """Log-weight of ending in a state."""
        if not isinstance(state, Walk):
            return self.end(state)
        found = self._whole(state)
        return found[1] + self.end(found[0].inside) if found else float("-inf")

    def _whole(self, walk: Walk) -> tuple[Walk, float] | None:
        """Behind the last element, now that nothing more belongs to it."""
        if not walk.group:
            return walk, 0.0
        written = written_by(walk.group, walk.clef)
        element = written[0] if written else None
        found = self.after(walk.inside, element)
        clef = element if isinstance(element, Clef) else walk.clef
        return (Walk(found[0], (), clef), found[1]) if found else None
