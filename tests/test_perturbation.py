"""Pictures shown otherwise: what changes and what does not."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.errors import DataError
from seqrec.perturbation import PerturbedStore, at_height, inverted, rotated, with_margin
from seqrec.pictures import GreyPicture, encode_png, open_picture

sizes = st.tuples(st.integers(1, 40), st.integers(1, 90))


def noise(height: int = 20, width: int = 60, seed: int = 0) -> GreyPicture:
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


@given(sizes, st.floats(0, 0.5), st.sampled_from(["replicate", "reflect"]))
def test_margins_leave_the_picture_in_the_middle(size: tuple[int, int], share: float, border: str) -> None:
    picture = noise(*size)
    wider = with_margin(picture, share, border)  # type: ignore[arg-type]
    margin = round(share * size[0])
    assert wider.shape == (size[0] + 2 * margin, size[1] + 2 * margin)
    assert (wider[margin : margin + size[0], margin : margin + size[1]] == picture).all()


def test_margins_repeat_the_edge_or_mirror_the_picture() -> None:
    picture = noise()
    assert (with_margin(picture, 0.2)[:4, 4:-4] == picture[0]).all()
    assert (with_margin(picture, 0.2, "reflect")[:4, 4:-4] == picture[4:0:-1]).all()


@given(sizes, st.floats(-30, 30))
def test_a_turned_picture_has_the_size_of_the_box_around_it(size: tuple[int, int], degrees: float) -> None:
    height, width = rotated(noise(*size), degrees).shape
    angle = np.deg2rad(abs(degrees))
    assert abs(height - (size[1] * np.sin(angle) + size[0] * np.cos(angle))) <= 0.51
    assert abs(width - (size[1] * np.cos(angle) + size[0] * np.sin(angle))) <= 0.51


def test_turning_goes_anti_clockwise_and_by_right_angles_loses_nothing() -> None:
    picture = noise()
    assert (rotated(picture, 0) == picture).all()
    assert (rotated(picture, 90) == np.rot90(picture)).all()


def test_the_negative_of_the_negative_is_the_picture() -> None:
    assert (inverted(inverted(noise())) == noise()).all()
    assert inverted(np.zeros((1, 1), np.uint8)).item() == 255


@given(sizes, st.integers(1, 300))
def test_a_resampled_picture_has_the_height_and_its_proportion(size: tuple[int, int], height_px: int) -> None:
    found = at_height(noise(*size), height_px)
    assert found.shape[0] == height_px
    assert abs(found.shape[1] - size[1] * height_px / size[0]) <= 1


def test_shrinking_averages_so_that_fine_patterns_become_grey() -> None:
    stripes = np.tile(np.array([[0], [255]], np.uint8), (32, 64))
    assert abs(int(at_height(stripes, 16).mean()) - 127) <= 1
    assert at_height(stripes, 16).std() < 2


@dataclass(frozen=True)
class OnePicture:
    def __len__(self) -> int:
        return 1

    def key(self, index: int) -> str:
        return "one"

    def label(self, index: int) -> str:
        return "word"

    def encoded(self, index: int) -> bytes:
        return encode_png(noise())


def test_a_set_shown_otherwise_keeps_its_labels() -> None:
    store = PerturbedStore(OnePicture(), inverted)
    assert (len(store), store.key(0), store.label(0)) == (1, "one", "word")
    assert (open_picture(store.encoded(0)) == inverted(noise())).all()


def test_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(DataError, match="a margin of -0.1 heights: expected 0 or more"):
        with_margin(noise(), -0.1)
    with pytest.raises(DataError, match="a picture 0 pixels high: expected at least 1"):
        at_height(noise(), 0)
