"""The search for grammars that are Python objects: the compiled search by another road, and what only Python can say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.decoding import Grammar, beam_search, log_probability, product, slow_beam_search
from seqrec.decoding.grammar import Walked
from seqrec.decoding.slow_beam import sequence_log_weight
from seqrec.errors import GrammarError
from tests.decoding.conftest import log_probs_of, random_arcs, sequences

WIDE = 4000
Seeds = st.integers(0, 10**6)


class AsManyOnesAsTwos:
    """No finite automaton accepts this language; longer sequences cost more."""

    def start(self) -> tuple[int, int]:
        return 0, 0

    def step(self, state: tuple[int, int], symbol: int) -> tuple[tuple[int, int], float] | None:
        ones, twos = state
        return ((ones + (symbol == 1), twos + (symbol == 2)), -0.25) if symbol < 3 else None

    def final(self, state: tuple[int, int]) -> float:
        return 0.0 if state[0] == state[1] else -math.inf


class Anything:
    """A grammar that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def start(self) -> str:
        return "anything"

    def step(self, state: str, symbol: int) -> tuple[str, float] | None:
        self.asked.append((state, symbol))
        return state, 0.0

    def final(self, state: str) -> float:
        return 0.0


@given(
    frames=st.integers(0, 8), classes=st.integers(1, 5), width=st.integers(1, 30), seed=Seeds, scale=st.sampled_from([0.3, 3.0])
)
def test_without_grammars_it_is_the_compiled_search(frames: int, classes: int, width: int, seed: int, scale: float) -> None:
    log_probs = log_probs_of(frames, classes, seed, scale)
    assert slow_beam_search(log_probs, width, width, likely=0) == beam_search(log_probs, width, width)


@given(
    frames=st.integers(0, 5),
    classes=st.integers(2, 4),
    seed=Seeds,
    scale=st.sampled_from([0.3, 3.0, 300.0]),
    backing_off=st.booleans(),
)
def test_wide_beam_with_grammars_is_the_compiled_search(
    frames: int, classes: int, seed: int, scale: float, backing_off: bool
) -> None:
    log_probs = log_probs_of(frames, classes, seed, scale)
    one, other = (random_arcs(classes - 1, seed + place, backing_off) for place in range(2))
    slow = slow_beam_search(log_probs, WIDE, WIDE, [(one, 1.0), (Walked(other.automaton()), 0.3)], likely=0)
    fast = beam_search(log_probs, WIDE, WIDE, product([(one.automaton(), 1.0), (other.automaton(), 0.3)]))
    assert {each.ids for each in slow} == {each.ids for each in fast}
    assert [each.score for each in slow] == pytest.approx([each.score for each in fast], rel=1e-5, abs=1e-5)


@given(frames=st.integers(1, 5), seed=Seeds)
def test_language_that_is_not_regular_is_searched_exactly(frames: int, seed: int) -> None:
    log_probs = log_probs_of(frames, 4, seed, 1.0)
    expected = {
        ids: log_probability(log_probs, ids) - 0.25 * len(ids)
        for ids in sequences(3, frames)
        if ids.count(1) == ids.count(2) and 3 not in ids and log_probability(log_probs, ids) > -np.inf
    }
    found = slow_beam_search(log_probs, WIDE, WIDE, [(AsManyOnesAsTwos(), 1.0)], likely=0)
    assert {one.ids: one.score for one in found} == pytest.approx(expected)
    assert [one.score for one in found] == sorted(expected.values(), reverse=True)


@given(symbols=st.integers(1, 3), factors=st.lists(st.sampled_from([0.0, 0.3, -1.0]), max_size=2), seed=Seeds)
def test_sequences_are_weighed_as_each_grammar_weighs_them(symbols: int, factors: list[float], seed: int) -> None:
    grammars = [random_arcs(symbols, seed + place) for place in range(len(factors))]
    for ids in sequences(symbols, 4):
        weights = [one.log_weight(ids) for one in grammars]
        accepted = all(weight > -np.inf for weight in weights)
        expected = sum(factor * weight for factor, weight in zip(factors, weights, strict=True)) if accepted else -np.inf
        found = sequence_log_weight(list(zip(grammars, factors, strict=True)), ids)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_grammar_is_asked_once_for_each_state_and_symbol_and_only_for_likely_ones() -> None:
    log_probs = np.full((9, 60), -40.0, np.float32)
    path = [0, 5, 0, 5, 7, 0, 9, 9, 0]
    log_probs[range(9), path] = 0.0
    log_probs[:, 50:58] = np.linspace(-20, -27, 8)  # below a millionth, and still among the first eight
    grammar = Anything()
    (found,) = slow_beam_search(log_probs, 5, 1, [(grammar, 1.0)])
    assert found.ids == (5, 5, 7, 9)
    assert len(set(grammar.asked)) == len(grammar.asked)
    assert {symbol for _, symbol in grammar.asked} == {5, 7, 9, *range(50, 58)}


def test_every_symbol_is_tried_where_all_are_asked_for() -> None:
    grammar = Anything()
    slow_beam_search(log_probs_of(3, 30, 0, 30.0), 2, 1, [(grammar, 1.0)], likely=0)
    assert {symbol for _, symbol in grammar.asked} == set(range(1, 30))


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_no_factor_makes_a_sequence_accepted(factor: float) -> None:
    found = slow_beam_search(log_probs_of(4, 4, 0, 0.3), WIDE, WIDE, [(AsManyOnesAsTwos(), factor)], likely=0)
    assert {one.ids for one in found} == {
        ids for ids in sequences(2, 4) if ids.count(1) == ids.count(2) and log_probability(log_probs_of(4, 4, 0), ids) > -np.inf
    }


def answering(start: object = 0, step: object = (0, 0.0), final: object = 0.0) -> Grammar:
    """A grammar that always gives the same answers."""

    class Fixed:
        def start(self) -> object:
            return start

        def step(self, state: object, symbol: int) -> object:
            return step

        def final(self, state: object) -> object:
            return final

    return Fixed()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        (answering(start=[]), r"grammar Fixed\.start\(\) answered \[\]; expected a hashable state"),
        (answering(step=5), r"grammar Fixed\.step\(0, \d\) answered 5; expected a hashable state and a log-weight, or None"),
        (answering(step=([], 0.0)), r"grammar Fixed\.step\(0, \d\) answered \(\[\], 0\.0\)"),
        (answering(step=(0, "much")), r"grammar Fixed\.step\(0, \d\) answered \(0, 'much'\)"),
        (answering(step=(0, math.nan)), r"grammar Fixed\.step\(0, \d\) answered \(0, nan\)"),
        (answering(step=(0, 0.0, 0.0)), r"grammar Fixed\.step\(0, \d\) answered \(0, 0\.0, 0\.0\)"),
        (answering(final=None), r"grammar Fixed\.final\(0\) answered None; expected a log-weight"),
        (answering(final=math.inf), r"grammar Fixed\.final\(0\) answered inf; expected a log-weight"),
    ],
)
def test_answers_that_are_none_are_told_with_the_grammar_that_gave_them(grammar: Grammar, message: str) -> None:
    with pytest.raises(GrammarError, match=message):
        slow_beam_search(log_probs_of(4, 3, 0), 5, 1, [(grammar, 1.0)])


def test_weight_of_minus_infinity_forbids_as_none_does() -> None:
    found = slow_beam_search(log_probs_of(4, 3, 0), WIDE, WIDE, [(answering(step=(0, -math.inf)), 1.0)], likely=0)
    assert [one.ids for one in found] == [()]
