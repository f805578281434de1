"""What can be told of a picture of a line without reading it: contrast, ground, sharpness, slope, curvature.

These are estimates that serve to sort many pictures into groups; of a single picture they may be wrong.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.pictures import GreyPicture

HEIGHT_PX = 32
"""Pictures are measured at this height: a large one and a small one are compared as a network sees them."""

_MAX_WIDTH_PX = 1024
_MIN_SHAPE = 1.5  # width over height below which slope and curvature cannot be told from the shapes of letters
_SLOPES_DEG = np.arange(-20, 21)
_SAGS = np.arange(-0.6, 0.61, 0.05)  # heights
_EVEN = 0.04  # by how much a slope or sag must stand out from level, as a share of the profile's energy


@dataclass(frozen=True, eq=False)
class Appearance:
    """Measures of one picture, each made when it is asked for.

    Args:
        picture: (H, W), uint8.
    """

    picture: GreyPicture

    @cached_property
    def _scaled(self) -> npt.NDArray[np.float32]:
        height, width = self.picture.shape
        size = (min(max(round(width * HEIGHT_PX / height), 4), _MAX_WIDTH_PX), HEIGHT_PX)
        shrinks = height > HEIGHT_PX
        return np.asarray(
            cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.float32
        )

    @cached_property
    def contrast(self) -> float:
        """Grey levels between the darkest and the brightest twentieth, 0..255."""
        low, high = np.percentile(self._scaled, (5, 95))
        return float(high - low)

    @cached_property
    def dark_ground(self) -> float:
        """Share of the picture's edge that is on the dark side of Otsu's threshold, 0..1; 0.5 where there is no contrast.

        Source:
            Otsu 1979, "A threshold selection method from gray-level histograms"; OpenCV's implementation.
        """
        if self.contrast < 1:
            return 0.5
        grey = np.clip(self._scaled, 0, 255).astype(np.uint8)
        threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        dark = grey <= threshold
        edge = np.concatenate([dark[:3].ravel(), dark[-3:].ravel(), dark[3:-3, :3].ravel(), dark[3:-3, -3:].ravel()])
        return float(edge.mean())

    @cached_property
    def edge_px(self) -> float:
        """Width of the sharpest edges in pixels, 2 for a step from one pixel to the next; 0 where there is no contrast.

        It is the contrast over the slope that a fiftieth of the pixels reaches.
        """
        if self.contrast < 1:
            return 0.0
        across = np.abs(self._scaled[:, 2:] - self._scaled[:, :-2])[1:-1] / 2
        down = np.abs(self._scaled[2:] - self._scaled[:-2])[:, 1:-1] / 2
        steepest = float(np.percentile(np.maximum(across, down), 98))
        return self.contrast / max(steepest, 1e-3)

    @cached_property
    def slope_deg(self) -> float | None:
        """How far the line rises to the right, degrees; None for pictures too short to tell.

        The slope under which rows of the picture differ most from each other in how much horizontal edge they hold, as it is
        usual for finding the skew of a page.
        """
        shape = self._shape
        return None if shape is None else shape[0]

    @cached_property
    def sag(self) -> float | None:
        """How far the middle of the line lies below its ends, in heights of the picture, negative above; None as for slope."""
        shape = self._shape
        return None if shape is None else shape[1]

    @cached_property
    def _shape(self) -> tuple[float, float] | None:
        """Slope in degrees and sag in heights."""
        rows, columns = self._scaled.shape
        if columns < _MIN_SHAPE * rows or self.contrast < 1:
            return None
        weights = np.abs(np.diff(self._scaled, axis=0)).astype(np.float64)
        y, x = np.nonzero(weights > 0)
        amounts = weights[y, x]
        along = (x - (columns - 1) / 2) / (columns / 2)  # -1..1

        def energy(slope: float, sag: float) -> float:
            # what lies on the line y = middle + rise * along - sag * (1 - along²) is brought to one row
            moved = y + slope * along * columns / 2 - sag * rows * (1 - along**2)
            bins = np.floor(moved).astype(np.int64)
            bins -= bins.min()
            profile = np.bincount(bins, amounts)
            return float(profile @ profile)

        tangents = np.tan(np.deg2rad(_SLOPES_DEG))
        slopes = np.array([energy(slope, 0.0) for slope in tangents])
        level = energy(0.0, 0.0)
        best = int(slopes.argmax())
        slope = float(tangents[best]) if slopes[best] > (1 + _EVEN) * level else 0.0
        sags = np.array([energy(slope, sag) for sag in _SAGS])
        most = int(sags.argmax())
        sag = float(_SAGS[most]) if sags[most] > (1 + _EVEN) * energy(slope, 0.0) else 0.0
        return round(float(np.rad2deg(np.arctan(slope)))), round(sag, 2)
