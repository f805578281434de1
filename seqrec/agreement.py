"""One reading of several: a picture may be seen in more than one way, and what is read of each may differ."""

import dataclasses
from collections.abc import Sequence

from seqrec.reading import Reading

Seen = tuple[Reading, float]
"""What was read of a view of a picture, and the factor of its confidence: how often such a view is the right one."""


def surest(seen: Sequence[Seen]) -> Reading:
    """The most confident reading; the finding that nothing stands there never wins over symbols."""
    return max(seen, key=lambda one: (bool(one[0].symbols), one[0].confidence * one[1]))[0]


def agreed(seen: Sequence[Seen]) -> Reading:
    """The most confident reading, less sure where other views read something else.

    Its confidence, and those of its alternatives, are times its share of the confidence of all views: without that the surest of
    several readings would seem surer than it is. docs/explanation/confidence.md has what it is worth.

    Args:
        seen: At least one reading, at temperature 1.
    """
    best = surest(seen)
    weights = [(reading.symbols == best.symbols, reading.confidence * prior) for reading, prior in seen]
    everything = sum(weight for _, weight in weights)
    return _doubted(best, sum(weight for same, weight in weights if same) / everything) if everything else best


def _doubted(reading: Reading, share: float) -> Reading:
    others = tuple(_doubted(other, share) for other in reading.alternatives)
    return reading if share == 1.0 else dataclasses.replace(reading, confidence=reading.confidence * share, alternatives=others)
