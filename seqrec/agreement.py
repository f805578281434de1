"""One reading of several: a picture may be seen in more than one way, and what is read of each may differ."""

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from seqrec.reading import Reading

Seen = tuple[Reading, float]
"""What was read of a view of a picture, and the factor of its confidence: how often such a view is the right one."""


def surest(seen: Sequence[Seen]) -> Reading:
    """The most confident reading, as for a picture in several positions, of which one at most is right.

    The finding that nothing stands there never wins over symbols.
    """
    return max(seen, key=lambda one: (bool(one[0].symbols), one[0].confidence * one[1]))[0]


def agreed(seen: Sequence[Seen]) -> Reading:
    """The reading that has the most confidence of all views together, as it is in the view that is surest of it.

    Its confidence, and those of its alternatives, are what they are there times its share of the confidence of all views: where
    views read something else, that is doubt, and without it the surest of several readings would seem surer than it is.
    docs/explanation/confidence.md has what that is worth. An empty reading wins here no more than in `surest`.

    Args:
        seen: At least one reading, at temperature 1.
    """
    total: dict[tuple[str, ...], float] = defaultdict(float)
    for reading, prior in seen:
        total[reading.symbols] += reading.confidence * prior
    most = max(total, key=lambda symbols: (bool(symbols), total[symbols]))
    best = surest([one for one in seen if one[0].symbols == most])
    everything = sum(total.values())
    return _doubted(best, total[most] / everything) if everything else best


def _doubted(reading: Reading, share: float) -> Reading:
    others = tuple(_doubted(other, share) for other in reading.alternatives)
    return reading if share == 1.0 else dataclasses.replace(reading, confidence=reading.confidence * share, alternatives=others)
