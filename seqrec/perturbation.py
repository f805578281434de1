"""Pictures as another camera or crop would have shown them, to measure what a reader bears: margins, turns, polarity, size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from seqrec.errors import DataError
from seqrec.interfaces import Picture, Store
from seqrec.pictures import encode_png, open_picture

Border = Literal["replicate", "reflect"]
"""What stands beyond a picture's edge: its last pixels again and again, or its mirror image."""

_BORDERS = {"replicate": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT_101}


def with_margin(picture: Picture, share: float, border: Border = "replicate") -> Picture:
    """The picture with a margin on all four sides.

    Args:
        picture: (H, W), uint8.
        share: Of its height, so that the margin is equally wide everywhere; 0.4 makes the picture 1.8 times as high.
        border: What the margin is filled with.

    Raises:
        DataError: A share below 0.
    """
    if share < 0:
        raise DataError(f"a margin of {share:g} heights: expected 0 or more; to cut something off, slice the array")
    margin = round(picture.shape[0] * share)
    return np.asarray(cv2.copyMakeBorder(picture, margin, margin, margin, margin, _BORDERS[border]), np.uint8)


def rotated(picture: Picture, degrees: float, border: Border = "replicate") -> Picture:
    """The picture turned anti-clockwise, in the upright box that holds all of it, as a box around a turned word does.

    Args:
        picture: (H, W), uint8.
        degrees: Any number; small ones are what hand-held cameras do.
        border: What the corners of the box are filled with.
    """
    height, width = picture.shape
    angle = np.deg2rad(degrees)
    cosine, sine = abs(np.cos(angle)), abs(np.sin(angle))
    box = (max(round(width * cosine + height * sine), 1), max(round(width * sine + height * cosine), 1))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    matrix[:, 2] += (box[0] - width) / 2, (box[1] - height) / 2
    turned = cv2.warpAffine(picture, matrix, box, flags=cv2.INTER_CUBIC, borderMode=_BORDERS[border])
    return np.asarray(turned, np.uint8)


def inverted(picture: Picture) -> Picture:
    """The picture's negative."""
    return np.asarray(255 - picture, np.uint8)


def at_height(picture: Picture, height_px: int) -> Picture:
    """The picture resampled to a height, its width in proportion: averaged where it shrinks, by cubic splines where it grows.

    Raises:
        DataError: A height below 1.
    """
    if height_px < 1:
        raise DataError(f"a picture {height_px} pixels high: expected at least 1")
    height, width = picture.shape
    size = (max(round(width * height_px / height), 1), height_px)
    how = cv2.INTER_AREA if height_px < height else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


@dataclass(frozen=True)
class PerturbedStore:
    """A labelled set whose pictures are shown otherwise; keys and labels stay.

    Args:
        store: The set.
        change: Grey picture → grey picture.
    """

    store: Store
    change: Callable[[Picture], Picture]

    def __len__(self) -> int:
        return len(self.store)

    def key(self, index: int) -> str:
        """As the set's."""
        return self.store.key(index)

    def label(self, index: int) -> str:
        """As the set's."""
        return self.store.label(index)

    def encoded(self, index: int) -> bytes:
        """The changed picture as PNG.

        Raises:
            ImageError: The picture cannot be opened.
        """
        return encode_png(self.change(open_picture(self.store.encoded(index), self.store.key(index))))
