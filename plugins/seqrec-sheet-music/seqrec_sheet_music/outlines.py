"""Outlines: glyphs and curves of an SVG path as polygons, kept per process."""

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Contour = npt.NDArray[np.float32]
"""x, y of a closed polygon's corners, (n, 2)."""
Matrix = npt.NDArray[np.float32]

CURVE_STEPS = 6
"""Straight pieces of one curve; glyphs are seldom more than 60 pixels high."""

_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtZz])([^MmLlHhVvCcSsQqTtZz]*)")
_UNKNOWN = re.compile(r"[^MmLlHhVvCcSsQqTtZz\d\s.,e-]")
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_TAKES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2}

Point = tuple[float, float]


def _weights(degree: int) -> Matrix:
    t = np.linspace(0, 1, CURVE_STEPS + 1, dtype=np.float32)[1:, None]
    if degree == 2:
        return np.asarray(np.hstack([(1 - t) ** 2, 2 * t * (1 - t), t**2]), np.float32)
    return np.asarray(np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]), np.float32)


_QUADRATIC, _CUBIC = _weights(2), _weights(3)


@lru_cache(maxsize=4096)
def contours(path: str) -> tuple[Contour, ...]:
    """The closed polygons of a path's `d` attribute, y as it stands there.

    Raises:
        ValueError: A command that is not one of M L H V C S Q T Z.
    """
    if unknown := _UNKNOWN.search(path):
        raise ValueError(f"path {path[:60]!r}: cannot read {unknown[0]!r}")
    made: list[Contour] = []
    points: list[Point] = []
    at: Point = (0.0, 0.0)
    start: Point = at
    handle: Point | None = None
    for command, text in _COMMAND.findall(path):
        kind, relative = command.upper(), command.islower()
        if kind == "Z":
            at = start
            continue
        numbers = [float(number) for number in _NUMBER.findall(text)]
        for first in range(0, len(numbers), _TAKES[kind]):
            part = numbers[first : first + _TAKES[kind]]
            corners = _absolute(kind, part, at, relative)
            if kind == "M" and first == 0:
                _close(points, made)
                points, start = [corners[0]], corners[0]
            elif kind in "MLHV":
                points.append(corners[0])
            else:
                before = handle if handle and kind in "ST" else at
                mirrored = (2 * at[0] - before[0], 2 * at[1] - before[1])
                controls = [at, *([mirrored] * (kind in "ST")), *corners]
                weights = _CUBIC if len(controls) == 4 else _QUADRATIC
                points += [(float(x), float(y)) for x, y in weights @ np.array(controls, np.float32)]
                handle = controls[-2]
            if kind not in "CSQT":
                handle = None
            at = corners[-1]
    _close(points, made)
    return tuple(made)


def _absolute(kind: str, numbers: list[float], at: Point, relative: bool) -> list[Point]:
    x, y = at if relative else (0.0, 0.0)
    if kind == "H":
        return [(x + numbers[0], at[1])]
    if kind == "V":
        return [(at[0], y + numbers[0])]
    return [(x + numbers[index], y + numbers[index + 1]) for index in range(0, len(numbers), 2)]


def _close(points: list[Point], made: list[Contour]) -> None:
    if len(points) > 2:
        made.append(np.array(points, np.float32))


def ellipse(x: float, y: float, across: float, down: float) -> Contour:
    """The outline of an ellipse around x, y with these radii."""
    angle = np.linspace(0, 2 * np.pi, 17, dtype=np.float32)[:-1]
    return np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], axis=1).astype(np.float32)


def bar(x0: float, y0: float, x1: float, y1: float, width: float) -> Contour:
    """The outline of a straight line of a width, without caps."""
    long = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
    aside_x, aside_y = (y0 - y1) / long * width / 2, (x1 - x0) / long * width / 2
    return np.array(
        [(x0 + aside_x, y0 + aside_y), (x1 + aside_x, y1 + aside_y), (x1 - aside_x, y1 - aside_y), (x0 - aside_x, y0 - aside_y)],
        np.float32,
    )


def arc(x0: float, x1: float, y: float, height: float, thickness: float) -> Contour:
    """The outline of a tie from x0 to x1 at y; its middle is so high above y (below it where negative) and so thick."""
    t = np.linspace(0, 1, 13, dtype=np.float32)
    x, rise = x0 + (x1 - x0) * t, 1 - (2 * t - 1) ** 4
    outer = np.stack([x, y - height * rise], axis=1)
    inner = np.stack([x, y - (height - np.copysign(thickness, height)) * rise], axis=1)
    return np.concatenate([outer, inner[::-1]]).astype(np.float32)
