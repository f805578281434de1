"""Ways to bring confidences to how often readings are right, fitted on held-out renderings and measured elsewhere.

    python benchmarks/calibration.py --data words/ [--data signs/] [--protocol alnum36] [--pictures 4000]

Each way is fitted by likelihood to renderings read in the reader's own alphabet; the data sets are only read. Prints for each
way what was fitted, the expected calibration error (15 bins of equal size) on the renderings and on each set, and the area under
risk over coverage there, all in percent.
"""

import argparse
import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import seqrec
from seqrec.alphabet import Alphabet
from seqrec.calibration import HELD_OUT, held_out_renderings
from seqrec.cli.evaluate import chosen_protocol
from seqrec.data.readers import READERS, open_dataset
from seqrec.evaluation import EXACT, evaluate
from seqrec.interfaces import Store
from seqrec.recognizer import Engine, Recognizer
from seqrec.reliability import expected_calibration_error, risk_coverage
from seqrec.task import Protocol

Values = npt.NDArray[np.float64]
GRID = np.geomspace(0.5, 2.0, 29)
OFFSETS = np.linspace(-1.0, 1.0, 21)
NEAREST = 2.0**-24


class FrameTemperature:
    """An engine whose log-probabilities are divided by a temperature and made to add up again; the network runs once a batch."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.temperature = engine, 1.0
        self.at_once, self.frames, self.log_probs = 1, engine.frames, engine.log_probs
        self.alphabet: Alphabet = engine.alphabet
        self.gives = engine.gives
        self.width_step_px = engine.width_step_px
        self.frame_stride_px, self.frame_offset_px = engine.frame_stride_px, engine.frame_offset_px
        self.known: dict[bytes, tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]] = {}

    def run(
        self, images: npt.NDArray[np.uint8], widths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """As the engine's."""
        key = images.tobytes() + widths.tobytes()
        if key not in self.known:
            self.known[key] = self.engine.run(images, widths)
        log_probs, lengths = self.known[key]
        if self.temperature == 1.0:
            return log_probs, lengths
        divided = log_probs / np.float32(self.temperature)
        return divided - np.logaddexp.reduce(divided, axis=2, keepdims=True), lengths


@dataclass(frozen=True)
class Way:
    """A way to change confidences: its name, what may be fitted, and confidences under one choice of that."""

    name: str
    choices: Sequence[tuple[float, ...]]
    on_frames: bool
    changed: Callable[..., Values]


def log_odds(confidences: Values) -> Values:
    """Of confidences, bounded as in `seqrec.calibration`."""
    clipped = np.clip(confidences, NEAREST, 1 - NEAREST)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def logistic(values: Values) -> Values:
    """The inverse of `log_odds`."""
    return np.asarray(1 / (1 + np.exp(-values)))


ALONE = [(float(one),) for one in GRID]
WAYS = (
    Way("none", [(1.0,)], False, lambda found, _: found),
    Way("odds to the power of 1/T (ours)", ALONE, False, lambda found, one: logistic(log_odds(found) / one)),
    Way("the same and an offset", [(float(one), float(other)) for one, other in itertools.product(GRID, OFFSETS)], False,
        lambda found, one, other: logistic(log_odds(found) / one + other)),
    Way("probability to the power of 1/T", ALONE, False, lambda found, one: found ** (1 / one)),
    Way("each frame's logits over T", ALONE, True, lambda found, _: found),
)  # fmt: skip


def likelihood(confidences: Values, right: npt.NDArray[np.bool_]) -> float:
    """Mean log-likelihood of what came out."""
    clipped = np.clip(confidences, NEAREST, 1 - NEAREST)
    return float(np.where(right, np.log(clipped), np.log1p(-clipped)).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="scene-text")
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--protocol", default="alnum36")
    parser.add_argument("--pictures", type=int, default=HELD_OUT)
    chosen = parser.parse_args()
    plain = seqrec.load(chosen.task)
    engine = FrameTemperature(plain.engine)
    card = plain.card and dataclasses.replace(plain.card, temperature=1.0)
    reader: Recognizer = dataclasses.replace(plain, engine=engine, card=card)
    protocol = chosen_protocol(reader, chosen.protocol)
    drawn = held_out_renderings(reader, chosen.pictures)
    sets = [(path.resolve().name, open_dataset(path, READERS)) for path in chosen.data]

    def outcomes(store: Store, how: Protocol, temperature: float) -> tuple[Values, npt.NDArray[np.bool_]]:
        engine.temperature = temperature
        return evaluate(reader, store, how, pictures=0).outcomes

    print("| way | fitted | renderings |" + "".join(f" {name}, error | area |" for name, _ in sets))
    print("| --- | --- | --- |" + " --- | --- |" * len(sets))
    for way in WAYS:

        def measured(
            store: Store, how: Protocol, choice: tuple[float, ...], way: Way = way
        ) -> tuple[Values, npt.NDArray[np.bool_]]:
            confidences, right = outcomes(store, how, choice[0] if way.on_frames else 1.0)
            return way.changed(confidences, *choice), right

        if way.on_frames:
            best = max(way.choices, key=lambda choice: likelihood(*measured(drawn, EXACT, choice)))
        else:
            found, right = outcomes(drawn, EXACT, 1.0)
            best = max(way.choices, key=lambda choice: likelihood(way.changed(found, *choice), right))
        cells = [way.name, ", ".join(f"{one:.3g}" for one in best)]
        cells.append(f"{100 * expected_calibration_error(*measured(drawn, EXACT, best)):.2f}")
        for _, store in sets:
            pair = measured(store, protocol, best)
            cells += [f"{100 * expected_calibration_error(*pair):.2f}", f"{100 * risk_coverage(*pair).area:.2f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
