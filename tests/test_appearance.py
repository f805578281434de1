"""What can be told of a picture without reading it, on pictures of which it is known."""

import cv2
import numpy as np
import pytest

from seqrec.appearance import Appearance
from seqrec.pictures import GreyPicture


def word(slope_deg: float = 0.0, sag: float = 0.0, blur_px: float = 0.0, dark: bool = False, contrast: int = 160) -> GreyPicture:
    """Uprights of letters' height on even ground, 32 high, along a line of a slope and a sag in heights of the picture."""
    fine = np.full((128, 640), 40.0 + (0 if dark else contrast))
    for x in range(40, 600, 44):
        along = (x - 320) / 320
        middle = 64 - np.tan(np.deg2rad(slope_deg)) * (x - 320) + sag * 128 * (1 - along**2) - (sag * 64)
        top = round(middle - 26)
        fine[max(top, 0) : max(top + 52, 0), x : x + 24] = 40.0 + (contrast if dark else 0)
    small = cv2.resize(fine, (160, 32), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), blur_px) if blur_px else small).round().astype(np.uint8)


@pytest.mark.parametrize("slope", [-12, -6, 0, 6, 12])
def test_slope_is_found_to_two_degrees(slope: float) -> None:
    found = Appearance(word(slope)).slope_deg
    assert found is not None
    assert abs(found - slope) <= 2


@pytest.mark.parametrize("sag", [-0.3, 0.0, 0.3])
def test_bend_is_found_with_its_direction(sag: float) -> None:
    found = Appearance(word(sag=sag)).sag
    assert found is not None
    assert abs(found - sag) <= 0.1


def test_slope_is_that_of_the_picture_at_any_size() -> None:
    large = cv2.resize(word(8), (640, 128), interpolation=cv2.INTER_LINEAR)
    assert abs((Appearance(large).slope_deg or 0) - 8) <= 2


def test_ground_and_contrast_are_those_drawn() -> None:
    assert Appearance(word()).dark_ground < 0.1
    assert Appearance(word(dark=True)).dark_ground > 0.9
    assert Appearance(word(contrast=100)).contrast == pytest.approx(100, abs=8)


def test_blurred_edges_are_wider() -> None:
    widths = [Appearance(word(blur_px=blur)).edge_px for blur in (0, 1, 2, 3)]
    assert widths == sorted(widths)
    assert widths[0] < 2.6
    assert widths[3] > 4


def test_flat_and_narrow_pictures_have_no_shape() -> None:
    flat = Appearance(np.full((32, 100), 7, np.uint8))
    assert (flat.contrast, flat.edge_px, flat.dark_ground, flat.slope_deg, flat.sag) == (0, 0, 0.5, None, None)
    assert Appearance(word()[:, :40]).slope_deg is None
