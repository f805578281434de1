"""Patterns: regular expressions over an alphabet's symbols, compiled to minimal automata."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from seqrec.alphabet import Alphabet
from seqrec.decoding.equivalence import equivalent_states
from seqrec.decoding.expression import Choice, Node, Repeat, Row, Symbols, parse, refusal
from seqrec.decoding.grammar import FORBIDDEN, Automaton

MAX_STATES = 50_000
"""States before the smallest automaton is sought: `(a|b)*a(a|b){30}` needs two to the power of 31."""
MAX_STEPS = 2_000_000
"""Moves tried from a place to others: bounds the time of compiling, to about a second."""
MAX_ARCS = 10_000_000
"""Arcs of the finished automaton, 8 bytes each and as many again while it is built."""


@dataclass(frozen=True)
class Pattern:
    r"""The sequences of an alphabet's symbols that a regular expression matches from end to end.

    The syntax is Python's, as far as it goes:

    - `a`, `\.`: a symbol of one character or another spelling of it (`A` is `a` in an alphabet without case). A space too is a
      character. A backslash takes the character after it as it is.
    - `.`: any symbol. `[A-Z0-9_]`: one of these; `[^0-9]`: any symbol but these. `\d` `\w` `\s`, and `\D` `\W` `\S` for all other
      symbols. A range may reach beyond the alphabet; it means those of its characters that are in it.
    - `(…)` or `(?:…)`, `|`, `?`, `*`, `+`, `{m}`, `{m,}`, `{m,n}`. A `?` after these (lazy) changes nothing.
    - `(?i)` at the start: symbols that differ in case only are the same. `^` at the start and `$` at the end change nothing.
    - Where some symbols have several characters: `<note-C4_quarter>` for one of them, `<note-*_quarter>` (`*` any characters, `?`
      one) for all that match; both also within `[…]`. There `\<` is the character; in other alphabets a plain `<` is.

    Everything that is written must match some symbol of the alphabet; what does not is refused as a slip.

    Args:
        expression: The regular expression.
        alphabet: Whose symbols it is about.

    Attributes:
        automaton: The smallest deterministic automaton, all its weights 0. Its states are numbered by the first of the shortest
            sequences that lead to each, so that expressions of one language have equal tables.
        shortest: Fewest symbols of a sequence that matches.

    Raises:
        GrammarError: The expression is malformed, too large, names what the alphabet has not, or matches only the empty sequence,
            which is no use to a reader.

    Example:
        >>> plate = Pattern("[A-Z]{2}[0-9]{2} ?[A-Z]{3}", Alphabet("plates", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "))
        >>> [plate.matches(plate.alphabet.encode(text)) for text in ("AB12 CDE", "AB12CDE", "A12CDE")]
        [True, True, False]
        >>> plate.shortest, len(plate.automaton.final)
        (7, 9)
    """

    expression: str
    alphabet: Alphabet
    automaton: Automaton = field(init=False, repr=False, compare=False)
    shortest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = _Places(parse(self.expression, self.alphabet))
        groups = _Groups(places.sets, self.alphabet.classes)
        try:
            subsets = _Subsets(places, groups)
            automaton = _tables(subsets, equivalent_states(subsets.arcs, subsets.accepting), groups)
        except _TooLarge as limit:
            cure = "make its counts smaller, or leave fewer ways to match one sequence"
            raise refusal(self.expression, f"needs more than {limit}; {cure}") from None
        if not len(automaton.symbol):
            raise refusal(self.expression, "matches only the empty sequence; write what may be read")
        object.__setattr__(self, "automaton", automaton)
        object.__setattr__(self, "shortest", subsets.shortest)

    def matches(self, ids: Sequence[int]) -> bool:
        """Whether a sequence of ids 1..K matches as a whole."""
        return self.automaton.accepts(list(ids))


class _TooLarge(Exception):
    """A limit was reached; the text says which."""


END = 0
"""The place behind the last symbol."""


class _Places:
    """The places of an expression: one for each symbol set in it, with all counts written out, and `END`.

    A reader of the expression stands before a place, takes one of its symbols and then stands before any place that may follow.
    Sets of places are masks: bit i for place i.

    Attributes:
        sets: Symbol sets, masks of ids, each with its number. The empty set, 0, is that of `END` (and of marks, which in the end
            nothing leads to).
        symbols: For each place the number of its symbol set.
        follow: For each place those that may follow.
        start: The places where a sequence may start.

    Source:
        Glushkov 1961, "The abstract theory of automata". Built from the last place to the first, so that what follows is known.
    """

    def __init__(self, tree: Node) -> None:
        self.sets: dict[int, int] = {}
        self.symbols: list[int] = []
        self.follow: list[int] = []
        self._new(0, 0)
        self.start = self._add(tree, 1 << END)

    def _new(self, symbols: int, follow: int) -> int:
        self.symbols.append(self.sets.setdefault(symbols, len(self.sets)))
        self.follow.append(follow)
        return 1 << len(self.follow) - 1

    def _add(self, node: Node, after: int) -> int:
        """Where to stand before a node, given where to stand behind it."""
        match node:
            case Symbols():
                return self._new(node.mask, after)
            case Row():
                for part in reversed(node.parts):
                    after = self._add(part, after)
                return after
            case Choice():
                before = 0
                for part in node.parts:
                    before |= self._add(part, after)
                return before
            case Repeat():
                return self._repeat(node, after)

    def _repeat(self, node: Repeat, after: int) -> int:
        copies = node.least
        if node.most is None:
            after = self._loop(node, after)
            copies -= 1
        else:
            behind = after
            for _ in range(node.most - node.least):  # (a(a(a)?)?)?
                after = self._add(node.part, after) | behind
        for _ in range(copies):
            after = self._add(node.part, after)
        return after

    def _loop(self, node: Repeat, after: int) -> int:
        """One copy that may follow itself."""
        mark = self._new(0, 0)  # stands for what comes behind the copy, until it is known
        first = len(self.follow)
        before = self._add(node.part, mark)
        again = before & ~mark | after
        for place in range(first, len(self.follow)):
            if self.follow[place] & mark:
                self.follow[place] = self.follow[place] & ~mark | again
        return again if node.least == 0 or before & mark else before


def _bits(mask: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    digits = bin(mask)[:1:-1]
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)


class _Groups:
    """Groups of symbols that every place treats alike, which are moved on together.

    Attributes:
        members: Ids of each group, ascending, int32; the groups in the order of their first ids. Symbols of no place are in none.
    """

    def __init__(self, sets: Iterable[int], classes: int) -> None:
        packed = [np.frombuffer(mask.to_bytes(classes // 8 + 1, "little"), np.uint8) for mask in sets]
        holds = np.unpackbits(np.stack(packed), axis=1, count=classes, bitorder="little")  # (sets, classes)
        together: defaultdict[bytes, list[int]] = defaultdict(list)
        for number, column in enumerate(np.packbits(holds, axis=0).T):
            together[column.tobytes()].append(number)
        del together[bytes(-(-len(packed) // 8))]  # those in no set, the blank among them
        self.members = [np.array(ids, np.int32) for ids in together.values()]
        self._holds = holds[:, [ids[0] for ids in together.values()]]
        self._within: dict[int, list[int]] = {}

    def within(self, number: int) -> list[int]:
        """The groups that make up a symbol set, ascending; asked for sets as they are met, as together they can be many."""
        if number not in self._within:
            self._within[number] = np.flatnonzero(self._holds[number]).tolist()
        return self._within[number]


class _Subsets:
    """The deterministic automaton whose states are sets of places, numbered by the first of the shortest ways to each.

    Attributes:
        arcs: For each state, group → next state, the groups ascending.
        accepting: For each state, whether a sequence may end there.
        shortest: Fewest symbols on a way from the start to an accepting state.

    Source:
        Rabin and Scott 1959, "Finite automata and their decision problems". Every place leads on to `END`, as no symbol set is
        empty, so that no state is dead and none need be removed.
    """

    def __init__(self, places: _Places, groups: _Groups) -> None:
        self._places, self._groups, self._steps = places, groups, 0
        self.arcs: list[dict[int, int]] = []
        number, order, depth = {places.start: 0}, [places.start], [0]
        for state, mask in enumerate(order):  # which grows on the way
            self.arcs.append({})
            for group, following in sorted(self._moves(mask).items()):
                if following not in number:
                    number[following] = len(order)
                    order.append(following)
                    depth.append(depth[state] + 1)
                self.arcs[state][group] = number[following]
            if len(order) > MAX_STATES:
                raise _TooLarge(f"{MAX_STATES} states")
        self.accepting = [bool(mask >> END & 1) for mask in order]
        self.shortest = min(far for far, ends in zip(depth, self.accepting, strict=True) if ends)

    def _moves(self, mask: int) -> dict[int, int]:
        """For each group that may come next, the places after it."""
        reached: defaultdict[int, int] = defaultdict(int)
        for place in _bits(mask):
            groups = self._groups.within(self._places.symbols[place])
            self._steps += 1 + len(groups)
            if self._steps > MAX_STEPS:
                raise _TooLarge(f"{MAX_STEPS} steps to compile")
            for group in groups:
                reached[group] |= self._places.follow[place]
        return reached


def _tables(subsets: _Subsets, block: list[int], groups: _Groups) -> Automaton:
    """The automaton of the blocks, each as its first state."""
    number: dict[int, int] = {}
    kept = []
    for state, one in enumerate(block):
        if one not in number:
            number[one] = len(number)
            kept.append(state)
    sizes = [sum(len(groups.members[group]) for group in subsets.arcs[state]) for state in kept]
    if sum(sizes) > MAX_ARCS:
        raise _TooLarge(f"{MAX_ARCS} arcs")
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    symbol, target = np.empty(first[-1], np.int32), np.empty(first[-1], np.int32)
    for here, state in enumerate(kept):
        if sizes[here]:
            leaving = subsets.arcs[state]
            members = [groups.members[group] for group in leaving]
            symbols = np.concatenate(members)
            targets = np.repeat([number[block[following]] for following in leaving.values()], [len(ids) for ids in members])
            ascending = np.argsort(symbols)
            symbol[first[here] : first[here + 1]] = symbols[ascending]
            target[first[here] : first[here + 1]] = targets[ascending]
    final = np.where([subsets.accepting[state] for state in kept], 0.0, -np.inf).astype(np.float32)
    return Automaton(
        first,
        symbol,
        target,
        weight=np.zeros(len(symbol), np.float32),
        final=final,
        backoff=np.full(len(kept), FORBIDDEN, np.int32),
        backoff_weight=np.zeros(len(kept), np.float32),
    )
