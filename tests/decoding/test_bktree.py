"""The paper's lexicon mode: the BK-tree against edit distances to every word, its words against the exact search."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from seqrec.alphabet import Alphabet
from seqrec.decoding import BKTree, Entry, Lexicon, greedy, log_probability
from seqrec.errors import GrammarError, ShapeError
from tests.decoding.conftest import ALNUM, WORDS, log_probs_of, pictured, random_entries

ABC = Alphabet("abc", "abc")
Seeds = st.integers(0, 10**6)


def near(lexicon: Lexicon, ids: list[int], delta: int) -> list[int]:
    """The words with a spelling so near, by looking at all of them."""
    return [
        word for word in range(len(lexicon)) if min(Levenshtein.distance(ids, one) for one in lexicon.spellings(word)) <= delta
    ]


@given(seed=Seeds, delta=st.integers(0, 4), ids=st.lists(st.integers(1, 3), max_size=8))
def test_words_near_a_reading_are_those_within_so_many_edits(seed: int, delta: int, ids: list[int]) -> None:
    lexicon = Lexicon.compile(random_entries("abc", seed), ABC)
    assert BKTree(lexicon).near(ids, delta) == near(lexicon, ids, delta)


def test_among_thousands_of_english_words_the_near_ones_are_found() -> None:
    lexicon = Lexicon.compile(WORDS.read_text(encoding="utf-8").split()[:4000], ALNUM, policy="reduce")
    tree = BKTree(lexicon)
    for number, text in enumerate(("street", "hosptal", "xqzzk", "a", "internationalisation")):
        ids = ALNUM.encode(text)
        assert tree.near(ids, number) == near(lexicon, ids, number)


@given(seed=Seeds, frames=st.integers(1, 10), delta=st.integers(0, 3), scale=st.sampled_from([1.0, 10.0, 100.0]))
def test_no_word_is_better_than_the_exact_searchs(seed: int, frames: int, delta: int, scale: float) -> None:
    lexicon = Lexicon.compile(random_entries("abc", seed), ABC)
    log_probs = log_probs_of(frames, 4, seed, scale)
    near_words = set(near(lexicon, list(greedy(log_probs).ids), delta))
    found = BKTree(lexicon).best(log_probs, delta, 100)
    scored = {one.word: one for one in lexicon._scored(log_probs, len(lexicon))}
    assert [one.word for one in found] == [word for word in scored if word in near_words]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one in found:
        assert one.score == pytest.approx(scored[one.word].score, rel=1e-7)
        assert one.log_probability == pytest.approx(scored[one.word].log_probability, rel=1e-7, abs=1e-7)
        assert (one.text, one.ids) == (scored[one.word].text, scored[one.word].ids)
    if found:
        assert sum(one.share for one in found) == pytest.approx(1)
        assert found[0].score <= lexicon.best(log_probs)[0].score + 1e-7 * abs(found[0].score)


@given(seed=Seeds, frames=st.integers(1, 10), n_best=st.integers(1, 5))
def test_with_every_word_near_it_is_the_exact_search(seed: int, frames: int, n_best: int) -> None:
    lexicon = Lexicon.compile(random_entries("abc", seed), ABC)
    log_probs = log_probs_of(frames, 4, seed)
    found, exact = BKTree(lexicon).best(log_probs, 100, n_best), lexicon.best(log_probs, n_best, share=True)
    assert [one.score for one in found] == pytest.approx([one.score for one in exact], rel=1e-7, abs=1e-7)
    assert [one.share for one in found] == pytest.approx([one.share for one in exact], rel=2e-3)


def test_misread_word_is_found_within_its_edits_and_not_within_fewer() -> None:
    lexicon = Lexicon.compile(["street", "strict", "tree"], ALNUM)
    log_probs = pictured(ALNUM.encode("stxeat"), ALNUM.classes, np.random.default_rng(1), mistaken=0)
    assert greedy(log_probs).ids == tuple(ALNUM.encode("stxeat"))
    assert BKTree(lexicon).best(log_probs, 1) == []
    assert BKTree(lexicon).best(log_probs, 2)[0].text == "street"
    assert BKTree(lexicon).best(log_probs)[0].text == "street"


def test_empty_reading_is_near_the_short_words() -> None:
    lexicon = Lexicon.compile(["a", "bb", "ccc"], ABC)
    blanks = np.log(np.array([[0.97, 0.01, 0.01, 0.01]] * 5, np.float32))
    assert greedy(blanks).ids == ()
    assert BKTree(lexicon).best(blanks, 0) == []
    assert [one.text for one in BKTree(lexicon).best(blanks, 2, 9)] == ["a", "bb"]
    assert BKTree(lexicon).best(blanks[:0], 2) == []


def test_weights_and_all_spellings_count() -> None:
    lexicon = Lexicon.compile([Entry("x", ("ab", "cc"), 3.0), Entry("y", ("abc",), 1.0)], ABC)
    log_probs = log_probs_of(5, 4, 2, 1.0)
    found = {one.text: one for one in BKTree(lexicon).best(log_probs, 9, 2)}
    both = np.logaddexp(log_probability(log_probs, (1, 2)), log_probability(log_probs, (3, 3)))
    assert found["x"].log_probability == pytest.approx(both)
    assert found["x"].score == pytest.approx(both + math.log(3))


def test_one_word_is_a_tree_too() -> None:
    tree = BKTree(Lexicon.compile(["abc"], ABC))
    assert [tree.near([1, 2], delta) for delta in (0, 1)] == [[], [0]]


def test_options_out_of_range_and_wrong_posteriors_are_refused() -> None:
    tree = BKTree(Lexicon.compile(["abc"], ABC))
    with pytest.raises(GrammarError, match="delta is -1 and n_best 1; expected a number of edits, 0 or more, and at least 1"):
        tree.best(log_probs_of(3, 4, 0), -1)
    with pytest.raises(GrammarError, match="n_best 0"):
        tree.best(log_probs_of(3, 4, 0), 3, 0)
    with pytest.raises(ShapeError, match="posteriors of 3 classes; expected 4"):
        tree.best(log_probs_of(3, 3, 0))
