"""Surfaces: textures that are drawn once per process, cut at random, and light that falls on a picture."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
"""Numbers over a picture, (H, W), float32."""
Rng = np.random.Generator

TEXTURE_HEIGHT_PX, TEXTURE_WIDTH_PX = 192, 640
TEXTURES_OF_A_KIND = 6
BANK_SEED = 20150721


def _resized(field: Field, height: int, width: int, how: int = cv2.INTER_LINEAR) -> Field:
    return np.asarray(cv2.resize(field, (width, height), interpolation=how), np.float32)


def _noise(rng: Rng, cell_y_px: float, cell_x_px: float) -> Field:
    rows = max(2, round(TEXTURE_HEIGHT_PX / cell_y_px))
    columns = max(2, round(TEXTURE_WIDTH_PX / cell_x_px))
    small = rng.standard_normal((rows, columns), dtype=np.float32)
    return _resized(small, TEXTURE_HEIGHT_PX, TEXTURE_WIDTH_PX, cv2.INTER_CUBIC)


def _clouds(rng: Rng, coarse_px: float = 96, roughness: float = 0.6) -> Field:
    total, weight, cell = np.zeros((TEXTURE_HEIGHT_PX, TEXTURE_WIDTH_PX), np.float32), 1.0, coarse_px
    while cell >= 2:
        total += np.float32(weight) * _noise(rng, cell, cell)
        weight, cell = weight * roughness, cell / 2
    return total


def _grid(rng: Rng) -> tuple[Field, Field]:
    y, x = np.mgrid[0:TEXTURE_HEIGHT_PX, 0:TEXTURE_WIDTH_PX].astype(np.float32)
    return y, x


def _paper(rng: Rng) -> Field:
    return _clouds(rng, 128, 0.5) + rng.uniform(0.3, 0.9) * _noise(rng, 1.5, 1.5)


def _grain(rng: Rng) -> Field:
    size = rng.uniform(1.2, 4)
    return _noise(rng, size, size) + 0.3 * _clouds(rng, 96, 0.5)


def _fibres(rng: Rng) -> Field:
    """Wood and brushed metal: noise drawn out along a line."""
    length, width = rng.uniform(60, 300), rng.uniform(1.5, 6)
    fibres = _noise(rng, width, length) + 0.6 * _noise(rng, width * 3, length)
    y, x = _grid(rng)
    bent = (y + rng.uniform(2, 10) * np.sin(x / rng.uniform(40, 120) + rng.uniform(0, 6))).astype(np.float32)
    field = np.asarray(cv2.remap(fibres, x, bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)
    if rng.random() < 0.5:  # planks
        high = rng.uniform(24, 60)
        field += 2 * np.floor(y / high) % 3 * np.float32(rng.uniform(0.1, 0.5))
        field -= (y % high < rng.uniform(1, 3)) * np.float32(2)
    return field


def _stripes(rng: Rng) -> Field:
    y, x = _grid(rng)
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 60)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period))
    sharp = rng.choice([1.0, 3.0, 20.0])
    return np.asarray(np.tanh(wave * sharp) + 0.15 * _clouds(rng), np.float32)


def _bricks(rng: Rng) -> Field:
    y, x = _grid(rng)
    high, joint = rng.uniform(12, 40), rng.uniform(1, 4)
    wide = high * rng.uniform(1, 3.5)
    row = np.floor(y / high)
    shifted = x + (row % 2) * wide / 2 * (rng.random() < 0.8)
    number = (row * 37 + np.floor(shifted / wide) * 101).astype(np.int64) % 257
    shades = rng.normal(0, 0.5, 257).astype(np.float32)
    joints = ((y % high < joint) | (shifted % wide < joint)).astype(np.float32)
    wall = shades[number] * (1 - joints) + np.float32(rng.choice([-2, 2])) * joints
    return np.asarray(wall + 0.35 * _clouds(rng, 32, 0.7), np.float32)


def _blobs(rng: Rng) -> Field:
    """Foliage, rust, torn posters: noise with its levels pressed apart."""
    noise = _clouds(rng, rng.uniform(24, 80), rng.uniform(0.4, 0.8))
    noise = (noise - noise.mean()) / noise.std()
    return np.asarray(np.tanh(noise * rng.uniform(1, 6)), np.float32)


def _clutter(rng: Rng) -> Field:
    """What stands about in a photograph: shapes with edges, at many sizes, some out of focus."""
    field = np.ascontiguousarray(0.4 * _clouds(rng, 128, 0.5))
    for size in (120, 60, 30, 14):
        for _ in range(int(900 / size)):
            x, y = int(rng.integers(-20, TEXTURE_WIDTH_PX)), int(rng.integers(-20, TEXTURE_HEIGHT_PX))
            width, height = (max(2, int(size * factor)) for factor in rng.uniform(0.2, 1.4, 2))
            tone, shape = float(rng.normal(0, 1)), int(rng.integers(0, 4))
            if shape == 0:
                cv2.rectangle(field, (x, y), (x + width, y + height), (tone,), -1)
            elif shape == 1:
                turn = float(rng.uniform(0, 180))
                cv2.ellipse(field, (x, y), (width, height), turn, 0, 360, (tone,), -1, cv2.LINE_AA)
            elif shape == 2:
                end = (x + int(rng.normal(0, size * 2)), y + int(rng.normal(0, size)))
                cv2.line(field, (x, y), end, (tone,), int(rng.integers(1, 5)), cv2.LINE_AA)
            else:
                corners = (rng.uniform(-1, 1, (4, 2)) * size + (x, y)).astype(np.int32)
                cv2.fillPoly(field, [corners], (tone,), cv2.LINE_AA)
    sigma = rng.choice([0.6, 1.5, 4.0])
    return np.asarray(cv2.GaussianBlur(field, (0, 0), float(sigma)), np.float32)


def _steps(rng: Rng) -> Field:
    """Panels of a sign: wide areas of one tone with an edge between them."""
    y, x = _grid(rng)
    field = np.zeros_like(y)
    for _ in range(6):
        angle, offset = rng.normal(0, 0.4) + rng.choice([0, np.pi / 2]), rng.uniform(0, 1)
        way = (x - offset * TEXTURE_WIDTH_PX) * np.sin(angle) + (y - offset * TEXTURE_HEIGHT_PX) * np.cos(angle)
        field += np.float32(rng.normal(0, 1)) * np.clip(way, 0, 1)
    return np.asarray(field, np.float32)


def _halftone(rng: Rng) -> Field:
    y, x = _grid(rng)
    period, angle = rng.uniform(3, 9), rng.uniform(0, np.pi / 2)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    dots = np.sin(u * (2 * np.pi / period)) * np.sin(v * (2 * np.pi / period))
    return np.asarray(np.tanh(3 * dots) + 0.3 * _clouds(rng), np.float32)


KINDS: dict[str, Callable[[Rng], Field]] = {
    "clouds": _clouds,
    "paper": _paper,
    "grain": _grain,
    "fibres": _fibres,
    "stripes": _stripes,
    "bricks": _bricks,
    "blobs": _blobs,
    "clutter": _clutter,
    "steps": _steps,
    "halftone": _halftone,
}


@cache
def texture_bank(kind: str) -> npt.NDArray[np.uint8]:
    """The textures of a kind, (n, 192, 640), uint8 around 128; the same in every process, drawn at the first call."""
    rng = np.random.default_rng([BANK_SEED, list(KINDS).index(kind)])
    textures = []
    for _ in range(TEXTURES_OF_A_KIND):
        field = KINDS[kind](rng)
        field = (field - field.mean()) / max(float(field.std()), 1e-6)
        textures.append(np.clip(128 + 42 * field, 0, 255).astype(np.uint8))
    return np.stack(textures)


def texture(kind: str, height_px: int, width_px: int, rng: Rng, zoom: float = 1.0) -> Field:
    """A random cut of a texture, (H, W), float32: mean about 0, deviation about 1, at most ±3.

    Args:
        kind: One of `KINDS`.
        height_px: Rows.
        width_px: Columns.
        rng: Where chance comes from.
        zoom: Enlargement; more where the cut would not fit.
    """
    bank = texture_bank(kind)
    picture = bank[int(rng.random() * len(bank))]
    zoom = max(zoom, height_px / TEXTURE_HEIGHT_PX, width_px / TEXTURE_WIDTH_PX)
    rows = min(TEXTURE_HEIGHT_PX, max(2, round(height_px / zoom)))
    columns = min(TEXTURE_WIDTH_PX, max(2, round(width_px / zoom)))
    y = int(rng.random() * (TEXTURE_HEIGHT_PX - rows + 1))
    x = int(rng.random() * (TEXTURE_WIDTH_PX - columns + 1))
    cut = picture[y : y + rows, x : x + columns]
    flips = int(rng.random() * 4)
    cut = cut[:: -1 if flips & 1 else 1, :: -1 if flips & 2 else 1]
    how = cv2.INTER_LINEAR if zoom > 1 else cv2.INTER_AREA
    field = np.asarray(cv2.resize(np.ascontiguousarray(cut), (width_px, height_px), interpolation=how), np.float32)
    field -= 128
    field *= np.float32(1 / 42)
    return field


def gradient(height_px: int, width_px: int, angle_rad: float) -> Field:
    """A ramp from -1 to 1 across the picture in a direction, (H, W)."""
    x = np.linspace(-1, 1, width_px, dtype=np.float32)[None, :] * np.float32(np.cos(angle_rad))
    y = np.linspace(-1, 1, height_px, dtype=np.float32)[:, None] * np.float32(np.sin(angle_rad))
    return np.asarray(x + y, np.float32)


def spot(height_px: int, width_px: int, x: float, y: float, radius_px: float, flatness: float = 1.0) -> Field:
    """A soft round spot of height 1 around (x, y), (H, W)."""
    across = ((np.arange(width_px, dtype=np.float32) - np.float32(x)) / np.float32(radius_px * flatness)) ** 2
    down = ((np.arange(height_px, dtype=np.float32) - np.float32(y)) / np.float32(radius_px)) ** 2
    return np.asarray(np.exp(-down)[:, None] * np.exp(-across)[None, :], np.float32)


def shade(height_px: int, width_px: int, rng: Rng, softness_px: float) -> Field:
    """A cast shadow: 0 in the light, 1 in the shade, with an edge so soft, (H, W)."""
    angle = rng.uniform(0, 2 * np.pi)
    x = np.arange(width_px, dtype=np.float32)[None, :] - np.float32(rng.uniform(0.1, 0.9) * width_px)
    y = np.arange(height_px, dtype=np.float32)[:, None] - np.float32(rng.uniform(0.1, 0.9) * height_px)
    way = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    return np.asarray(np.clip(way / np.float32(softness_px) + 0.5, 0, 1), np.float32)
