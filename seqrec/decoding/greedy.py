"""Greedy reading: the most probable class of each frame, repeats merged, blanks dropped."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import BLANK
from seqrec.decoding.forward import log_probability


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

    Source:
        Graves et al. 2006, "best path decoding"; the paper's lexicon-free transcription.
    """
    path = log_probs.argmax(1)
    starts = np.flatnonzero(np.diff(path, prepend=-1))  # first frame of each run of equal classes
    stops = np.append(starts, len(path))[1:]
    runs = [(int(path[start]), int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]
    runs = [run for run in runs if run[0] != BLANK]
    ids = tuple(symbol for symbol, _, _ in runs)
    confidences = tuple(float(np.exp(log_probs[start:stop, symbol].max())) for symbol, start, stop in runs)
    return Greedy(ids, log_probability(log_probs, ids), confidences, tuple((start, stop) for _, start, stop in runs))
