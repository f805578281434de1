"""The probability of a reading, by a second and a third road."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import BLANK
from seqrec.decoding import log_probability


def log_probs_of(frames: int, classes: int, seed: int, sharpness: float = 3.0) -> npt.NDArray[np.float32]:
    """(T, C) after log_softmax."""
    logits = np.random.default_rng(seed).normal(0, sharpness, (frames, classes))
    return (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)


def collapsed(path: tuple[int, ...]) -> tuple[int, ...]:
    """Repeats merged, blanks dropped."""
    return tuple(one for before, one in zip((None, *path), path, strict=False) if one != before and one != BLANK)


@given(frames=st.integers(1, 5), classes=st.integers(2, 3), seed=st.integers(0, 10**6))
def test_every_reading_has_the_sum_of_all_its_paths(frames: int, classes: int, seed: int) -> None:
    log_probs = log_probs_of(frames, classes, seed)
    sums: dict[tuple[int, ...], float] = {}
    for path in product(range(classes), repeat=frames):
        reading = collapsed(path)
        sums[reading] = sums.get(reading, 0.0) + float(np.exp(log_probs[range(frames), path].astype(float).sum()))
    for reading, probability in sums.items():
        assert np.exp(log_probability(log_probs, reading)) == pytest.approx(probability, rel=1e-5)
    assert sum(sums.values()) == pytest.approx(1, abs=1e-5)


@given(seed=st.integers(0, 10**6), symbols=st.lists(st.integers(1, 9), max_size=12))
def test_it_is_what_torchs_ctc_loss_says(seed: int, symbols: list[int]) -> None:
    log_probs = log_probs_of(30, 10, seed)
    loss = torch.nn.functional.ctc_loss(
        torch.from_numpy(log_probs)[:, None],
        torch.tensor([symbols or [0]]),
        torch.tensor([30]),
        torch.tensor([len(symbols)]),
        reduction="none",
    )
    assert log_probability(log_probs, symbols) == pytest.approx(-float(loss), rel=1e-4, abs=1e-4)


def test_reading_that_does_not_fit_is_impossible() -> None:
    log_probs = log_probs_of(3, 3, 1)
    assert log_probability(log_probs, [1, 1]) > -np.inf
    assert log_probability(log_probs, [1, 1, 2]) == -np.inf
    assert log_probability(log_probs, [1, 2, 1, 2]) == -np.inf


def test_nothing_is_read_from_no_frames_for_sure() -> None:
    nothing = np.zeros((0, 3), np.float32)
    assert log_probability(nothing, []) == 0.0
    assert log_probability(nothing, [1]) == -np.inf


def test_empty_reading_is_the_path_of_blanks() -> None:
    log_probs = log_probs_of(6, 4, 2)
    assert log_probability(log_probs, []) == pytest.approx(float(log_probs[:, BLANK].sum()), rel=1e-6)


def test_impossible_classes_make_no_nan() -> None:
    log_probs = np.full((4, 3), -np.inf, np.float32)
    log_probs[:, BLANK] = 0.0
    assert log_probability(log_probs, []) == 0.0
    assert log_probability(log_probs, [1]) == -np.inf


def test_long_sequences_do_not_underflow() -> None:
    log_probs = log_probs_of(5000, 50, 3)
    reading = [1 + number % 49 for number in range(1000)]
    assert -np.inf < log_probability(log_probs, reading) < -5000
