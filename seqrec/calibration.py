"""Calibration: a temperature, fitted on held-out pictures, that makes confidences come true more often. No torch here."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seqrec.data.sources import RenderedSource
from seqrec.errors import DataError
from seqrec.evaluation import evaluate
from seqrec.interfaces import Sample, Store
from seqrec.model_file import TEMPERATURES, find_model, read_card, read_weights, save_model, store_temperature
from seqrec.pictures import encode_png
from seqrec.reliability import checked_outcomes, expected_calibration_error
from seqrec.rows import Row

if TYPE_CHECKING:
    from seqrec.recognizer import Recognizer

HELD_OUT = 4_000
"""Pictures that a temperature is fitted on by default; its standard error is then about 0.03."""

_SEED = 2_000_003  # added to the run's: neither the pictures of training nor those that chose the best weights
_NEAREST = 2.0**-24  # to 0 and 1 that a confidence counts in a fit: float32 posteriors tell no more
_FEWEST = 20  # right and wrong readings each, below which a fit would follow chance


def fit_temperature(confidences: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """The temperature under which what came out right and wrong is most likely.

    Args:
        confidences: p(reading | picture) of held-out readings, at temperature 1, (n,), 0..1.
        right: Whether each reading is right, (n,).

    Returns:
        Within `TEMPERATURES`.

    Raises:
        DataError: No readings, only right or only wrong ones, a confidence that is no probability, or confidences that
            do not rise with being right.
        ShapeError: Not as many confidences as outcomes.
    """
    log_odds, outcomes = _log_odds(confidences, right)
    found = int(outcomes.sum())
    if found in (0, len(outcomes)):
        kind, cure = ("right", "harder") if found else ("wrong", "easier")
        raise DataError(
            f"all {len(outcomes):,} readings are {kind}: no temperature can be fitted; give more pictures or {cure} ones"
        )

    def slope(inverse: float) -> float:
        """Of the negative log-likelihood over 1 / temperature; it rises, as the likelihood is log-concave."""
        return float(log_odds @ (_logistic(inverse * log_odds) - outcomes))

    low, high = 1 / TEMPERATURES[1], 1 / TEMPERATURES[0]
    if slope(low) >= 0 or slope(high) <= 0:
        raise DataError(
            f"confidences of {len(outcomes):,} readings, {found:,} of them right, tell too little or too well which are right: "
            f"no temperature from {TEMPERATURES[0]} to {TEMPERATURES[1]:g} fits; give more pictures, or train longer first"
        )
    for _ in range(60):
        middle = math.sqrt(low * high)
        if slope(middle) < 0:
            low = middle
        else:
            high = middle
    return 1 / low


def temperature_of(rows: Iterable[Row]) -> float:
    """The temperature fitted to rows, such as those of a validation; 1 where they are too few for it.

    Args:
        rows: Of readings whose confidences were left alone.
    """
    rows = list(rows)
    right = sum(row.right for row in rows)
    if min(right, len(rows) - right) < _FEWEST:
        return 1.0
    try:
        return fit_temperature([row.confidence for row in rows], [row.right for row in rows])
    except DataError:
        return 1.0


@dataclass(frozen=True)
class Calibration:
    """A temperature and what it does to the confidences that it was fitted on.

    Attributes:
        temperature: Goes into the model file by `seqrec.model_file.store_temperature`.
        standard_error: Of the temperature: how far another draw of as many pictures would shift it.
        samples: Pictures read.
        right: Those read without an error.
        error_before: Expected calibration error at temperature 1, 0..1.
        error_after: At the fitted temperature.
    """

    temperature: float
    standard_error: float
    samples: int
    right: int
    error_before: float
    error_after: float

    def __str__(self) -> str:
        return (
            f"temperature {self.temperature:.3f} ± {self.standard_error:.3f} from {self.samples:,} pictures "
            f"({100 * self.right / self.samples:.1f} % read right); expected calibration error "
            f"{100 * self.error_before:.2f} % before, {100 * self.error_after:.2f} % after"
        )


def calibrate(reader: "Recognizer", store: Store, name: str = "held-out pictures") -> Calibration:
    """The temperature for a reader, fitted on labelled pictures that it was not trained on; nothing is stored.

    Args:
        reader: As loaded, with its own alphabet, in which readings are judged. Its present temperature plays no part.
        store: The pictures: `held_out_renderings`, or a data set of the user's.
        name: What messages call them.

    Raises:
        DataError: None can be read, or no temperature fits; see `fit_temperature`.
    """
    card = reader.card and dataclasses.replace(reader.card, temperature=1.0)
    found = evaluate(dataclasses.replace(reader, card=card), store, name=name, pictures=0)
    confidences, right = found.outcomes
    temperature = fit_temperature(confidences, right)
    log_odds, _ = _log_odds(confidences, right)
    after = _logistic(log_odds / temperature)
    # Fisher information of 1 / temperature; its error becomes the temperature's by the slope of the inverse
    information = float(np.sum(log_odds**2 * after * (1 - after)))
    return Calibration(
        temperature,
        temperature**2 / math.sqrt(information),
        found.samples,
        found.right,
        found.calibration_error,
        expected_calibration_error(after, right),
    )


def half_and_calibrated(source: Path, target: Path, count: int = HELD_OUT) -> Calibration:
    """Write a model file anew with weights in half precision, as one ships it, and the temperature that suits these weights.

    Args:
        source: A model file or run folder.
        target: The file to write, in a folder that exists.
        count: How many held-out renderings the temperature is fitted on.

    Raises:
        ModelFileError: The source cannot be read, or the target written.
        DataError: As for `held_out_renderings` and `calibrate`; the weights are written then, with the source's temperature.
    """
    from seqrec.recognizer import load

    file = find_model(source)
    save_model(target, read_weights(file), read_card(file), half=True)
    reader = load(target)  # rounded weights are calibrated, not those of the source
    fitted = calibrate(reader, held_out_renderings(reader, count))
    store_temperature(target, round(fitted.temperature, 3))
    return fitted


def held_out_renderings(reader: "Recognizer", count: int = HELD_OUT) -> Store:
    """Pictures as the reader was trained on, of words and typefaces that training never draws, as a data set.

    Raises:
        DataError: The reader's task is not installed or draws no pictures, or `count` is not above 0.
    """
    if count < 1:
        raise DataError(f"{count} held-out pictures: expected at least 1; some thousands give a temperature to two digits")
    if reader.card is None or reader.task is None or reader.task.renderer is None:
        task = reader.card.task if reader.card else "of this reader"
        raise DataError(f"task '{task}' draws no pictures here; give a labelled data set instead, or install the task's plugin")
    recipe = reader.card.recipe
    renderer = reader.task.renderer.configured(reader.alphabet, recipe.renderer).held_out()
    source = RenderedSource(renderer, recipe.train.seed + _SEED)
    return _Drawn([source.sample(index) for index in range(count)])


@dataclass(frozen=True)
class _Drawn:
    """Samples in memory as a data set."""

    samples: Sequence[Sample]

    def __len__(self) -> int:
        return len(self.samples)

    def key(self, index: int) -> str:
        return self.samples[index].key

    def label(self, index: int) -> str:
        return self.samples[index].label

    def encoded(self, index: int) -> bytes:
        return encode_png(self.samples[index].image)


def _logistic(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    small = np.exp(-np.abs(values))
    return np.asarray(np.where(values > 0, 1.0, small) / (1 + small), np.float64)


def _log_odds(confidences: npt.ArrayLike, right: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    values, outcomes = checked_outcomes(confidences, right)
    values = np.clip(values, _NEAREST, 1 - _NEAREST)
    return np.log(values) - np.log1p(-values), outcomes
