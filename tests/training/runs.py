"""What tests of training share: a run to its end, what it told, a data set of bars, a validation."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqrec.pictures import encode_png
from seqrec.rows import Row
from seqrec.testing.bars import BarRenderer
from seqrec.training import Stopped, fit
from seqrec.training.fit import Event
from seqrec.training.training import Training

CLOCK = {"minutes", "images_per_s", "data_share"}  # what a clock says is never the same twice


def run(training: Training, interrupt_at: int = -1) -> list[Event]:
    """All events; Ctrl-C comes while the event of a step is looked at."""
    events = []
    with training.stream:
        for event in fit(training):
            events.append(event)
            if event.step == interrupt_at and not isinstance(event, Stopped):
                signal.raise_signal(signal.SIGINT)
    return events


def bars(folder: Path, count: int, broken: Sequence[tuple[str, str]] = ()) -> Path:
    """A data set of bars, with further lines of `gt.txt`."""
    folder.mkdir()
    renderer, lines = BarRenderer(), []
    for number in range(count):
        sample = renderer.render(np.random.default_rng(number))
        (folder / f"{number}.png").write_bytes(encode_png(sample.image))
        lines.append(f"{number}.png\t{sample.label}")
    lines += [f"{name}\t{label}" for name, label in broken]
    (folder / "gt.txt").write_text("\n".join(lines) + "\n")
    return folder


def told(training: Training) -> list[dict[str, Any]]:
    """The metrics, without what a clock says."""
    return [{key: value for key, value in record.items() if key not in CLOCK} for record in training.run.metrics()]


def validated(*distances: int) -> tuple[dict[str, float], list[Row]]:
    """Rates and rows of a validation on labels of ten symbols."""
    rows = [Row(str(place), "l" * 10, "t", 0.5, distance, distance == 0) for place, distance in enumerate(distances)]
    right = sum(row.right for row in rows) / len(rows)
    return {"sequence_accuracy": right, "symbol_error_rate": sum(distances) / 10 / len(rows), "one_minus_ned": 0.0}, rows
