"""How far confidences can be trusted: do they come true, and what do thresholds on them keep and leave. numpy alone."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqrec.errors import DataError, ShapeError

BINS = 15
"""Bins of the expected calibration error."""

_LEVEL = 0.95  # of the upper bounds


@dataclass(frozen=True)
class Bin:
    """Readings of like confidence.

    Attributes:
        samples: How many there are.
        confidence: Their mean confidence, 0..1.
        accuracy: Share of them that is right, 0..1.
    """

    samples: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """What every threshold on the confidence accepts; readings of equal confidence are accepted together.

    Attributes:
        thresholds: The different confidences, highest first, (k,).
        accepted: Readings at or above each of them, (k,), int64; the last is all of them.
        wrong: Wrong ones among these, (k,), int64.
    """

    thresholds: npt.NDArray[np.float64]
    accepted: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.int64]

    @property
    def coverage(self) -> npt.NDArray[np.float64]:
        """Share of all readings that each threshold accepts, (k,), 0..1."""
        return np.asarray(self.accepted / self.accepted[-1], np.float64)

    @property
    def risk(self) -> npt.NDArray[np.float64]:
        """Share of the accepted ones that is wrong, (k,), 0..1."""
        return np.asarray(self.wrong / self.accepted, np.float64)

    @property
    def area(self) -> float:
        """Area under risk over coverage, 0..1: the mean risk of the 1, 2, … n most confident readings. Less is better.

        Source:
            Geifman, Uziel, El-Yaniv 2019, "Bias-reduced uncertainty estimation for deep neural classifiers". Where readings are
            of equal confidence they have no order; we take the mean over all their orders.
        """
        sizes = np.diff(self.accepted, prepend=0)
        wrong = np.cumsum(np.repeat(np.diff(self.wrong, prepend=0) / sizes, sizes))
        return float(np.mean(wrong / np.arange(1, len(wrong) + 1)))


@dataclass(frozen=True)
class Threshold:
    """What accepting only confident readings does.

    Attributes:
        risk: Share of wrong readings that was asked for, 0..1.
        value: Readings of at least this confidence are accepted, 0..1.
        accepted: How many of the readings measured that are.
        wrong: How many of these are wrong.
        samples: Readings measured.
    """

    risk: float
    value: float
    accepted: int
    wrong: int
    samples: int

    @property
    def coverage(self) -> float:
        """Share of readings accepted, 0..1."""
        return self.accepted / self.samples

    @property
    def left(self) -> float:
        """Share of readings that is left to a person, 0..1."""
        return 1 - self.coverage

    @property
    def share_wrong(self) -> float:
        """Share of the accepted readings that is wrong, 0..1."""
        return self.wrong / self.accepted

    @property
    def at_most(self) -> float:
        """Upper end of the one-sided 95 % confidence interval of `share_wrong`, 0..1: what so few readings cannot exclude.

        The bound takes the threshold for given. As it was chosen on the same readings, the truth lies above it a little more
        often than in 5 % of cases.
        """
        return upper_bound(self.wrong, self.accepted)

    def as_dict(self) -> dict[str, float | int]:
        """Plain values for JSON."""
        return {
            "risk": self.risk,
            "threshold": self.value,
            "coverage": self.coverage,
            "left": self.left,
            "accepted": self.accepted,
            "wrong": self.wrong,
            "share_wrong": self.share_wrong,
            "at_most": self.at_most,
        }


def tempered(probability: float, temperature: float = 1.0) -> float:
    """Confidence of a reading: the odds that it is right, to the power of 1 / temperature, as a probability.

    It rises with the probability at any temperature, so that the order of readings stays; so do 0, 0.5 and 1.

    Args:
        probability: p(reading | picture), 0..1.
        temperature: Above 0; 1 changes nothing, less makes confidences more extreme, more brings them nearer to 0.5.

    Returns:
        0..1.

    Source:
        Guo et al. 2017, "On calibration of modern neural networks", temperature scaling. They divide the logits of one class
        among many; ours are those of the reading's being right or not, which keeps the order of readings.

    Example:
        >>> [round(tempered(0.8, temperature), 3) for temperature in (1, 0.5, 2)]
        [0.8, 0.941, 0.667]
    """
    if temperature == 1 or probability <= 0 or probability >= 1:
        return probability
    log_odds = (math.log(probability) - math.log1p(-probability)) / temperature
    small = math.exp(-abs(log_odds))
    return 1 / (1 + small) if log_odds > 0 else small / (1 + small)


def reliability_bins(confidences: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS) -> list[Bin]:
    """Readings sorted by confidence and cut into bins of equal size, least confident first.

    Where a cut goes through readings of equal confidence, each side gets its share of the right ones, so that the order in which
    readings come does not matter.

    Args:
        confidences: 0..1, (n,).
        right: Whether each reading is right, (n,).
        bins: How many, at most n.

    Raises:
        DataError: No readings, a confidence that is no probability, or no bins.
        ShapeError: Not as many of the one as of the other.
    """
    if bins < 1:
        raise DataError(f"{bins} bins: expected at least 1")
    values, outcomes = checked_outcomes(confidences, right)
    levels, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    shares = np.bincount(place, outcomes) / counts
    cuts = np.array_split(np.repeat(np.arange(len(levels)), counts), min(bins, len(values)))
    return [Bin(len(cut), float(levels[cut].mean()), float(shares[cut].mean())) for cut in cuts]


def expected_calibration_error(confidences: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS) -> float:
    """Mean distance of confidence and accuracy over bins of equal size, 0..1. Arguments as of `reliability_bins`.

    A reader whose confidences are exact has not 0, as its readings come out right by chance: about 0.01 on 2,000 readings.

    Source:
        Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning". Our bins are of equal
        size, not of equal width: where most confidences are near 1, equal widths put nearly all readings into one bin.

    Example:
        >>> expected_calibration_error([0.25, 0.25, 0.75, 0.75], [False, False, True, True], bins=2)
        0.25
    """
    found = reliability_bins(confidences, right, bins)
    return sum(one.samples * abs(one.accuracy - one.confidence) for one in found) / sum(one.samples for one in found)


def risk_coverage(confidences: npt.ArrayLike, right: npt.ArrayLike) -> RiskCoverage:
    """What every threshold accepts, and how much of that is wrong. Arguments and errors as of `reliability_bins`.

    Example:
        >>> curve = risk_coverage([0.9, 0.8, 0.8, 0.3], [True, True, False, False])
        >>> curve.coverage.tolist(), curve.wrong.tolist()
        ([0.25, 0.75, 1.0], [0, 1, 2])
    """
    values, outcomes = checked_outcomes(confidences, right)
    levels, place, counts = np.unique(-values, return_inverse=True, return_counts=True)
    wrong = np.cumsum(np.bincount(place, ~outcomes)).astype(np.int64)
    return RiskCoverage(-levels, np.cumsum(counts).astype(np.int64), wrong)


def threshold_for(
    confidences: npt.ArrayLike, right: npt.ArrayLike, risk: float = 0.01, *, guaranteed: bool = False
) -> Threshold | None:
    """The lowest threshold whose accepted readings have at most a share of wrong ones; None where no threshold has.

    Args:
        confidences: 0..1, (n,).
        right: Whether each reading is right, (n,).
        risk: Largest share of wrong ones among the accepted, 0..1.
        guaranteed: Ask it of `Threshold.at_most` instead of the share found: a stricter threshold, for few readings by far.

    Returns:
        Its `value` is a decimal fraction of as few digits as accept the same readings.

    Raises:
        DataError: No readings, or a confidence or risk that is no probability.
        ShapeError: Not as many confidences as outcomes.

    Example:
        >>> threshold_for([0.9, 0.8, 0.7, 0.3], [True, True, True, False], risk=0.1).value
        0.7
    """
    if not 0 <= risk <= 1:
        raise DataError(f"risk {risk} is no share of readings; expected 0..1, as 0.01 for one wrong in a hundred")
    curve = risk_coverage(confidences, right)
    for place in np.flatnonzero(curve.risk <= risk)[::-1]:
        accepted, wrong = int(curve.accepted[place]), int(curve.wrong[place])
        if not guaranteed or _log_at_most(wrong, accepted, risk) <= math.log(1 - _LEVEL):
            rejected = float(curve.thresholds[place + 1]) if place + 1 < len(curve.thresholds) else -1.0
            value = _shortest(rejected, float(curve.thresholds[place]))
            return Threshold(risk, value, accepted, wrong, int(curve.accepted[-1]))
    return None


def upper_bound(wrong: int, samples: int) -> float:
    """Upper end of the one-sided 95 % confidence interval of a share, 0..1; 1 for no samples.

    Source:
        Clopper, Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial".

    Example:
        >>> round(upper_bound(0, 300), 4)  # the rule of three: 3 / 300
        0.0099
    """
    if wrong >= samples:
        return 1.0
    low, high = wrong / samples, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        if _log_at_most(wrong, samples, middle) > math.log(1 - _LEVEL):
            low = middle
        else:
            high = middle
    return high


def _log_at_most(wrong: int, samples: int, share: float) -> float:
    """Log of the probability that at most `wrong` of `samples` are wrong where each is with probability `share`."""
    if share <= 0 or wrong >= samples:
        return 0.0
    if share >= 1:
        return -math.inf
    counts = np.arange(1, wrong + 1)
    steps = np.log((samples - counts + 1) / counts) + math.log(share) - math.log1p(-share)
    terms = np.concatenate([[0.0], np.cumsum(steps)])
    return samples * math.log1p(-share) + float(np.logaddexp.reduce(terms))


def _shortest(low: float, high: float) -> float:
    """A decimal fraction above `low` and at most `high`, of as few digits as there is one."""
    for digits in range(1, 17):
        value: float = math.floor(high * 10**digits) / 10**digits
        if low < value <= high:
            return value
    return high


def checked_outcomes(confidences: npt.ArrayLike, right: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Confidences and whether their readings are right, (n,) both, n at least 1.

    Raises:
        DataError: No readings, or a confidence that is no probability.
        ShapeError: Not as many of the one as of the other.
    """
    values, outcomes = np.asarray(confidences, np.float64), np.asarray(right, np.bool_)
    if values.shape != outcomes.shape or values.ndim != 1:
        raise ShapeError(f"confidences of shape {values.shape} for outcomes of shape {outcomes.shape}; expected (n,) for both")
    if not len(values):
        raise DataError("there are no readings to judge confidences by; read at least one labelled picture")
    odd = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if len(odd):
        raise DataError(
            f"confidence {values[odd[0]]} of reading {odd[0]} is no probability; expected 0..1, as `Reading.confidence`"
        )
    return values, outcomes
