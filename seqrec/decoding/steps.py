"""Steps: what a transducer says may come next, at each frame, once some symbols are read. What its decoders read from."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import BLANK
from seqrec.errors import ShapeError

_KEPT = 32_000_000
"""Log-probabilities of one sample kept at a time, so that symbols met again need not be computed again."""


class Steps(Protocol):
    """One sample, as a function of the symbols read so far.

    A reading is a walk: at each frame it takes any number of symbols, then the blank, which goes on to the next frame; the blank
    of the last frame ends it.
    """

    @property
    def frames(self) -> int:
        """T."""

    @property
    def classes(self) -> int:
        """C."""

    def __call__(self, ids: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """Log-probabilities of each class at each frame, (T, C), once the symbols `ids` are read."""


@dataclass(frozen=True, eq=False)
class Joint:
    """The weights that join frames with the symbols read before: log-softmax of `weight · tanh(frame + history) + bias`.

    The history is the sum of what each of the last symbols adds, and of `repeat` where those that are equal to the last one and
    stand beside it are even in number, itself counted.

    Attributes:
        histories: For the last symbol, the one before it, … and each class what it adds, (context, C, J), float32; class 0
            stands before the first symbol.
        repeat: (J,), float32.
        weight: (C, J), float32.
        bias: (C,), float32.
    """

    histories: npt.NDArray[np.float32]
    repeat: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def steps(self, frames: npt.NDArray[np.float32]) -> "JointSteps":
        """The steps of one sample.

        Args:
            frames: Valid ones, (T, J).

        Raises:
            ShapeError: Frames of other features, or NaN.
        """
        if frames.ndim != 2 or frames.shape[1] != self.weight.shape[1]:
            raise ShapeError(f"frames have shape {frames.shape}; expected (T, {self.weight.shape[1]}), a sample's valid ones")
        if np.isnan(frames).any():
            raise ShapeError(f"frames of shape {frames.shape} hold NaN; check the network")
        return JointSteps(self, frames)


@dataclass(frozen=True, eq=False)
class JointSteps:
    """The steps of one sample, computed as they are asked for and kept while there is room.

    Attributes:
        joint: The weights.
        values: The sample's frames, (T, J).
    """

    joint: Joint
    values: npt.NDArray[np.float32]
    _kept: "OrderedDict[tuple[tuple[int, ...], bool], npt.NDArray[np.float32]]" = field(default_factory=OrderedDict, repr=False)

    @property
    def frames(self) -> int:
        """T."""
        return len(self.values)

    @property
    def classes(self) -> int:
        """C."""
        return len(self.joint.bias)

    def __call__(self, ids: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """(T, C); of the ids only the last `context` matter, and whether the run of equal ones at the end is even."""
        recent, even = self.recent(ids), _run(ids) % 2 == 0
        found = self._kept.get((recent, even))
        if found is None:
            history = sum(table[symbol] for table, symbol in zip(self.joint.histories, recent, strict=True))
            history = history + self.joint.repeat if even else history
            scores = np.tanh(self.values + history) @ self.joint.weight.T + self.joint.bias
            scores -= scores.max(1, keepdims=True)
            scores -= np.log(np.exp(scores).sum(1, keepdims=True))
            found = np.asarray(scores, np.float32)
            self._kept[recent, even] = found
            while len(self._kept) > 1 and len(self._kept) * found.size > _KEPT:
                self._kept.popitem(last=False)
        return found

    def recent(self, ids: Sequence[int]) -> tuple[int, ...]:
        """The last symbols that matter, latest first; the blank for those before the first one."""
        context = len(self.joint.histories)
        return (*reversed(ids[-context:]), *[BLANK] * (context - len(ids)))[:context]


def _run(ids: Sequence[int]) -> int:
    """How many ids at the end are equal; 1 of none.

    Example:
        >>> _run([2, 1, 1])
        2
    """
    length = 1
    while length < len(ids) and ids[-length - 1] == ids[-1]:
        length += 1
    return length
