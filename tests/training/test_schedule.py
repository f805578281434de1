"""The learning rate, by hand."""

import dataclasses
import math

import pytest

from seqrec.recipe import TrainRecipe
from seqrec.training.schedule import learning_rate

COSINE = TrainRecipe(learning_rate=2.0, warmup_steps=10, final_rate=0.1)


@pytest.mark.parametrize(
    ("step", "progress", "rate"),
    [
        (0, 0.0, 0.2),  # a tenth of the way up
        (4, 0.0, 1.0),
        (9, 0.0, 2.0),
        (500, 0.25, 2.0 * (0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2)),
        (500, 0.5, 2.0 * (0.1 + 0.9 / 2)),
        (500, 1.0, 0.2),
        (500, 1.3, 0.2),  # a run that took longer than its minutes does not rise again
    ],
)
def test_rate_rises_in_a_line_and_falls_in_half_a_cosine(step: int, progress: float, rate: float) -> None:
    assert learning_rate(COSINE, step, progress) == pytest.approx(rate)


def test_constant_schedule_only_warms_up() -> None:
    constant = dataclasses.replace(COSINE, schedule="constant")
    assert [learning_rate(constant, step, 0.9) for step in (0, 9, 10_000)] == pytest.approx([0.2, 2.0, 2.0])


def test_no_warm_up_starts_at_the_top() -> None:
    assert learning_rate(dataclasses.replace(COSINE, warmup_steps=0), 0, 0.0) == 2.0
