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

_MAX_SHAPE = 32  # width over height; longer pictures are squeezed to be measured
_MIN_SHAPE = 1.5  # width over height below which slope and curvature cannot be told from the shapes of letters
_SLOPES_DEG = np.arange(-20, 21)
_SAGS = np.arange(-0.6, 0.61, 0.05)  # heights
_EVEN = 1.04  # how many times as uneven as a level, straight line's one of a slope or sag must be
_QUICK_PX = 24
_QUICK_SLOPES_DEG = np.arange(-18, 19, 3)
_LEAST = 0.5  # of a mean row's or column's edges


@dataclass(frozen=True, eq=False)
class Appearance:
    """Measures of one picture, each made when it is asked for.

    Args:
        picture: (H, W), uint8.
    """

    picture: GreyPicture

    @cached_property
    def _scaled(self) -> npt.NDArray[np.float32]:
        return _at_height(self.picture, HEIGHT_PX)

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
        edges = _Edges.of(self._scaled)
        if edges is None:
            return None
        slope = edges.slope(_SLOPES_DEG)
        sags = np.array([edges.energy(slope, sag) for sag in _SAGS])
        most = int(sags.argmax())
        sag = float(_SAGS[most]) if sags[most] > _EVEN * edges.energy(slope) else 0.0
        return round(slope), round(sag, 2)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Horizontal edges of a picture: where they are, x from the middle, and how strong."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.int64]
    amounts: npt.NDArray[np.float64]
    height_px: int
    width_px: int

    @classmethod
    def of(cls, scaled: npt.NDArray[np.float32]) -> "_Edges | None":
        """Those of a picture that has some and is wide enough to have a slope."""
        height, width = scaled.shape
        weights = np.abs(np.diff(scaled, axis=0)).astype(np.float64)
        if width < _MIN_SHAPE * height or weights.max() < 1:
            return None
        y, x = np.nonzero(weights)
        return cls(x - (width - 1) / 2, y, weights[y, x], height, width)

    def energy(self, slope_deg: float, sag: float = 0.0) -> float:
        """How unevenly rows hold edges after a line of a slope and a sag has been brought to one row."""
        moved = self.y + np.tan(np.deg2rad(slope_deg)) * self.x
        if sag:
            moved = moved - sag * self.height_px * (1 - (2 * self.x / self.width_px) ** 2)
        rows = np.floor(moved).astype(np.int64)
        profile = np.bincount(rows - rows.min(), self.amounts)
        return float(profile @ profile)

    def slope(self, candidates: npt.NDArray[np.int64]) -> float:
        """The slope in degrees under which rows are most uneven; 0 where that is hardly more than if it were level."""
        energies = np.array([self.energy(slope) for slope in candidates])
        best = int(energies.argmax())
        return float(candidates[best]) if energies[best] > _EVEN * self.energy(0.0) else 0.0


def line_slope(picture: GreyPicture) -> float:
    """How far a line rises to the right, in steps of three degrees up to 18; 0 where it cannot be told. Takes a tenth of a ms.

    Args:
        picture: (H, W), uint8.
    """
    edges = _Edges.of(_at_height(picture, _QUICK_PX))
    return 0.0 if edges is None else edges.slope(_QUICK_SLOPES_DEG)


def line_box(picture: GreyPicture) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in pixels of what is not even ground; the whole picture where nothing is.

    Rows are kept from the first to the last that hold more than half of the horizontal edges of a mean row, columns
    likewise by upright edges: so the streaks in margins that repeat a picture's edge do not count.

    Args:
        picture: (H, W), uint8.
    """
    scaled = _at_height(picture, _QUICK_PX)
    rows, columns = np.abs(np.diff(scaled, axis=0)).sum(axis=1), np.abs(np.diff(scaled, axis=1)).sum(axis=0)
    (top, bottom), (left, right) = _extent(rows), _extent(columns)
    height, width = picture.shape
    return left * width, top * height, right * width, bottom * height


def _extent(profile: npt.NDArray[np.float32]) -> tuple[float, float]:
    """First and end of what stands out in a profile, as shares of its length."""
    found = np.flatnonzero(profile > _LEAST * profile.mean()) if profile.size else np.zeros(0, np.int64)
    return (found[0] / len(profile), (found[-1] + 1) / len(profile)) if len(found) else (0.0, 1.0)


def _at_height(picture: GreyPicture, height_px: int) -> npt.NDArray[np.float32]:
    height, width = picture.shape
    size = (min(max(round(width * height_px / height), 4), _MAX_SHAPE * height_px), height_px)
    how = cv2.INTER_AREA if height > height_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.float32)
