"""Trust in confidences, against slow direct sums and readings whose confidences are exact."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.errors import DataError, ShapeError
from seqrec.reliability import (
    expected_calibration_error,
    reliability_bins,
    risk_coverage,
    threshold_for,
    upper_bound,
)

# Few different confidences, so that there are many ties.
readings = st.lists(st.tuples(st.integers(0, 12).map(lambda twelfth: twelfth / 12), st.booleans()), min_size=1, max_size=60)
Readings = list[tuple[float, bool]]


def parted(pairs: Readings) -> tuple[list[float], list[bool]]:
    return [confidence for confidence, _ in pairs], [right for _, right in pairs]


def honest(count: int, seed: int = 0, sharpness: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that are exact: of those at 0.8, four of five are right."""
    rng = np.random.default_rng(seed)
    confidences = rng.random(count) ** sharpness
    return confidences, rng.random(count) < confidences


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80, unique_by=lambda pair: pair[0]))
def test_calibration_error_is_the_direct_sum_over_bins(pairs: Readings) -> None:
    ordered = sorted(pairs)
    count = min(15, len(ordered))
    smaller, larger = divmod(len(ordered), count)
    total, start = 0.0, 0
    for number in range(count):
        some = ordered[start : start + smaller + (number < larger)]
        start += len(some)
        gap = sum(right for _, right in some) / len(some) - sum(confidence for confidence, _ in some) / len(some)
        total += len(some) / len(ordered) * abs(gap)
    assert expected_calibration_error(*parted(pairs)) == pytest.approx(total, abs=1e-12)


@given(readings, st.randoms(use_true_random=False))
def test_order_of_the_readings_does_not_matter(pairs: Readings, random: "np.random.Generator") -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert expected_calibration_error(*parted(shuffled)) == pytest.approx(expected_calibration_error(*parted(pairs)))
    assert risk_coverage(*parted(shuffled)).area == pytest.approx(risk_coverage(*parted(pairs)).area)


@pytest.mark.parametrize("count", [300, 3_000, 100_000])
def test_exact_confidences_have_no_more_error_than_chance_gives(count: int) -> None:
    confidences, right = honest(count)
    # Each bin's gap is the mean of independent errors of variance c (1 - c); the mean of its size is sqrt(2 / pi) deviations.
    bins = np.array_split(np.sort(confidences), 15)
    chance = sum(math.sqrt(2 / math.pi * float((some * (1 - some)).sum())) for some in bins) / count
    found = expected_calibration_error(confidences, right)
    assert 0.5 * chance < found < 1.6 * chance


def test_confidences_that_are_too_high_cost_what_they_are_too_high() -> None:
    confidences, right = honest(50_000)
    assert expected_calibration_error(np.minimum(confidences + 0.1, 1.0), right) == pytest.approx(
        float(np.mean(np.minimum(confidences + 0.1, 1.0) - confidences)), abs=0.01
    )


def test_bins_are_of_equal_size_and_rising_confidence() -> None:
    confidences, right = honest(1_000)
    bins = reliability_bins(confidences, right)
    assert [one.samples for one in bins] == [67] * 10 + [66] * 5
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)
    assert sum(one.samples * one.accuracy for one in bins) == pytest.approx(right.sum())


@given(readings)
def test_risk_and_coverage_are_those_of_every_threshold_tried(pairs: Readings) -> None:
    curve = risk_coverage(*parted(pairs))
    assert curve.thresholds.tolist() == sorted({confidence for confidence, _ in pairs}, reverse=True)
    for threshold, coverage, risk in zip(curve.thresholds, curve.coverage, curve.risk, strict=True):
        accepted = [right for confidence, right in pairs if confidence >= threshold]
        assert coverage == len(accepted) / len(pairs)
        assert risk == accepted.count(False) / len(accepted)


@given(readings.filter(lambda pairs: len(pairs) < 8), st.integers(0, 1_000))
def test_area_is_the_mean_over_orders_of_equal_confidences(pairs: Readings, seed: int) -> None:
    total = Fraction(0)
    for accepted in range(1, len(pairs) + 1):
        above = sorted({confidence for confidence, _ in pairs}, reverse=True)
        wrong, taken = Fraction(0), 0
        for level in above:  # whole groups while they fit, then that part of the next one's wrong readings which is due
            group = [right for confidence, right in pairs if confidence == level]
            some = min(len(group), accepted - taken)
            wrong += Fraction(group.count(False) * some, len(group))
            taken += some
        total += wrong / accepted
    assert risk_coverage(*parted(pairs)).area == pytest.approx(float(total / len(pairs)))


def test_area_is_zero_without_errors_and_least_when_errors_come_last() -> None:
    right = [True] * 5 + [False] * 5
    assert risk_coverage([0.9] * 10, [True] * 10).area == 0
    falling = np.linspace(0.9, 0.1, 10)
    assert risk_coverage(falling, right).area < risk_coverage([0.5] * 10, right).area < risk_coverage(falling[::-1], right).area


@given(readings, st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
def test_threshold_is_the_lowest_that_keeps_the_risk(pairs: Readings, risk: float) -> None:
    found = threshold_for(*parted(pairs), risk)
    allowed = []
    for threshold in {confidence for confidence, _ in pairs}:
        accepted = [right for confidence, right in pairs if confidence >= threshold]
        if accepted.count(False) <= risk * len(accepted):
            allowed.append(threshold)
    if not allowed:
        assert found is None
        return
    assert found is not None
    accepted = [right for confidence, right in pairs if confidence >= min(allowed)]
    assert (found.accepted, found.wrong, found.samples) == (len(accepted), accepted.count(False), len(pairs))
    assert [right for confidence, right in pairs if confidence >= found.value] == accepted
    assert found.coverage + found.left == 1


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_short_threshold_accepts_what_the_long_one_does(pairs: Readings) -> None:
    found = threshold_for(*parted(pairs), 0.2)
    if found is not None:
        assert sum(confidence >= found.value for confidence, _ in pairs) == found.accepted
        assert found.value <= min([confidence for confidence, _ in pairs if confidence >= found.value])


def test_threshold_of_few_digits_is_found() -> None:
    found = threshold_for([0.98765, 0.9123456, 0.871234, 0.2], [True, True, True, False])
    assert found is not None
    assert found.value == 0.8


def test_guaranteed_threshold_asks_more_and_few_readings_give_none() -> None:
    confidences, right = honest(20_000, sharpness=0.02)
    plain, sure = threshold_for(confidences, right, 0.01), threshold_for(confidences, right, 0.01, guaranteed=True)
    assert plain is not None
    assert sure is not None
    assert sure.value > plain.value
    assert sure.at_most <= 0.01 < plain.at_most
    assert threshold_for([0.9] * 100, [True] * 100, 0.01, guaranteed=True) is None  # none of 100 wrong: may be 3 % all the same
    assert threshold_for([0.9] * 299, [True] * 299, 0.01, guaranteed=True) is not None


@pytest.mark.parametrize(("wrong", "samples"), [(0, 1), (0, 300), (3, 500), (40, 50), (99, 100), (1_500, 20_000)])
def test_upper_bound_leaves_five_percent_by_exact_sums(wrong: int, samples: int) -> None:
    share = upper_bound(wrong, samples)
    assert wrong / samples < share < 1
    log_factorials = [math.lgamma(number + 1) for number in range(samples + 1)]
    below = sum(
        math.exp(
            log_factorials[samples] - log_factorials[count] - log_factorials[samples - count]
            + count * math.log(share) + (samples - count) * math.log1p(-share)
        )
        for count in range(wrong + 1)
    )  # fmt: skip
    assert below == pytest.approx(0.05, rel=1e-6)


def test_upper_bound_of_nothing_but_errors_is_one() -> None:
    assert upper_bound(7, 7) == upper_bound(0, 0) == 1


@pytest.mark.parametrize("function", [expected_calibration_error, risk_coverage, threshold_for, reliability_bins])
@pytest.mark.parametrize(
    ("confidences", "right", "kind", "message"),
    [
        ([], [], DataError, "there are no readings to judge confidences by; read at least one labelled picture"),
        ([0.5, math.nan], [True, False], DataError, "confidence nan of reading 1 is no probability; expected 0..1"),
        ([1.5], [True], DataError, "confidence 1.5 of reading 0 is no probability"),
        ([0.5, -0.1], [True, True], DataError, "confidence -0.1 of reading 1 is no probability"),
        ([0.5], [True, False], ShapeError, r"confidences of shape \(1,\) for outcomes of shape \(2,\); expected \(n,\) for both"),
        ([[0.5]], [[True]], ShapeError, r"shape \(1, 1\)"),
    ],
)
def test_bad_input_is_named(
    function: "type", confidences: list[float], right: list[bool], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        function(confidences, right)


def test_bins_and_risks_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="0 bins: expected at least 1"):
        expected_calibration_error([0.5], [True], bins=0)
    with pytest.raises(DataError, match="risk 1.5 is no share of readings; expected 0..1"):
        threshold_for([0.5], [True], risk=1.5)
