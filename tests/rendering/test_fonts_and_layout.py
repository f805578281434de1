"""Fonts know what they lack; a line's boxes lie around its letters."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from seqrec.errors import DataError
from seqrec.rendering import Font, lay_out


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Font:
    """The typeface that comes with Pillow, as a file."""
    path = tmp_path_factory.mktemp("fonts") / "pillow.ttf"
    face = ImageFont.load_default(size=20)
    path.write_bytes(face.font_bytes)
    return Font(path)


def test_a_character_that_no_font_has_cannot_be_drawn(font: Font) -> None:
    assert font.can_draw("Abc 7")
    assert not font.can_draw("\u2a6b")
    assert not font.can_draw("A\u2a6b")


def test_characters_named_as_missing_are_believed(font: Font) -> None:
    assert not Font(font.path, missing="%").can_draw("5%")


def test_letter_height_is_that_of_a_capital(font: Font) -> None:
    for height in (12, 36, 50):
        assert abs(font.glyph("H", font.size_px(height)).mask.shape[0] - height) <= 1


def test_a_font_pickles_without_what_it_loaded(font: Font) -> None:
    font.glyph("A", 20)
    again = pickle.loads(pickle.dumps(font))
    assert np.array_equal(again.glyph("A", 20).mask, font.glyph("A", 20).mask)


def test_a_broken_font_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    with pytest.raises(DataError, match=r"broken\.ttf"):
        Font(broken).glyph("A", 20)


def test_boxes_hold_exactly_the_ink_of_letters_that_stand_apart(font: Font) -> None:
    line = lay_out(font, "HaLo", 30, tracking=0.3)
    for left, top, right, bottom in line.boxes.astype(int):
        inside = line.mask[top:bottom, left:right]
        assert inside.any(axis=1).all()
        assert inside[:, 0].any()
        assert inside[:, -1].any()
    gaps = np.ones(line.mask.shape[1], bool)
    for left, _, right, _ in line.boxes.astype(int):
        gaps[left:right] = False
    assert not line.mask[:, gaps].any()


def test_a_space_has_the_gap_between_its_neighbours(font: Font) -> None:
    line = lay_out(font, "a b", 30)
    assert line.boxes[1, 0] == line.boxes[0, 2]
    assert line.boxes[1, 2] == line.boxes[2, 0]
    assert line.boxes[1, 2] > line.boxes[1, 0]


def test_owners_say_whose_ink_a_pixel_is(font: Font) -> None:
    line = lay_out(font, "HIH", 30, tracking=0.3)
    for index, (left, _, right, _) in enumerate(line.boxes.astype(int)):
        inside = slice(left, right)
        assert set(line.owners[:, inside][line.mask[:, inside] > 0].tolist()) == {index}


def test_a_cell_keeps_the_place_of_a_dot(font: Font) -> None:
    dot = lay_out(font, ".", 30, cell=(-30, 10))
    assert dot.mask.shape[0] == 40
    assert dot.baseline_px == 30
    assert not dot.mask[:20].any()


def test_a_line_without_ink_is_refused(font: Font) -> None:
    with pytest.raises(ValueError, match="no ink"):
        lay_out(font, "  ", 30)
