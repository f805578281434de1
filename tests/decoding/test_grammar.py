"""Automata say what the dictionaries say that they are made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.decoding.grammar import Automaton, Grammar, Walked
from tests.decoding.conftest import Arcs, random_arcs, sequences

Seeds = st.integers(0, 10**6)


@given(symbols=st.integers(1, 4), backing_off=st.booleans(), seed=Seeds)
def test_automaton_weighs_every_sequence_as_its_arcs_do(symbols: int, backing_off: bool, seed: int) -> None:
    arcs = random_arcs(symbols, seed, backing_off)
    automaton = arcs.automaton()
    for ids in sequences(symbols, 4):
        assert automaton.log_weight(ids) == pytest.approx(arcs.log_weight(ids), abs=1e-5)
        assert automaton.accepts(ids) == (arcs.log_weight(ids) > -np.inf)


@given(symbols=st.integers(1, 4), seed=Seeds)
def test_walked_automaton_answers_the_protocols_questions(symbols: int, seed: int) -> None:
    arcs = random_arcs(symbols, seed, backing_off=True)
    walked = Walked(arcs.automaton())
    assert isinstance(walked, Grammar)
    assert walked.start() == arcs.start()
    for state in range(len(arcs.ends)):
        assert walked.final(state) == arcs.final(state)
        for symbol in range(1, symbols + 1):
            expected = arcs.step(state, symbol)
            found = walked.step(state, symbol)
            assert (found is None) == (expected is None)
            assert found is None or expected is None or found == (expected[0], pytest.approx(expected[1], abs=1e-5))


def test_back_off_is_paid_for_at_every_state_on_the_way() -> None:
    arcs = Arcs([{}, {}, {1: (0, -1.0)}], [0.0, 0.0, 0.0], [1, 2, -1], [-10.0, -100.0, 0.0])
    assert arcs.automaton().step(0, 1) == (0, -111.0)
    assert arcs.automaton().step(2, 1) == (0, -1.0)
    assert arcs.automaton().step(0, 2) is None


def test_ending_is_never_borrowed_from_the_back_off_state() -> None:
    arcs = Arcs([{}, {}], [-np.inf, 0.0], [1, -1], [0.0, 0.0])
    assert not arcs.automaton().accepts([])


def test_automaton_without_arcs_accepts_the_empty_sequence_alone() -> None:
    empty = Automaton.from_arcs([{}], [-0.5])
    assert empty.log_weight([]) == -0.5
    assert not empty.accepts([1])
    assert list(empty.symbols()) == []


def test_symbols_are_those_of_all_arcs_each_once() -> None:
    automaton = Automaton.from_arcs([{7: (1, 0.0), 2: (0, 0.0)}, {7: (0, 0.0)}], [0.0, 0.0])
    assert list(automaton.symbols()) == [2, 7]


def test_an_object_that_lacks_a_question_is_no_grammar() -> None:
    class Endless:
        def start(self) -> int:
            return 0

        def step(self, state: int, symbol: int) -> tuple[int, float]:
            return state, 0.0

    assert not isinstance(Endless(), Grammar)
    assert isinstance(random_arcs(1, 0), Grammar)
