"""Warps: bend, shear, turn and tilt a flat picture with one interpolation, and take its boxes along."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.rendering.fonts import Grey

Points = npt.NDArray[np.float64]
"""x, y of points, (n, 2)."""
Numbers = npt.NDArray[np.floating]
"""Coordinates of any shape."""
Matrix = npt.NDArray[np.float64]
"""A map of the plane in homogeneous coordinates, (3, 3)."""


@dataclass(frozen=True)
class Bend:
    """A curved line, around the origin.

    Args:
        curvature: 1/radius of the circle that the line follows, 1/px; positive arches upwards.
        wave_px: Height of a wave added to y.
        wave_length_px: Its length.
        wave_phase: Its phase, radians.
        bulge: Growth of the height towards the ends: y is multiplied by 1 + bulge · (x / wave_length_px)².
    """

    curvature: float = 0.0
    wave_px: float = 0.0
    wave_length_px: float = 1.0
    wave_phase: float = 0.0
    bulge: float = 0.0

    @property
    def is_flat(self) -> bool:
        """Whether it moves nothing."""
        return not (self.curvature or self.wave_px or self.bulge)

    def scaled(self, factor: float) -> "Bend":
        """The same line drawn larger or smaller."""
        return Bend(self.curvature / factor, self.wave_px * factor, self.wave_length_px * factor, self.wave_phase, self.bulge)

    def forward(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Where flat points come to lie."""
        if self.bulge:
            y = y * (1 + self.bulge * (x / self.wave_length_px) ** 2)
        if self.wave_px:
            y = y + self.wave_px * np.sin(x * (2 * np.pi / self.wave_length_px) + self.wave_phase)
        if self.curvature:
            radius = 1 / self.curvature
            angle = x * self.curvature
            x, y = (radius - y) * np.sin(angle), radius - (radius - y) * np.cos(angle)
        return np.asarray(x), np.asarray(y)

    def backward(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Which flat points come to lie there."""
        if self.curvature:
            radius, sign = 1 / self.curvature, np.sign(self.curvature)
            across, along = sign * x, sign * (radius - y)
            x, y = np.arctan2(across, along) * radius, radius - sign * np.hypot(across, along)
        if self.wave_px:
            y = y - self.wave_px * np.sin(x * (2 * np.pi / self.wave_length_px) + self.wave_phase)
        if self.bulge:
            y = y / (1 + self.bulge * (x / self.wave_length_px) ** 2)
        return np.asarray(x), np.asarray(y)


def tilt(
    *,
    stretch: float = 1.0,
    shear: float = 0.0,
    slope: float = 0.0,
    turn_deg: float = 0.0,
    perspective_x: float = 0.0,
    perspective_y: float = 0.0,
) -> Matrix:
    """The matrix that stretches x, slants, slopes, turns and then tilts a plane around the origin.

    Args:
        stretch: Factor of x.
        shear: How far y = -1 moves to the right.
        slope: How far x = 1 moves up; uprights stay upright, as on a wall that is seen from the side.
        turn_deg: Counter-clockwise, degrees.
        perspective_x: Change of the depth by x, 1/px.
        perspective_y: Change of the depth by y, 1/px.
    """
    angle = np.deg2rad(turn_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    slant = np.array([[stretch, -shear, 0], [0, 1, 0], [0, 0, 1.0]])
    rise = np.array([[1, 0, 0], [-slope, 1, 0], [0, 0, 1.0]])
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1.0]])
    depth = np.array([[1, 0, 0], [0, 1, 0], [perspective_x, perspective_y, 1.0]])
    return np.asarray(depth @ turn @ rise @ slant)


def scale_and_shift(scale_x: float, scale_y: float, x: float = 0.0, y: float = 0.0) -> Matrix:
    """The matrix that multiplies x and y and then adds to them."""
    return np.array([[scale_x, 0, x], [0, scale_y, y], [0, 0, 1.0]])


def through(matrix: Matrix, points: Points) -> Points:
    """Points (n, 2) moved by a matrix."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:], np.float64)


def corners(boxes: npt.NDArray[np.float32]) -> Points:
    """The corners (4 S, 2) of boxes (S, 4), each left, top, right, bottom."""
    return boxes[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(-1, 2).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Warp:
    """From a flat picture to the view of it: a bend around a centre, then a matrix.

    Args:
        centre: x, y in the flat picture that becomes the origin.
        bend: The curved line.
        matrix: From the bent plane to pixels of the view, (3, 3).
    """

    centre: tuple[float, float]
    bend: Bend
    matrix: Matrix

    def followed_by(self, matrix: Matrix) -> "Warp":
        """This warp and then another matrix."""
        return Warp(self.centre, self.bend, np.asarray(matrix @ self.matrix))

    def forward(self, points: Points) -> Points:
        """Points (n, 2) of the flat picture in the view."""
        points = np.asarray(points - self.centre, np.float64)
        if not self.bend.is_flat:
            points = np.stack(self.bend.forward(points[:, 0], points[:, 1]), axis=1).astype(np.float64)
        return through(self.matrix, points)

    def backward(self, points: Points) -> Points:
        """Points (n, 2) of the view in the flat picture."""
        points = through(np.asarray(np.linalg.inv(self.matrix), np.float64), points)
        if not self.bend.is_flat:
            points = np.stack(self.bend.backward(points[:, 0], points[:, 1]), axis=1)
        return np.asarray(points + self.centre)

    def spans(self, boxes: npt.NDArray[np.float32], width_px: int, shown_px: int | None = None) -> npt.NDArray[np.float32]:
        """x-spans (S, 2) of boxes (S, 4) in the flat picture.

        Args:
            boxes: left, top, right, bottom.
            width_px: Columns of the view.
            shown_px: Columns of the picture to which the view is resized afterwards.
        """
        x = self.forward(corners(boxes))[:, 0].reshape(-1, 4)
        shown = width_px if shown_px is None else shown_px
        spans = np.stack([x.min(axis=1), x.max(axis=1)], axis=1) * (shown / width_px)
        return np.asarray(np.clip(spans, 0, shown), np.float32)

    def picture(self, flat: Grey, height_px: int, width_px: int) -> Grey:
        """The view of a flat picture; what lies outside it is mirrored."""
        # cv2 puts pixel centres at whole numbers, points have them at halves.
        if self.bend.is_flat:
            start = scale_and_shift(1, 1, 0.5 - self.centre[0], 0.5 - self.centre[1])
            to_view = scale_and_shift(1, 1, -0.5, -0.5) @ self.matrix @ start
            view = cv2.warpPerspective(
                flat, to_view, (width_px, height_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
            return np.asarray(view, np.uint8)
        to_flat = np.linalg.inv(self.matrix) @ scale_and_shift(1, 1, 0.5, 0.5)
        x, y = np.arange(width_px, dtype=np.float32)[None, :], np.arange(height_px, dtype=np.float32)[:, None]
        a = to_flat.astype(np.float32)
        depth = a[2, 0] * x + a[2, 1] * y + a[2, 2]
        u = (a[0, 0] * x + a[0, 1] * y + a[0, 2]) / depth
        v = (a[1, 0] * x + a[1, 1] * y + a[1, 2]) / depth
        flat_x, flat_y = self.bend.backward(u, v)
        map_x = (flat_x + np.float32(self.centre[0] - 0.5)).astype(np.float32)
        map_y = (flat_y + np.float32(self.centre[1] - 0.5)).astype(np.float32)
        return np.asarray(cv2.remap(flat, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)
