"""Reading with a smaller alphabet: the posterior of a large one, folded frame by frame."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def fold(log_probs: npt.NDArray[np.float32], mapping: Sequence[int], classes: int) -> npt.NDArray[np.float32]:
    """Add up the probabilities of the classes that map to the same class.

    Args:
        log_probs: (..., C), after log_softmax.
        mapping: For each of the C classes the class that takes over its probability (`seqrec.alphabet.fold_map`).
        classes: How many classes there are then.

    Returns:
        (..., classes), float32; a class that nothing maps to has minus infinity.
    """
    indicator = np.zeros((log_probs.shape[-1], classes), np.float32)
    indicator[np.arange(len(mapping)), list(mapping)] = 1.0
    with np.errstate(divide="ignore"):
        folded: npt.NDArray[np.float32] = np.log(np.exp(log_probs) @ indicator)
    return np.minimum(folded, 0.0)
