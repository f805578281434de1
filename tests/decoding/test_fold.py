"""Reading with a smaller alphabet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import BLANK, Alphabet, fold_map
from seqrec.decoding import fold, greedy

LARGE = Alphabet("large", "abAB!")
SMALL = Alphabet("small", "ba", canonical={"A": "a", "B": "b"})


@given(frames=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_probabilities_add_up_class_by_class(frames: int, seed: int) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.full(6, 0.3), frames)
    with np.errstate(divide="ignore"):
        log_probs = np.log(probabilities).astype(np.float32)
    folded = np.exp(fold(log_probs, fold_map(LARGE, SMALL), SMALL.classes).astype(np.float64))
    blank, a, b, upper_a, upper_b, sign = probabilities.T
    np.testing.assert_allclose(folded, np.stack([blank + sign, b + upper_b, a + upper_a], 1), atol=1e-6)
    np.testing.assert_allclose(folded.sum(1), 1, atol=1e-6)


def test_fold_to_the_same_alphabet_changes_nothing() -> None:
    log_probs = np.log(np.random.default_rng(1).dirichlet(np.ones(6), 9)).astype(np.float32)
    np.testing.assert_allclose(fold(log_probs, fold_map(LARGE, LARGE), LARGE.classes), log_probs, atol=1e-5)


def test_case_variants_together_win_over_what_was_best_alone() -> None:
    log_probs = np.log(np.array([[0.1, 0.3, 0.02, 0.2, 0.02, 0.36]], np.float32))
    assert LARGE.decode(greedy(log_probs).ids) == ["!"]
    assert SMALL.decode(greedy(fold(log_probs, fold_map(LARGE, SMALL), SMALL.classes)).ids) == ["a"]


def test_class_that_nothing_folds_to_is_impossible() -> None:
    other = Alphabet("other", "az")
    folded = fold(np.log(np.full((2, 6), 1 / 6, np.float32)), fold_map(LARGE, other), other.classes)
    assert folded[0, 2] == -np.inf
    assert np.exp(folded[:, :2]) == pytest.approx(np.array([[5 / 6, 1 / 6]] * 2))


def test_blank_folds_to_the_blank() -> None:
    assert fold_map(LARGE, SMALL)[BLANK] == BLANK


def test_no_frames_fold_to_no_frames() -> None:
    assert fold(np.zeros((0, 6), np.float32), fold_map(LARGE, SMALL), SMALL.classes).shape == (0, 3)


def test_result_is_float32_and_never_above_0() -> None:
    log_probs = np.log(np.random.default_rng(1).dirichlet(np.ones(6), 500)).astype(np.float32)
    folded = fold(log_probs, [0, 0, 0, 0, 0, 0], 1)
    assert folded.dtype == np.float32
    assert (folded <= 0).all()
