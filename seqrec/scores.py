"""What an evaluation came to: rates with their intervals, confusions, thresholds, and the rows behind them. No torch here."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from seqrec.errors import DataError
from seqrec.groups import Grouped, grouped
from seqrec.reliability import BINS, RiskCoverage, Threshold, expected_calibration_error, risk_coverage, threshold_for
from seqrec.rows import Row, Skip, wilson_interval
from seqrec.task import Grouping, Metric

RISKS = (0.001, 0.01, 0.05)
"""Shares of wrong readings for which thresholds are reported."""


@dataclass(frozen=True)
class Rate:
    """What a metric of the task's came to.

    Attributes:
        metric: Which.
        amount: Counted, summed over the samples judged.
        whole: What it is a part of, summed likewise.
    """

    metric: Metric
    amount: float
    whole: float

    @property
    def value(self) -> float:
        """The one over the other; not a number where there was nothing to count in."""
        return self.amount / self.whole if self.whole else math.nan

    def __str__(self) -> str:
        """As it is printed."""
        if not self.whole:
            return "–"
        return f"{self.value:.2%}" if self.metric.percent else f"{self.value:.3g}"


@dataclass(frozen=True)
class Evaluation:
    """How one data set was read. Fractions are properties of the counts, so that evaluations can be added up.

    Attributes:
        name: The data set's name.
        protocol: The protocol's name.
        alphabet: Name of the alphabet that readings and labels were compared in.
        size: Samples in the data set: `samples`, `filtered` and `skipped` together.
        samples: Samples judged.
        filtered: Samples that the protocol's `keep` leaves out.
        skipped: Samples that could not be judged: unreadable pictures.
        outside: Samples judged whose label holds a symbol that the reader does not have, so that no reading can be right.
        right: Readings that equal their label.
        errors: Edit distances summed.
        symbols: Symbols in the labels summed.
        closeness: 1 − edit distance / length of the longer one, summed.
        confusions: (label symbol, read symbol) → count, of differences only; `""` for the label's side of an insertion and
            the reading's side of a deletion, along one shortest alignment a sample; most frequent first.
        duration_s: Time from the first picture's decoding to the last reading.
        rows: One a sample judged, in the data set's order; pictures only on those that `gallery` takes.
        decoding: What readings were held to, in words; nothing for free reading.
        without_lexicon: Samples read freely because they have no lexicon of their own, where such lexicons were to be used.
        rates: The task's own metrics.
        groupings: Those that rows were sorted by.
    """

    name: str
    protocol: str
    alphabet: str
    size: int
    samples: int
    filtered: int
    skipped: tuple[Skip, ...]
    outside: tuple[Skip, ...]
    right: int
    errors: int
    symbols: int
    closeness: float
    confusions: Mapping[tuple[str, str], int]
    duration_s: float
    rows: tuple[Row, ...] = field(repr=False)
    decoding: str = ""
    without_lexicon: int = 0
    rates: tuple[Rate, ...] = ()
    groupings: tuple[Grouping, ...] = field(default=(), repr=False)

    @property
    def sequence_accuracy(self) -> float:
        """Share of samples read without an error, 0..1."""
        return self.right / max(self.samples, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of `sequence_accuracy`, 0..1."""
        return wilson_interval(self.right, self.samples)

    @property
    def symbol_error_rate(self) -> float:
        """Edit distances over label symbols; can exceed 1."""
        return self.errors / max(self.symbols, 1)

    @property
    def one_minus_ned(self) -> float:
        """Mean of 1 − normalised edit distance, 0..1; see `seqrec.metrics.one_minus_ned`."""
        return self.closeness / max(self.samples, 1)

    @property
    def images_per_s(self) -> float:
        """Pictures decoded and read in a second."""
        return self.samples / self.duration_s if self.duration_s > 0 else 0.0

    @cached_property
    def outcomes(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Confidence of each row, 0..1, one that is no number as 0; and whether it is right. (samples,) both."""
        confidences = np.array([row.confidence for row in self.rows], np.float64)
        return np.where(np.isfinite(confidences), confidences, 0.0), np.array([row.right for row in self.rows], np.bool_)

    @cached_property
    def groups(self) -> tuple[Grouped, ...]:
        """The rows sorted into groups by each of the groupings, to see where the reader fails."""
        return grouped(self.rows, self.groupings)

    @property
    def calibration_error(self) -> float:
        """Mean distance of confidence and accuracy, 0..1; see `seqrec.reliability.expected_calibration_error`."""
        return expected_calibration_error(*self.outcomes)

    @property
    def risk_coverage(self) -> RiskCoverage:
        """How much is wrong of what each threshold on the confidence accepts."""
        return risk_coverage(*self.outcomes)

    def threshold(self, risk: float = 0.01, *, guaranteed: bool = False) -> Threshold | None:
        """From which confidence on at most a share of readings is wrong; see `seqrec.reliability.threshold_for`."""
        return threshold_for(*self.outcomes, risk, guaranteed=guaranteed)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; rows without pictures."""
        thresholds = [(risk, self.threshold(risk)) for risk in RISKS]
        return {
            "name": self.name,
            "protocol": self.protocol,
            "alphabet": self.alphabet,
            "decoding": self.decoding,
            "without_lexicon": self.without_lexicon,
            "size": self.size,
            "samples": self.samples,
            "filtered": self.filtered,
            "sequence_accuracy": self.sequence_accuracy,
            "interval": list(self.interval),
            "symbol_error_rate": self.symbol_error_rate,
            "one_minus_ned": self.one_minus_ned,
            "metrics": {rate.metric.name: rate.value if rate.whole else None for rate in self.rates},
            "images_per_s": round(self.images_per_s, 2),
            "calibration": {
                "bins": BINS,
                "expected_calibration_error": self.calibration_error,
                "risk_coverage_area": self.risk_coverage.area,
                "thresholds": [found.as_dict() if found else {"risk": risk, "threshold": None} for risk, found in thresholds],
            },
            "groups": [one.as_dict() for one in self.groups],
            "skipped": [skip._asdict() for skip in self.skipped],
            "outside": [skip._asdict() for skip in self.outside],
            "confusions": [{"label": one, "read": other, "count": n} for (one, other), n in self.confusions.items()],
            "rows": [row.as_dict() for row in self.rows],
        }

    def to_json(self) -> str:
        """`as_dict` as JSON, indented."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1)


def verdict(evaluation: Evaluation, risk: float = 0.01) -> str:
    """One sentence: which threshold leaves at most a share of wrong readings, and how much is then left to a person."""
    found = evaluation.threshold(risk)
    if found is None:
        curve = evaluation.risk_coverage
        best = int(curve.risk.argmin())
        return (
            f"no threshold leaves at most {100 * risk:g} % wrong: at best, with confidence ≥ {curve.thresholds[best]:.4g}, "
            f"{100 * curve.risk[best]:.1f} % of {curve.accepted[best]:,} readings are"
        )
    wrong = f"{100 * found.share_wrong:.1f} % of those are wrong (95 %: at most {100 * found.at_most:.1f} %)"
    if found.accepted == found.samples:
        return f"accept all readings: {wrong}, and no picture is left to a person"
    return f"accept readings with confidence ≥ {found.value}: {wrong}, {100 * found.left:.1f} % of pictures are left to a person"


def total(evaluations: Sequence[Evaluation], name: str = "total") -> Evaluation:
    """The evaluations of several data sets as one, every sample counting the same; keys get their set's name in front.

    Raises:
        DataError: No evaluations, or of different protocols.
    """
    if len({evaluation.protocol for evaluation in evaluations}) != 1:
        found = ", ".join(sorted({f"'{evaluation.protocol}'" for evaluation in evaluations})) or "no evaluation"
        raise DataError(f"a total needs evaluations of one protocol, found {found}; evaluate all sets with the same one")
    confusions: Counter[tuple[str, str]] = Counter()
    for evaluation in evaluations:
        confusions.update(evaluation.confusions)
    return Evaluation(
        name=name,
        protocol=evaluations[0].protocol,
        alphabet=evaluations[0].alphabet,
        size=sum(one.size for one in evaluations),
        samples=sum(one.samples for one in evaluations),
        filtered=sum(one.filtered for one in evaluations),
        skipped=tuple(Skip(f"{one.name}/{skip.key}", skip.reason) for one in evaluations for skip in one.skipped),
        outside=tuple(Skip(f"{one.name}/{skip.key}", skip.reason) for one in evaluations for skip in one.outside),
        right=sum(one.right for one in evaluations),
        errors=sum(one.errors for one in evaluations),
        symbols=sum(one.symbols for one in evaluations),
        closeness=sum(one.closeness for one in evaluations),
        confusions=most_frequent_first(confusions),
        duration_s=sum(one.duration_s for one in evaluations),
        rows=tuple(replace(row, key=f"{one.name}/{row.key}") for one in evaluations for row in one.rows),
        decoding=evaluations[0].decoding,
        without_lexicon=sum(one.without_lexicon for one in evaluations),
        rates=tuple(
            Rate(same[0].metric, sum(one.amount for one in same), sum(one.whole for one in same))
            for same in zip(*(one.rates for one in evaluations), strict=True)
        ),
        groupings=evaluations[0].groupings,
    )


def most_frequent_first(confusions: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Confusions in the order in which they are reported."""
    return dict(sorted(confusions.items(), key=lambda item: (-item[1], item[0])))
