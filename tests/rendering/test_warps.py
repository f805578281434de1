"""A warp's points, its picture and its way back agree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.rendering import Bend, Warp, scale_and_shift, tilt

BENDS = [
    Bend(),
    Bend(curvature=0.006),
    Bend(curvature=-0.008),
    Bend(wave_px=4, wave_length_px=90, wave_phase=1),
    Bend(wave_length_px=200, bulge=0.8),
    Bend(curvature=0.004, wave_px=3, wave_length_px=80, bulge=0.3),
]


def warp_of(bend: Bend) -> Warp:
    """A strong warp around the middle of a plane of 400 by 260 pixels."""
    matrix = scale_and_shift(0.9, 0.8, 110, 50) @ tilt(
        stretch=1.1, shear=0.2, slope=0.1, turn_deg=7, perspective_x=0.0006, perspective_y=0.001
    )
    return Warp((200, 130), bend, matrix)


@pytest.mark.parametrize("bend", BENDS)
def test_backward_undoes_forward(bend: Bend) -> None:
    points = np.random.default_rng(0).uniform((100, 100), (300, 160), (50, 2))
    warp = warp_of(bend)
    assert np.allclose(warp.backward(warp.forward(points)), points, atol=1e-6)


@pytest.mark.parametrize("bend", BENDS)
def test_a_dot_is_drawn_where_the_warp_says(bend: Bend) -> None:
    warp = warp_of(bend)
    for x, y in ((140, 120), (200, 130), (250, 140)):
        flat = np.zeros((260, 400), np.uint8)
        flat[y - 2 : y + 2, x - 2 : x + 2] = 255
        view = warp.picture(flat, 100, 220).astype(float)
        rows, columns = np.mgrid[0:100, 0:220] + 0.5
        seen = np.array([(columns * view).sum(), (rows * view).sum()]) / view.sum()
        assert np.abs(seen - warp.forward(np.array([[x, y]], float))[0]).max() < 0.35


@pytest.mark.parametrize("bend", BENDS)
def test_a_scaled_bend_bends_a_scaled_plane_alike(bend: Bend) -> None:
    x, y = np.array([-80.0, 10.0, 60.0]), np.array([-9.0, 4.0, 12.0])
    for large, small in zip(bend.forward(x, y), bend.scaled(0.5).forward(x / 2, y / 2), strict=True):
        assert np.allclose(large / 2, small)


@given(st.floats(-12, 12), st.floats(0.7, 1.4), st.floats(-0.3, 0.3))
def test_spans_stay_in_the_picture_and_in_order(turn: float, stretch: float, shear: float) -> None:
    boxes = np.array([[x, 5, x + 18, 40] for x in range(0, 200, 20)], np.float32)
    warp = Warp(
        (100, 22), Bend(curvature=0.003), scale_and_shift(1, 1, 90, 20) @ tilt(stretch=stretch, shear=shear, turn_deg=turn)
    )
    spans = warp.spans(boxes, 180)
    assert spans.shape == (10, 2)
    assert spans.dtype == np.float32
    assert (spans >= 0).all()
    assert (spans <= 180).all()
    assert (np.diff(spans, axis=1) >= 0).all()
    assert (np.diff(spans.mean(axis=1)) >= 0).all()


def test_without_a_warp_the_picture_stays() -> None:
    flat = np.random.default_rng(1).integers(0, 256, (20, 30)).astype(np.uint8)
    matrix = scale_and_shift(1, 1, 15, 10)
    assert np.array_equal(Warp((15, 10), Bend(), matrix).picture(flat, 20, 30), flat)
