"""The probability of a symbol sequence: CTC's forward algorithm."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import BLANK


def log_probability(log_probs: npt.NDArray[np.float32], ids: Sequence[int]) -> float:
    """Log of the probability that any path of one sample collapses to `ids`.

    Args:
        log_probs: (T, C), after log_softmax; valid frames only.
        ids: Symbol ids 1..K; may be empty.

    Returns:
        Nats, at most 0; minus infinity where the frames are too few.

    Source:
        Graves et al. 2006, section 4.1, in log space and in double precision.

    Example:
        >>> even = np.log(np.full((2, 2), 0.5, np.float32))
        >>> round(float(np.exp(log_probability(even, [1]))), 6)  # a-, -a, aa of four paths
        0.75
    """
    return float(forward(np.asarray(log_probs, np.float32), np.asarray(ids, np.int64)))


@njit(cache=True, nogil=True)
def add(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    high = max(one, other)
    if high == -np.inf:
        return high
    return high + math.log1p(math.exp(min(one, other) - high))


@njit(cache=True, nogil=True)
def forward(log_probs: npt.NDArray[np.float32], ids: npt.NDArray[np.int64]) -> float:
    """`log_probability` for compiled callers: float32 (T, C), int64 (S,)."""
    frames, states = log_probs.shape[0], 2 * len(ids) + 1  # blank, symbol, blank, symbol, …, blank
    alpha = np.full(states, -np.inf)
    if frames == 0:
        return 0.0 if states == 1 else -np.inf
    alpha[0] = log_probs[0, BLANK]
    if states > 1:
        alpha[1] = log_probs[0, ids[0]]
    for frame in range(1, frames):
        for state in range(states - 1, -1, -1):  # downwards: the states below still hold the frame before
            total = alpha[state]
            if state > 0:
                total = add(total, alpha[state - 1])
            symbol = BLANK
            if state % 2 == 1:
                symbol = ids[state // 2]
                if state > 1 and symbol != ids[state // 2 - 1]:
                    total = add(total, alpha[state - 2])
            alpha[state] = total + log_probs[frame, symbol]
    return alpha[0] if states == 1 else add(alpha[states - 1], alpha[states - 2])
