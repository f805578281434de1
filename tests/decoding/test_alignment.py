"""Alignment of a given label against every path, and spans in pixels."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import BLANK, frames_needed
from seqrec.decoding import greedy, log_probability
from seqrec.decoding.alignment import Alignment, align, spans_px
from seqrec.errors import AlphabetError, ShapeError


def posteriors(frames: int, classes: int, seed: int) -> npt.NDArray[np.float32]:
    """(T, C) log-probabilities without ties."""
    return np.log(np.random.default_rng(seed).dirichlet(np.full(classes, 0.5), frames)).astype(np.float32)


def tied_posteriors(frames: int, classes: int, seed: int) -> npt.NDArray[np.float32]:
    """(T, C) log-probabilities of few values, 0 among them, so that most frames have several best classes."""
    weights = np.random.default_rng(seed).integers(0, 3, (frames, classes)).astype(np.float32)
    weights[:, 0] += weights.sum(1) == 0
    with np.errstate(divide="ignore"):
        logs: npt.NDArray[np.float32] = np.log(weights / weights.sum(1, keepdims=True))
    return logs


def runs_of(path: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """(symbol, first frame, one after the last) of each run that is no blank."""
    starts = [frame for frame, symbol in enumerate(path) if frame == 0 or path[frame - 1] != symbol]
    return [
        (path[start], start, stop) for start, stop in zip(starts, [*starts[1:], len(path)], strict=True) if path[start] != BLANK
    ]


def score_of(log_probs: npt.NDArray[np.float32], ids: list[int], found: Alignment) -> float:
    """Log-probability of the path that an alignment describes."""
    path = np.zeros(len(log_probs), int)
    for symbol, (first, stop) in zip(ids, found.frame_spans, strict=True):
        path[first:stop] = symbol
    return float(log_probs[np.arange(len(path)), path].astype(float).sum())


@given(frames=st.integers(1, 5), classes=st.integers(2, 4), tied=st.booleans(), seed=st.integers(0, 10**6))
def test_no_path_of_any_label_is_more_probable(frames: int, classes: int, tied: bool, seed: int) -> None:
    log_probs = (tied_posteriors if tied else posteriors)(frames, classes, seed)
    best: dict[tuple[int, ...], float] = {}
    for path in product(range(classes), repeat=frames):
        label = tuple(symbol for symbol, _, _ in runs_of(path))
        best[label] = max(best.get(label, -np.inf), float(log_probs[range(frames), path].astype(float).sum()))
    for label, probability in best.items():
        found = align(log_probs, label)
        assert found.path_log_probability == pytest.approx(probability, rel=1e-9)
        assert score_of(log_probs, list(label), found) == pytest.approx(probability, rel=1e-9)
        assert found.path_log_probability <= log_probability(log_probs, label) + 1e-6


@given(frames=st.integers(0, 40), classes=st.integers(1, 6), tied=st.booleans(), seed=st.integers(0, 10**6))
def test_greedys_own_ids_get_greedys_own_spans_and_confidences(frames: int, classes: int, tied: bool, seed: int) -> None:
    log_probs = (tied_posteriors if tied else posteriors)(frames, classes, seed)
    read = greedy(log_probs)
    found = align(log_probs, read.ids)
    assert (found.frame_spans, found.confidences) == (read.frame_spans, read.confidences)
    assert found.path_log_probability == pytest.approx(float(log_probs.max(1, initial=-np.inf).astype(float).sum()))


@given(ids=st.lists(st.integers(1, 3), max_size=9), spare=st.integers(0, 9), share=st.floats(0, 0.9), seed=st.integers(0, 10**6))
def test_any_label_that_fits_gets_ordered_spans_with_blanks_between_repeats(
    ids: list[int], spare: int, share: float, seed: int
) -> None:
    frames = frames_needed(ids) + spare
    log_probs = posteriors(frames, 4, seed)
    log_probs[np.random.default_rng(seed).random(log_probs.shape) < share] = -np.inf
    found = align(log_probs, ids)
    assert score_of(log_probs, ids, found) == pytest.approx(found.path_log_probability)
    assert len(found.frame_spans) == len(found.confidences) == len(ids)
    end, before = 0, BLANK
    for symbol, (first, stop), confidence in zip(ids, found.frame_spans, found.confidences, strict=True):
        assert end + (symbol == before) <= first < stop <= frames
        assert confidence == pytest.approx(np.exp(log_probs[first:stop, symbol].max()))
        end, before = stop, symbol


def test_frames_that_one_symbol_must_share_are_divided_at_the_best_place() -> None:
    log_probs = np.log(np.array([[0.1, 0.6, 0.3], [0.1, 0.8, 0.1], [0.1, 0.4, 0.5], [0.5, 0.1, 0.4]], np.float32))
    found = align(log_probs, [1, 2])
    assert found.frame_spans == ((0, 2), (2, 3))
    assert found.path_log_probability == pytest.approx(np.log(0.6 * 0.8 * 0.5 * 0.5))
    assert found.confidences == pytest.approx((0.8, 0.5))


def test_empty_label_is_aligned_to_the_path_of_blanks() -> None:
    log_probs = posteriors(6, 3, 1)
    found = align(log_probs, [])
    assert (found.frame_spans, found.confidences) == ((), ())
    assert found.path_log_probability == pytest.approx(float(log_probs[:, BLANK].sum()))


def test_no_frames_take_the_empty_label_alone() -> None:
    assert align(np.zeros((0, 3), np.float32), []) == Alignment((), 0.0, ())
    with pytest.raises(ShapeError, match="a label of 1 symbols with 0 repeats needs 1 frames, the posteriors have 0"):
        align(np.zeros((0, 3), np.float32), [1])


def test_one_frame_and_one_class() -> None:
    assert align(posteriors(1, 3, 1), [2]).frame_spans == ((0, 1),)
    assert align(np.zeros((4, 1), np.float32), []) == Alignment((), 0.0, ())
    with pytest.raises(AlphabetError, match=r"id 1 cannot be aligned to posteriors of 1 classes; ids are 1\.\.0"):
        align(np.zeros((4, 1), np.float32), [1])


def test_label_that_cannot_fit_is_refused_with_its_frames() -> None:
    assert align(posteriors(6, 3, 1), [1, 1, 2, 2]).frame_spans == ((0, 1), (2, 3), (3, 4), (5, 6))
    with pytest.raises(ShapeError, match=r"a label of 4 symbols with 2 repeats needs 6 frames, the posteriors have 5; widen"):
        align(posteriors(5, 3, 1), [1, 1, 2, 2])


@pytest.mark.parametrize("wrong", [0, 4, -1])
def test_id_that_is_no_symbol_is_refused(wrong: int) -> None:
    with pytest.raises(AlphabetError, match=rf"id {wrong} cannot be aligned to posteriors of 4 classes; ids are 1\.\.3"):
        align(posteriors(9, 4, 1), [1, wrong, 2])


@pytest.mark.parametrize("shape", [(4,), (4, 1, 3), (4, 0)])
def test_posteriors_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"expected \(T, C\), the valid frames of one sample"):
        align(np.zeros(shape, np.float32), [])


@pytest.mark.parametrize(("number", "ids"), [(0, []), (0, [1]), (3, [1, 3])])
def test_nan_in_a_class_of_the_label_is_refused_by_frame_and_class(number: int, ids: list[int]) -> None:
    log_probs = posteriors(5, 4, 1)
    log_probs[2, number] = np.nan
    with pytest.raises(ShapeError, match=f"the log-probability of class {number} at frame 2 is NaN"):
        align(log_probs, ids)


@pytest.mark.parametrize(("value", "told"), [(0.5, "0.5"), (np.inf, "inf")])
def test_scores_that_are_no_log_probabilities_are_refused_and_rounding_is_not(value: float, told: str) -> None:
    log_probs = posteriors(5, 4, 1)
    log_probs[2, 1] = value
    with pytest.raises(ShapeError, match=f"the log-probability of class 1 at frame 2 is {told}; expected at most 0"):
        align(log_probs, [1])
    log_probs[2, 1] = 1e-5
    assert align(log_probs, [1]).confidences == (1.0,)


def test_label_of_probability_0_gets_the_path_with_the_fewest_impossible_frames() -> None:
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.array([[0.1, 0.9, 0.0], [0.8, 0.2, 0.0], [0.2, 0.8, 0.0], [1.0, 0.0, 0.0]], np.float32))
    assert align(log_probs, [1, 2]) == Alignment(((0, 1), (2, 3)), -np.inf, (pytest.approx(0.9), 0.0))  # type: ignore[arg-type]


def test_long_labels_are_aligned_where_they_were_put() -> None:
    rng = np.random.default_rng(5)
    ids = rng.integers(1, 90, 400).tolist()
    path = np.zeros(2000, int)
    path[2::5] = ids
    log_probs = np.full((2000, 90), np.log(0.1 / 89), np.float32)
    log_probs[range(2000), path] = np.log(0.9)
    found = align(log_probs, ids)
    assert found.frame_spans == tuple((5 * place + 2, 5 * place + 3) for place in range(400))


def test_strided_read_only_and_double_posteriors_are_aligned_alike() -> None:
    log_probs = posteriors(12, 5, 3)
    batch = np.repeat(log_probs[:, None], 3, 1)
    batch.flags.writeable = False
    expected = align(log_probs, [1, 2, 2])
    assert align(batch[:, 1], [1, 2, 2]) == expected
    assert align(log_probs.astype(np.float64), np.array([1, 2, 2])) == expected  # type: ignore[arg-type]


def test_span_reaches_half_way_to_the_neighbours() -> None:
    spans = spans_px([(2, 3), (6, 7), (8, 9)], stride_px=4, offset_px=2, scale=1, width_px=60, height_px=32)
    assert spans == ((2, 18), (18, 30), (30, 38))  # middles at 10, 26, 34


def test_spans_are_in_pixels_of_the_given_picture() -> None:
    one = spans_px([(2, 3), (6, 8)], stride_px=4, offset_px=2, scale=1, width_px=60, height_px=32)
    tenfold = spans_px([(2, 3), (6, 8)], stride_px=4, offset_px=2, scale=10, width_px=600, height_px=320)
    assert np.allclose(np.array(one) * 10, tenfold)


def test_gaps_wider_than_the_picture_is_high_belong_to_nobody() -> None:
    spans = spans_px([(2, 3), (50, 51)], stride_px=4, offset_px=2, scale=1, width_px=400, height_px=32)
    assert spans == ((0, 26), (186, 218))  # middles at 10 and 202


def test_lone_symbol_reaches_half_the_height_or_the_pictures_edge() -> None:
    assert spans_px([(10, 11)], stride_px=4, offset_px=2, scale=1, width_px=200, height_px=32) == ((26, 58),)
    assert spans_px([(2, 3)], stride_px=4, offset_px=2, scale=1, width_px=20, height_px=32) == ((0, 20),)


def test_no_symbols_have_no_spans() -> None:
    assert spans_px([], stride_px=4, offset_px=2, scale=1, width_px=20, height_px=32) == ()


@given(
    gaps=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=8),
    scale=st.floats(0.1, 9),
    height=st.integers(1, 300),
)
def test_spans_hold_their_frames_and_never_overlap(gaps: list[tuple[int, int]], scale: float, height: int) -> None:
    frame_spans, end = [], 0
    for gap, length in gaps:
        frame_spans.append((end + gap, end + gap + length))
        end += gap + length
    width = max(round(4 * (end + 1) * scale), 1)
    spans = spans_px(frame_spans, stride_px=4, offset_px=2, scale=scale, width_px=width, height_px=height)
    before = 0.0
    for (first, stop), (left, right) in zip(frame_spans, spans, strict=True):
        assert before <= left + 1e-6
        assert left <= 4 * first * scale + 1e-6
        assert right >= min(4 * stop * scale, width) - 1e-6
        before = right
    assert before <= width
