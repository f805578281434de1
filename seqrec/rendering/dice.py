"""Dice: chance with a degree of difficulty, so that one number makes all effects rarer and weaker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


@dataclass(frozen=True)
class Dice:
    """Draws chances and strengths of effects.

    Args:
        rng: Where chance comes from.
        difficulty: 0 no effect at all, 1 all of them at full strength.
    """

    rng: np.random.Generator
    difficulty: float = 1.0

    def chance(self, probability: float) -> bool:
        """Whether an effect happens; rarer when it is to be easy."""
        return bool(self.rng.random() < probability * self.difficulty)

    def coin(self, probability: float = 0.5) -> bool:
        """Whether something happens that makes nothing harder."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """A number between two, evenly."""
        return low + (high - low) * float(self.rng.random())

    def strength(self, low: float, high: float) -> float:
        """A number between two; nearer to the low one when it is to be easy."""
        return low + (high - low) * float(self.rng.random()) * (0.4 + 0.6 * self.difficulty)

    def around(self, deviation: float, limit: float) -> float:
        """A normal number around 0, cut at ± limit; smaller when it is to be easy."""
        value = float(self.rng.standard_normal()) * deviation * (0.4 + 0.6 * self.difficulty)
        return min(max(value, -limit), limit)

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1, evenly."""
        return int(self.rng.random() * limit)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of several, evenly."""
        return items[int(self.rng.random() * len(items))]
