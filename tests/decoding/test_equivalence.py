"""Which states are the same, against the sequences that lead from each to acceptance."""

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqrec.decoding.equivalence import equivalent_states

Arcs = list[dict[int, int]]


def accepted_from(state: int, arcs: Arcs, accepting: list[bool], length: int) -> set[tuple[int, ...]]:
    """The sequences of at most `length` symbols 1 and 2 that lead from a state to acceptance."""
    found = set()
    for size in range(length + 1):
        for symbols in product((1, 2), repeat=size):
            here: int | None = state
            for symbol in symbols:
                here = None if here is None else arcs[here].get(symbol)
            if here is not None and accepting[here]:
                found.add(symbols)
    return found


@st.composite
def automata(draw: st.DrawFn) -> tuple[Arcs, list[bool]]:
    """Automata over two symbols, arcs missing here and there."""
    states = draw(st.integers(1, 6))
    target = st.none() | st.integers(0, states - 1)
    rows = draw(st.lists(st.tuples(target, target), min_size=states, max_size=states))
    arcs = [{symbol: to for symbol, to in enumerate(row, start=1) if to is not None} for row in rows]
    return arcs, draw(st.lists(st.booleans(), min_size=states, max_size=states))


@settings(max_examples=60)
@given(automata())
def test_states_share_a_number_exactly_where_the_same_sequences_follow(automaton: tuple[Arcs, list[bool]]) -> None:
    arcs, accepting = automaton
    following = [accepted_from(state, arcs, accepting, len(arcs)) for state in range(len(arcs))]  # far enough
    assume(all(following))
    numbers = equivalent_states(arcs, accepting)
    for one, other in product(range(len(arcs)), repeat=2):
        assert (numbers[one] == numbers[other]) == (following[one] == following[other])


@pytest.mark.parametrize("states", [1, 2, 1000, 20_000])
def test_in_a_chain_all_states_differ_and_in_a_ring_none(states: int) -> None:
    chain: Arcs = [{1: state + 1} for state in range(states - 1)] + [{}]
    assert len(set(equivalent_states(chain, [True] * states))) == states
    ring: Arcs = [{1: (state + 1) % states} for state in range(states)]
    assert len(set(equivalent_states(ring, [True] * states))) == 1
