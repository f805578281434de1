"""Greedy reading: the most probable class of each frame, repeats merged, blanks dropped."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import BLANK
from seqrec.decoding.forward import forward
from seqrec.decoding.posteriors import checked


@dataclass(frozen=True)
class Greedy:
    """A greedy reading of one sample.

    Attributes:
        ids: Symbol ids 1..K.
        log_probability: Nats; of the ids, summed over all paths, not of the best path alone.
        confidences: For each symbol the highest posterior among its frames, 0..1.
        frame_spans: For each symbol its first frame and the one after its last.
    """

    ids: tuple[int, ...]
    log_probability: float
    confidences: tuple[float, ...]
    frame_spans: tuple[tuple[int, int], ...]


def greedy(log_probs: npt.NDArray[np.float32]) -> Greedy:
    """Reading of one sample's best path.

    Args:
        log_probs: (T, C), after log_softmax; valid frames only.

    Raises:
        ShapeError: Not such an array.

    Source:
        Graves et al. 2006, "best path decoding"; the paper's lexicon-free transcription.
    """
    ids, starts, stops, highest, probability = _best_path(np.asarray(checked(log_probs), np.float32))
    spans = tuple(zip(starts.tolist(), stops.tolist(), strict=True))
    return Greedy(tuple(ids.tolist()), probability, tuple(np.exp(np.minimum(highest, 0)).tolist()), spans)


@njit(cache=True, nogil=True)
def _best_path(
    log_probs: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32], float]:
    """Symbol, first frame, frame after the last and highest log-posterior of each run; and the log-probability of the symbols."""
    frames, classes = log_probs.shape
    ids, starts, stops = np.empty(frames, np.int64), np.empty(frames, np.int64), np.empty(frames, np.int64)
    highest = np.empty(frames, np.float32)
    runs, before = 0, -1
    for frame in range(frames):
        best = 0
        for one in range(1, classes):
            if log_probs[frame, one] > log_probs[frame, best]:
                best = one
        if best != BLANK and best == before:
            stops[runs - 1] = frame + 1
            highest[runs - 1] = max(highest[runs - 1], log_probs[frame, best])
        elif best != BLANK:
            ids[runs], starts[runs], stops[runs], highest[runs] = best, frame, frame + 1, log_probs[frame, best]
            runs += 1
        before = best
    return ids[:runs], starts[:runs], stops[:runs], highest[:runs], forward(log_probs, ids[:runs])
