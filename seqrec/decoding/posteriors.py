"""What decoders accept: the posteriors of one sample."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from seqrec.errors import ShapeError

ROUNDING = 1e-3
"""Nats above 0 that rounding explains."""


def checked(log_probs: npt.NDArray[np.float32], classes: int = 0) -> npt.NDArray[np.float32]:
    """The posteriors themselves in float32, where they are log-probabilities.

    Args:
        log_probs: (T, C), after log_softmax: at most 0 but for rounding, minus infinity allowed; T may be 0.
        classes: C as it must be; 0 for any of at least 1.

    Raises:
        ShapeError: Another shape or type, NaN, or values above 0.
    """
    if not isinstance(log_probs, np.ndarray) or log_probs.ndim != 2 or log_probs.dtype.kind != "f":
        found = f"{log_probs.dtype} {log_probs.shape}" if isinstance(log_probs, np.ndarray) else type(log_probs).__name__
        raise ShapeError(f"posteriors are {found}; expected a float array (T, C) of log-probabilities")
    if log_probs.shape[1] < 1 or (classes and log_probs.shape[1] != classes):
        raise ShapeError(
            f"posteriors of {log_probs.shape[1]} classes; expected {classes or 'at least 1'}: the symbols and the blank"
        )
    largest = float(log_probs.max(initial=-np.inf))  # NaN where there is one
    if not largest <= ROUNDING:
        what = "NaN" if np.isnan(largest) else f"values up to {largest:.3g}"
        raise ShapeError(
            f"posteriors hold {what}; expected log-probabilities, at most 0: apply log_softmax, and check the network"
        )
    return log_probs if log_probs.dtype == np.float32 else log_probs.astype(np.float32)


def batch(log_probs: npt.NDArray[np.float32], lengths: Iterable[int]) -> list[npt.NDArray[np.float32]]:
    """Valid frames of each sample of (T, N, C), as arrays (T', C).

    Raises:
        ShapeError: Not three dimensions, or not N lengths of 0..T.
    """
    counts = [int(length) for length in lengths]
    if log_probs.ndim != 3 or len(counts) != log_probs.shape[1] or not all(0 <= count <= len(log_probs) for count in counts):
        raise ShapeError(f"posteriors {log_probs.shape} with the lengths {counts}; expected (T, N, C) and N lengths of 0..T")
    return [log_probs[:count, column] for column, count in enumerate(counts)]
