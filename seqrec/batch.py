"""A batch: pictures of like width side by side, with their targets; numpy arrays, whatever engine reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqrec.interfaces import Picture


@dataclass(frozen=True)
class Batch:
    """Pictures and targets.

    Letters: N samples · H, W pixels · S longest target.

    Attributes:
        images: (N, 1, H, W), uint8; columns beyond a sample's width are 0.
        widths: Valid columns, (N,), int64.
        targets: Symbol ids 1..K padded with 0, (N, S), int64.
        target_lengths: Valid ids, (N,), int64.
        keys: Names of the samples, N of them.
        centres: x of each symbol's middle in pixels, (N, S), float32; NaN where it is not known.
    """

    images: npt.NDArray[np.uint8]
    widths: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    target_lengths: npt.NDArray[np.int64]
    keys: tuple[str, ...]
    centres: npt.NDArray[np.float32]

    @property
    def padded(self) -> bool:
        """Whether any sample is narrower than the batch."""
        return bool((self.widths != self.images.shape[3]).any())


def collate(
    images: Sequence[Picture],
    targets: Sequence[Sequence[int]],
    keys: Sequence[str],
    centres: Sequence[Sequence[float]] = (),
) -> Batch:
    """One batch of pictures of the same height, padded on the right with 0.

    Args:
        images: N pictures, (H, W) each with its own W.
        targets: N lists of ids; empty lists where only pictures matter.
        keys: N names.
        centres: x of each symbol's middle in pixels for each picture, an empty list where it is not known; or nothing at all.
    """
    widths = np.array([image.shape[1] for image in images], np.int64)
    stacked = np.zeros((len(images), 1, images[0].shape[0], int(widths.max())), np.uint8)
    for row, image in enumerate(images):
        stacked[row, 0, :, : image.shape[1]] = image
    lengths = np.array([len(target) for target in targets], np.int64)
    padded = np.zeros((len(targets), max(int(lengths.max(initial=0)), 1)), np.int64)
    for row, target in enumerate(targets):
        padded[row, : len(target)] = target
    middles = np.full(padded.shape, np.nan, np.float32)
    for row, known in enumerate(centres):
        middles[row, : len(known)] = known
    return Batch(stacked, widths, padded, lengths, tuple(keys), middles)
