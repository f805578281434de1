"""Overlays: what is drawn where."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.overlay import HIGH_PX, LOW_PX, NARROW_PX, WIDE_PX, _font, _header, _marks, _name, draw_overlay
from seqrec.pictures import turned
from seqrec.reading import Reading

GREY = 137  # neither paper nor ink


def reading(symbols: Sequence[str], spans: Sequence[tuple[float, float]], confidences: Sequence[float] = ()) -> Reading:
    """A reading of symbols at places."""
    return Reading(tuple(symbols), "".join(symbols), 0.5, tuple(confidences) or (1.0,) * len(spans), tuple(spans))


def picture(height: int, width: int) -> npt.NDArray[np.uint8]:
    """One grey."""
    return np.full((height, width), GREY, np.uint8)


def photo_rows(drawing: npt.NDArray[np.uint8], column: int = 0) -> slice:
    """Where the picture stands in a drawing, by a column that no symbol covers."""
    rows = np.flatnonzero((drawing[:, column] == GREY).all(1))
    assert len(rows) == rows[-1] - rows[0] + 1
    return slice(int(rows[0]), int(rows[-1]) + 1)


def test_spans_are_tinted_with_edges_and_the_rest_stays_grey() -> None:
    drawing = draw_overlay(picture(120, 500), reading("ab", [(50, 90), (90, 140)]))
    photo = drawing[photo_rows(drawing)]
    assert photo.shape == (120, 500, 3)
    touched = (photo != GREY).any(2).all(0)
    assert np.flatnonzero(touched).tolist() == list(range(50, 140))
    blue, orange = photo[0, 70].astype(int), photo[0, 110].astype(int)
    assert blue[2] > GREY > blue[0]
    assert orange[0] > GREY > orange[2]
    assert (photo[:, [50, 89]] == (40, 110, 220)).all()
    assert (photo[:, [90, 139]] == (240, 140, 0)).all()


def test_bars_below_go_from_red_to_green_with_the_confidence() -> None:
    drawing = draw_overlay(picture(120, 500), reading("abc", [(50, 90), (100, 140), (150, 190)], [0.0, 0.5, 1.0]))
    bar = drawing[photo_rows(drawing).stop + 5].astype(int)
    red, orange, green = bar[60], bar[110], bar[160]
    assert red[0] > 150 > red[1] + red[2]
    assert orange[0] > 150 > orange[1] > 80 > orange[2]
    assert green[1] > 80 > green[0]
    assert (bar[145] == 255).all()  # paper between spans


def test_each_name_stands_under_its_span() -> None:
    drawing = draw_overlay(picture(120, 500), reading("ab", [(50, 90), (300, 340)], [0.0, 1.0]))
    below = drawing[photo_rows(drawing).stop + 10 :]
    columns = np.flatnonzero((below != 255).any(2).any(0))
    first, second = columns[columns < 200], columns[columns >= 200]
    assert 60 < first.min() < first.max() < 80
    assert 310 < second.min() < second.max() < 330


def test_picture_read_turned_is_drawn_turned() -> None:
    image = np.random.default_rng(1).integers(0, 255, (300, 100), np.uint8)
    for degrees in (90, 270):
        drawing = draw_overlay(image, Reading(("a",), "a", 0.9, (0.9,), ((10.0, 60.0),), turned=degrees))
        upright = draw_overlay(turned(image, degrees), Reading(("a",), "a", 0.9, (0.9,), ((10.0, 60.0),)))
        assert drawing.shape == upright.shape
        assert (drawing[30:] == upright[30:]).all()
        assert (drawing[:25] != upright[:25]).any()  # the line above says so


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((24, 60), (LOW_PX, 240)),
        ((1, 1), (LOW_PX, LOW_PX)),
        ((200, 400), (200, 400)),
        ((1600, 1000), (HIGH_PX, 500)),
        ((32, WIDE_PX), (32, WIDE_PX)),
        ((32, 3000), (64, WIDE_PX)),
    ],
)
def test_low_pictures_are_enlarged_and_high_ones_made_smaller(size: tuple[int, int], drawn: tuple[int, int]) -> None:
    drawing = draw_overlay(picture(*size), Reading((), "", 1.0))
    rows = photo_rows(drawing)
    assert (rows.stop - rows.start, int((drawing[rows.start] == GREY).all(1).sum())) == drawn
    assert drawing.shape[1] == max(drawn[1], NARROW_PX)


def test_spans_are_enlarged_with_the_picture() -> None:
    drawing = draw_overlay(picture(24, 60), reading("a", [(10, 20)]))
    photo = drawing[photo_rows(drawing), :240]
    assert np.flatnonzero((photo != GREY).any(2).all(0)).tolist() == list(range(40, 80))


def test_reading_without_symbols_or_spans_leaves_the_picture_alone() -> None:
    for bare in (Reading((), "", 0.99), Reading(("a", "b"), "ab", 0.9)):
        drawing = draw_overlay(picture(120, 500), bare)
        assert (drawing[photo_rows(drawing)] == GREY).all()
        assert (drawing[: photo_rows(drawing).start] != 255).any()


def test_span_of_no_width_or_at_the_edge_is_still_seen() -> None:
    drawing = draw_overlay(picture(120, 500), reading("ab", [(30, 30), (499.8, 500)]))
    photo = drawing[photo_rows(drawing)]
    assert np.flatnonzero((photo != GREY).any(2).all(0)).tolist() == [30, 499]


@given(
    symbols=st.lists(st.sampled_from(["a", "W", "note-C4_quarter", "⠓", "barline", " "]), min_size=1, max_size=40),
    pitch=st.floats(0.5, 60),
    width=st.integers(360, 2000),
)
def test_names_of_a_row_never_overlap_and_stay_on_the_drawing(symbols: list[str], pitch: float, width: int) -> None:
    spans = [(place * pitch, (place + 1) * pitch) for place in range(len(symbols)) if (place + 1) * pitch <= width]
    marks = _marks(reading(symbols[: len(spans)], spans), 1.0, _font(16), width)
    assert len(marks) == len(spans)
    ends: dict[int, int] = {}
    for mark in marks:
        assert mark.name_left >= ends.get(mark.row, 0)
        ends[mark.row] = mark.name_left + mark.name.width
        assert ends[mark.row] <= width


def test_long_names_are_written_upwards() -> None:
    short, long = _marks(reading(["abc", "note-C4_quarter"], [(0, 40), (60, 80)]), 1.0, _font(16), 400)
    assert short.name.width > short.name.height
    assert long.name.height > 3 * long.name.width


def test_what_the_font_lacks_is_written_as_its_code_point() -> None:
    font = _font(16)
    assert _name("⠓", font) == "U+2813"
    assert _name("中a", font) == "U+4E2Da"
    assert _name("note-C4_quarter", font) == "note-C4_quarter"
    assert _name(" ", font) == "·"
    assert _name("\t", font) == "U+0009"


def test_line_above_is_cut_to_the_width_and_keeps_the_confidence() -> None:
    font = _font(16)
    text = _header(Reading(("a",) * 500, "a" * 500, 0.873), font, 300)
    assert text.startswith("aaaa")
    assert text.endswith("...   87.3 %")
    assert 280 < font.getlength(text) <= 300
    assert _header(Reading(("a",) * 5, "a" * 5, 0.873), font, 300) == "aaaaa   87.3 %"
    assert _header(Reading(("⠓", "⠑"), "⠓⠑", 1.0, turned=90), font, 300) == "U+2813 U+2811   100.0 %, turned by 90°"
    assert _header(Reading(("c-G2", "b"), "c-G2\tb", 1.0), font, 300) == "c-G2 b   100.0 %"


def test_picture_given_is_not_changed() -> None:
    image = picture(120, 500)
    image.flags.writeable = False
    draw_overlay(image, reading("ab", [(50, 90), (90, 140)]))
    assert (image == GREY).all()
