"""The learning rate over a run."""

import math

from seqrec.recipe import TrainRecipe


def learning_rate(recipe: TrainRecipe, step: int, progress: float) -> float:
    """The rate of a step.

    Args:
        recipe: Peak, warm-up and schedule.
        step: Steps done before, 0 and up.
        progress: Share of the run that is over, 0..1.

    Source:
        Linear warm-up, then half a cosine (Loshchilov and Hutter 2017, SGDR, one cycle) down to `final_rate` of the peak.
    """
    rate = recipe.learning_rate * min(1.0, (step + 1) / max(recipe.warmup_steps, 1))
    if recipe.schedule == "constant":
        return rate
    low = recipe.final_rate
    return rate * (low + (1.0 - low) * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))
