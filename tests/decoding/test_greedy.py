"""Greedy reading against a naive collapse."""

from itertools import groupby

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import BLANK
from seqrec.decoding import greedy, log_probability

paths = st.lists(st.integers(0, 3), min_size=1, max_size=20)


def along(path: list[int], classes: int = 4, share: float = 0.7) -> npt.NDArray[np.float32]:
    """Log-probabilities whose best path is this one."""
    probabilities = np.full((len(path), classes), (1 - share) / (classes - 1))
    probabilities[range(len(path)), path] = share
    return np.log(probabilities).astype(np.float32)


@given(paths)
def test_reading_is_the_best_path_collapsed(path: list[int]) -> None:
    assert list(greedy(along(path)).ids) == [symbol for symbol, _ in groupby(path) if symbol != BLANK]


@given(paths)
def test_spans_are_the_runs_of_frames_of_the_symbols(path: list[int]) -> None:
    found = greedy(along(path))
    assert len(found.frame_spans) == len(found.confidences) == len(found.ids)
    end = 0
    covered = set()
    for symbol, (start, stop) in zip(found.ids, found.frame_spans, strict=True):
        assert end <= start < stop
        assert set(path[start:stop]) == {symbol}
        covered.update(range(start, stop))
        end = stop
    assert covered == {frame for frame, symbol in enumerate(path) if symbol != BLANK}


@given(paths)
def test_probability_is_that_of_the_reading_not_of_the_best_path(path: list[int]) -> None:
    log_probs = along(path)
    found = greedy(log_probs)
    assert found.log_probability == log_probability(log_probs, found.ids)
    assert found.log_probability >= float(log_probs.max(1).sum()) - 1e-4


def test_blank_between_repeats_keeps_both() -> None:
    assert greedy(along([1, 1, 0, 1])).ids == (1, 1)
    assert greedy(along([1, 1, 1])).ids == (1,)
    assert greedy(along([1, 2, 1])).ids == (1, 2, 1)


def test_confidence_of_a_symbol_is_its_surest_frame() -> None:
    log_probs = np.log(np.array([[0.1, 0.6, 0.3], [0.05, 0.9, 0.05], [0.4, 0.3, 0.3], [0.2, 0.3, 0.5]], np.float32))
    found = greedy(log_probs)
    assert found.ids == (1, 2)
    assert found.confidences == pytest.approx((0.9, 0.5))
    assert found.frame_spans == ((0, 2), (3, 4))


def test_blanks_alone_read_as_nothing() -> None:
    found = greedy(along([0, 0, 0]))
    assert (found.ids, found.confidences, found.frame_spans) == ((), (), ())
    assert found.log_probability == pytest.approx(3 * np.log(0.7))


def test_no_frames_read_as_nothing() -> None:
    found = greedy(np.zeros((0, 4), np.float32))
    assert (found.ids, found.log_probability) == ((), 0.0)
