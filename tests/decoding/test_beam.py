"""Beam search against every sequence there is, free and held by grammars."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet, frames_needed
from seqrec.decoding import Automaton, Entry, Lexicon, beam_search, log_probability, product, slow_beam_search
from seqrec.decoding.beam import sequence_log_weights
from seqrec.errors import GrammarError
from tests.decoding.conftest import Arcs, LogProbs, log_probs_of, random_arcs, sequences

WIDE = 4000
FAR = 1 << 30

Seeds = st.integers(0, 10**6)
Scales = st.sampled_from([0.3, 1.0, 3.0, 30.0, 300.0])
Impossible = st.sampled_from([0.0, 0.0, 0.2])


def every_score(log_probs: LogProbs, weighted: list[tuple[Arcs, float]]) -> dict[tuple[int, ...], float]:
    """Log-probability and weighted log-weights of every sequence that is possible and accepted, best first."""
    frames, classes = log_probs.shape
    scores = {}
    for ids in sequences(classes - 1, frames):
        weights = [arcs.log_weight(ids) for arcs, _ in weighted]
        probability = log_probability(log_probs, ids)
        if probability > -np.inf and all(weight > -np.inf for weight in weights):
            scores[ids] = probability + sum(factor * weight for (_, factor), weight in zip(weighted, weights, strict=True))
    return dict(sorted(scores.items(), key=lambda one: -one[1]))


@given(frames=st.integers(0, 6), classes=st.integers(1, 4), n_best=st.integers(1, 5), scale=Scales, none=Impossible, seed=Seeds)
def test_wide_beam_finds_the_best_of_all_sequences(
    frames: int, classes: int, n_best: int, scale: float, none: float, seed: int
) -> None:
    log_probs = log_probs_of(frames, classes, seed, scale, none)
    scores = every_score(log_probs, [])
    found = beam_search(log_probs, WIDE, n_best)
    assert [one.score for one in found] == pytest.approx(list(scores.values())[:n_best], rel=1e-9, abs=1e-9)
    for one in found:
        assert one.score == one.log_probability == pytest.approx(scores[one.ids], rel=1e-9, abs=1e-9)


@given(frames=st.integers(1, 5), classes=st.integers(2, 4), scale=st.sampled_from([0.3, 3.0]), seed=Seeds)
def test_wide_beam_finds_every_sequence_once_and_their_probabilities_add_up_to_one(
    frames: int, classes: int, scale: float, seed: int
) -> None:
    found = beam_search(log_probs_of(frames, classes, seed, scale), WIDE, WIDE)
    assert {one.ids for one in found} == {ids for ids in sequences(classes - 1, frames) if frames_needed(ids) <= frames}
    assert len({one.ids for one in found}) == len(found)
    assert sum(math.exp(one.log_probability) for one in found) == pytest.approx(1, abs=1e-5)


@given(
    frames=st.integers(0, 5),
    classes=st.integers(2, 4),
    grammars=st.integers(1, 3),
    backing_off=st.booleans(),
    n_best=st.sampled_from([1, 3, WIDE]),
    scale=Scales,
    none=Impossible,
    seed=Seeds,
)
@example(frames=4, classes=3, grammars=2, backing_off=True, n_best=WIDE, scale=300.0, none=0.0, seed=1)
def test_wide_beam_with_grammars_finds_the_best_of_all_sequences_that_every_one_accepts(
    frames: int, classes: int, grammars: int, backing_off: bool, n_best: int, scale: float, none: float, seed: int
) -> None:
    log_probs = log_probs_of(frames, classes, seed, scale, none)
    factors = np.random.default_rng(seed).choice([0.0, 0.3, 1.0, 2.0, -0.5], grammars)
    weighted = [(random_arcs(classes - 1, seed + place, backing_off), float(factor)) for place, factor in enumerate(factors)]
    scores = every_score(log_probs, weighted)
    found = beam_search(log_probs, WIDE, n_best, product([(arcs.automaton(), factor) for arcs, factor in weighted]))
    assert [one.score for one in found] == pytest.approx(list(scores.values())[:n_best], rel=1e-5, abs=1e-5)
    assert len({one.ids for one in found}) == len(found)
    for one in found:
        assert one.score == pytest.approx(scores[one.ids], rel=1e-5, abs=1e-5)
        assert one.log_probability == log_probability(log_probs, one.ids)


@given(symbols=st.integers(1, 3), factors=st.lists(st.sampled_from([0.0, 0.3, 1.0, -1.0]), max_size=3), seed=Seeds)
def test_sequences_are_weighed_as_each_grammar_weighs_them(symbols: int, factors: list[float], seed: int) -> None:
    weighted = [(random_arcs(symbols, seed + place, backing_off=True), factor) for place, factor in enumerate(factors)]
    every = list(sequences(symbols, 4))
    ids, first = np.array([one for ids in every for one in ids], np.int32), np.cumsum([0, *map(len, every)])
    found = sequence_log_weights(product([(arcs.automaton(), factor) for arcs, factor in weighted]), ids, first)
    for one, weight in zip(every, found, strict=True):
        weights = [arcs.log_weight(one) for arcs, _ in weighted]
        accepted = all(weight > -np.inf for weight in weights)
        expected = sum(factor * weight for factor, weight in zip(factors, weights, strict=True)) if accepted else -np.inf
        assert weight == pytest.approx(expected, rel=1e-5, abs=1e-5)


@given(seed=Seeds, symbols=st.integers(1, 3), backing_off=st.booleans())
def test_distance_to_an_end_is_never_more_than_the_fewest_symbols(seed: int, symbols: int, backing_off: bool) -> None:
    arcs = random_arcs(symbols, seed, backing_off)
    found = product([(arcs.automaton(), 1.0)]).distance
    fewest = [0 if end > -np.inf else FAR for end in arcs.ends]
    for _ in arcs.ends:  # a shortest way leads through each state at most once
        for state in range(len(arcs.ends)):
            steps = [arcs.step(state, symbol) for symbol in range(1, symbols + 1)]
            fewest[state] = min([fewest[state], *(1 + fewest[step[0]] for step in steps if step is not None)])
    if backing_off:
        assert (found <= np.array(fewest)).all()
    else:
        assert np.where(found >= FAR, FAR, found).tolist() == [min(one, FAR) for one in fewest]


def test_narrow_beam_gives_up_prefixes_that_cannot_end_in_time() -> None:
    chain = Automaton.from_arcs([{1: (1, 0.0)}, {2: (2, 0.0)}, {1: (3, 0.0)}, {2: (4, 0.0)}, {}], [-np.inf] * 4 + [0.0])
    log_probs = np.log(np.array([[0.98, 0.01, 0.01]] * 6, np.float32))  # blanks all along: nothing to be read
    (found,) = beam_search(log_probs, 1, 1, product([(chain, 1.0)]))
    assert found.ids == (1, 2, 1, 2)
    assert found.log_probability == log_probability(log_probs, found.ids)


def test_narrow_beam_keeps_no_place_for_prefixes_that_cannot_end_in_time() -> None:
    arcs = [{1: (1, 0.0), 2: (3, 0.0)}, {1: (2, 0.0)}, {1: (3, 0.0)}, {}]  # three of the one, or one of the other
    either = Automaton.from_arcs(arcs, [-np.inf, -np.inf, -np.inf, 0.0])
    log_probs = np.log(np.array([[0.09, 0.9, 0.01]] * 2, np.float32))
    (found,) = beam_search(log_probs, 1, 1, product([(either, 1.0)]))
    assert found.ids == (2,)


@given(frames=st.integers(1, 12), width=st.integers(1, 6), n_best=st.integers(1, 8), seed=Seeds)
def test_narrow_beam_gives_different_readings_in_the_order_of_their_true_probabilities(
    frames: int, width: int, n_best: int, seed: int
) -> None:
    log_probs = log_probs_of(frames, 5, seed, 1.0)
    found = beam_search(log_probs, width, n_best)
    assert 1 <= len(found) <= min(width, n_best)
    assert [one.log_probability for one in found] == [log_probability(log_probs, one.ids) for one in found]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len({one.ids for one in found}) == len(found)
    assert sum(math.exp(one.log_probability) for one in found) <= 1 + 1e-5


@given(seed=Seeds, frames=st.integers(1, 8), scale=st.sampled_from([0.3, 3.0, 30.0, 300.0]))
def test_lexicon_as_a_grammar_gives_the_words_of_the_exact_search(seed: int, frames: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    words = sorted({"".join(rng.choice(list("abc"), rng.integers(1, 5))) for _ in range(15)})
    lexicon = Lexicon.compile([Entry(word, weight=float(10 ** rng.uniform(-2, 2))) for word in words], Alphabet("abc", "abc"))
    log_probs = log_probs_of(frames, 4, seed, scale)
    exact = lexicon.best(log_probs, 5)
    found = beam_search(log_probs, 500, 5, product([(lexicon.automaton, 1.0)]))
    assert [one.score for one in found] == pytest.approx([one.score for one in exact], rel=1e-6, abs=1e-6)
    assert [one.log_probability for one in found] == pytest.approx([one.log_probability for one in exact], rel=1e-6, abs=1e-6)


def test_grammar_that_allows_only_the_improbable_is_obeyed() -> None:
    only_ab = Automaton.from_arcs([{1: (1, 0.0)}, {2: (2, 0.0)}, {}], [-np.inf, -np.inf, 0.0])
    log_probs = np.array([[-900, -2000, -2000, 0]] * 3, np.float32)
    (found,) = beam_search(log_probs, 10, 1, product([(only_ab, 1.0)]))
    assert found.ids == (1, 2)
    assert found.log_probability == log_probability(log_probs, (1, 2)) < -4000


@pytest.mark.parametrize("factor", [0.0, 1.0, -1.0])
def test_no_factor_makes_a_sequence_accepted(factor: float) -> None:
    even = Automaton.from_arcs([{1: (1, 0.0), 2: (1, -np.inf)}, {1: (0, 0.0)}], [0.0, -np.inf])
    found = beam_search(log_probs_of(5, 3, 0, 0.3), WIDE, WIDE, product([(even, factor)]))
    assert {one.ids for one in found} == {(), (1, 1)}  # four symbols would need seven frames


def test_with_symbols_by_the_hundred_improbable_ones_are_not_tried_and_nothing_is_lost_by_it() -> None:
    for seed in range(3):
        log_probs = log_probs_of(5, 300, seed, 1.0)
        found, slow = beam_search(log_probs, 6, 3), slow_beam_search(log_probs, 6, 3, likely=0)
        assert [one.ids for one in found] == [one.ids for one in slow]
    steep = np.full((1, 300), -40.0, np.float32)
    steep[0, [0, 7, 8, 9]] = -1, 0, -15, -18  # a ten-millionth is exp(-16.1)
    assert [one.ids for one in beam_search(steep, 400, 400)] == [(7,), (), (8,)]


def test_states_of_several_grammars_do_not_mix() -> None:
    first = Automaton.from_arcs([{1: (0, -1.0), 2: (0, -2.0)}], [-0.5])
    second = Automaton.from_arcs([{1: (1, -4.0)}, {2: (0, -8.0)}], [-16.0, -32.0])
    log_probs = log_probs_of(2, 3, 0)
    found = beam_search(log_probs, WIDE, WIDE, product([(first, 1.0), (second, 0.5)]))
    weights = {one.ids: one.score - one.log_probability for one in found}
    assert weights == pytest.approx({(): -0.5 - 8, (1,): -1 - 2 - 0.5 - 16, (1, 2): -3 - 6 - 0.5 - 8})


def test_grammar_that_accepts_nothing_leaves_nothing() -> None:
    nothing = Automaton.from_arcs([{1: (0, 0.0)}], [-np.inf])
    assert beam_search(log_probs_of(4, 3, 0), 10, 1, product([(nothing, 1.0)])) == []
    assert beam_search(np.zeros((0, 3), np.float32), 10, 1, product([(nothing, 1.0)])) == []


def test_grammar_of_symbols_that_the_posteriors_lack_accepts_what_is_left() -> None:
    either = Automaton.from_arcs([{1: (1, 0.0), 900: (1, 0.0)}, {}], [-np.inf, 0.0])
    assert [one.ids for one in beam_search(log_probs_of(4, 3, 0), 10, 5, product([(either, 1.0)]))] == [(1,)]


@pytest.mark.parametrize(("width", "n_best"), [(0, 1), (-3, 1), (5, 0)])
def test_beam_that_holds_nothing_is_refused(width: int, n_best: int) -> None:
    with pytest.raises(GrammarError, match=f"beam width {width} and n_best {n_best}: expected at least 1 of each"):
        beam_search(log_probs_of(3, 3, 0), width, n_best)
    with pytest.raises(GrammarError, match=f"beam width {width} and n_best {n_best}: expected at least 1 of each"):
        slow_beam_search(log_probs_of(3, 3, 0), width, n_best)
