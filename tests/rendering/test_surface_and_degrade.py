"""Textures are the same in every process; degradations keep the size and do what they say."""

import subprocess
import sys

import numpy as np
import pytest

from seqrec.rendering import Dice, camera, degrade, gradient, spot, texture
from seqrec.rendering.surface import KINDS, texture_bank

PRINT_BANKS = """
import zlib
from seqrec.rendering.surface import KINDS, texture_bank
print([zlib.crc32(texture_bank(kind).tobytes()) for kind in KINDS])
"""


def edge() -> np.ndarray:
    picture = np.full((32, 64), 60, np.uint8)
    picture[:, 32:] = 180
    return picture


def test_textures_are_the_same_in_another_process() -> None:
    printed = [
        subprocess.run([sys.executable, "-c", PRINT_BANKS], capture_output=True, check=True, text=True).stdout for _ in range(2)
    ]
    assert printed[0] == printed[1]
    assert printed[0].strip("[]\n")


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_texture_has_the_size_asked_for_and_a_spread_of_about_one(kind: str) -> None:
    rng = np.random.default_rng(0)
    spreads = []
    for height, width in ((40, 200), (7, 9), (90, 1500), (250, 30)):
        cut = texture(kind, height, width, rng)
        assert cut.shape == (height, width)
        assert cut.dtype == np.float32
        assert np.abs(cut).max() < 3.1
    spreads = [float(texture(kind, 100, 300, rng).std()) for _ in range(10)]
    assert 0.3 < np.mean(spreads) < 1.5
    assert texture_bank(kind).dtype == np.uint8


def test_gradient_and_spot_have_their_heights() -> None:
    assert np.allclose(gradient(5, 9, 0)[:, [0, -1]], [-1, 1])
    assert spot(21, 31, 15, 10, 5).max() == pytest.approx(1)


@pytest.mark.parametrize(
    "worn",
    [
        lambda picture: degrade.focus_blur(picture, 1.2),
        lambda picture: degrade.motion_blur(picture, 4.0, 30, 0.8),
        lambda picture: degrade.sensor_noise(picture, 5, np.random.default_rng(0), 2),
        lambda picture: degrade.jpeg(picture, 30),
        lambda picture: degrade.tone_curve(picture, 0.7, 0.8, 10),
        lambda picture: degrade.sharpened(picture, 1.0),
        lambda picture: degrade.spread_out(picture, 1.5),
        lambda picture: camera.photographed(
            camera.lit(picture, Dice(np.random.default_rng(3))), Dice(np.random.default_rng(4)), 20
        ),
    ],
)
def test_a_degraded_picture_is_a_new_one_of_the_same_size(worn: object) -> None:
    picture = edge()
    result = worn(picture)  # type: ignore[operator]
    assert result.shape == picture.shape
    assert result.dtype == np.uint8
    assert np.array_equal(picture, edge())
    assert result[:, 48:].mean() > result[:, :16].mean() + 30


def test_motion_along_an_edge_does_not_blur_it() -> None:
    assert np.abs(degrade.motion_blur(edge(), 5, 90).astype(int) - edge()).max() <= 2
    assert np.abs(degrade.motion_blur(edge(), 5, 0).astype(int) - edge()).max() > 30


def test_levels_far_apart_fit_into_the_range() -> None:
    bright = np.full((20, 20), 240, np.uint8)
    bright[:10] = 250
    spread = degrade.spread_out(bright, 4)
    assert spread[:10].mean() - spread[10:].mean() == pytest.approx(40, abs=2)


def test_no_difficulty_means_no_effect() -> None:
    dice = Dice(np.random.default_rng(0), 0.0)
    assert not any(dice.chance(0.9) for _ in range(50))
    assert camera.lit(edge(), dice) is not None
    assert np.array_equal(camera.photographed(edge(), dice, 20), edge())
