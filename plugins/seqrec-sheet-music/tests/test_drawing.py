"""Outlines, drawings and ink: SVG's shapes come out where and as large as they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec_sheet_music import outlines
from seqrec_sheet_music.drawing import Drawing, read_svg
from seqrec_sheet_music.engraving import engraved
from seqrec_sheet_music.ink import Ink, Sheet, black_on_white
from seqrec_sheet_music.outlines import Contour

SVG = """<svg xmlns="http://www.w3.org/2000/svg"><defs><g id="E0A4-x">
<path transform="scale(1,-1)" d="M0 0h100v50h-100z"/></g></defs>
<svg class="definition-scale"><g class="staff">{lines}
<g id="t-3" class="note"><g class="notehead"><use href="#E0A4-x" transform="translate(200, 300) scale(0.5, 0.5)"/></g></g>
{more}</g></svg></svg>"""
LINES = "".join(f'<path d="M0 {y} L1000 {y}" stroke-width="10"/>' for y in (100, 200, 300, 400, 500))


def area(contour: Contour) -> float:
    """By the shoelace formula."""
    x, y = contour.T.astype(float)
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("M0 0H10V5H0Z", 50),
        ("m1 1l10 0l0 5l-10 0z", 50),
        ("M0 0L10 0 10 5 0 5Z", 50),
        ("M0 0h10v5h-10zM2 1h2v2h-2z", 54),
        ("M-10 0C-10 5.52 -5.52 10 0 10S10 5.52 10 0 5.52 -10 0 -10-10 -5.52-10 0Z", 100 * np.pi),
        ("M0 0Q5 10 10 0Z", 100 / 3),
        ("M0 0Q5 10 10 0T20 0L20-30L0-30Z", 600),
    ],
)
def test_paths_enclose_their_area(path: str, expected: float) -> None:
    assert sum(map(area, outlines.contours(path))) == pytest.approx(expected, rel=0.035)  # six straight pieces cut a curve short


def test_an_arc_command_is_refused_rather_than_left_out() -> None:
    with pytest.raises(ValueError, match="cannot read 'A'"):
        outlines.contours("M0 0A5 5 0 0 1 10 10Z")


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(-50, 50), st.floats(-50, 50), st.floats(0.5, 20))
def test_a_bars_area_is_length_times_width(x0: float, y0: float, x1: float, y1: float, width: float) -> None:
    long = float(np.hypot(x1 - x0, y1 - y0))
    if long > 1:
        assert area(outlines.bar(x0, y0, x1, y1, width)) == pytest.approx(long * width, rel=0.02, abs=0.05)


def test_a_drawing_knows_its_staff_and_where_its_tokens_are() -> None:
    drawing = read_svg(SVG.format(lines=LINES, more=""))
    assert drawing.staff == (0, 100, 1000, 500)
    assert drawing.space == 100
    assert drawing.line_width == 10
    assert drawing.place("t-3", "notehead") == (200, 275, 250, 300)
    assert drawing.glyphs == {"t-3notehead": ["E0A4"]}
    assert drawing.place("t-4") is None


@pytest.mark.parametrize(
    ("lines", "more", "message"),
    [
        (LINES[: LINES.index("/>") + 2], "", "1 staff lines are drawn; expected 5"),
        ("", "", "0 staff lines are drawn; expected 5"),
        (LINES + LINES.replace("100 ", "150 "), "", "heights are drawn; expected 5"),
        (LINES, '<use href="#E999-x" transform="translate(1, 1) scale(1, 1)"/>', "'E999-x' is used but has no outline"),
        (LINES, "<foreignObject/>", "<foreignObject> in the SVG cannot be drawn"),
    ],
)
def test_what_cannot_be_drawn_is_refused(lines: str, more: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        read_svg(SVG.format(lines=lines, more=more))


@given(st.floats(1, 20), st.floats(1, 20), st.floats(0.5, 15), st.floats(0.5, 15), st.floats(0.5, 3))
def test_ink_covers_as_much_as_the_shape(x: float, y: float, across: float, down: float, scale: float) -> None:
    ink = Ink(Sheet(120, 120, scale, 0, 0))
    ink.fill([outlines.bar(x, y + down / 2, x + across, y + down / 2, down)])
    coverage = ink.coverage().astype(float) / 255
    pixels = across * down * scale**2
    # Edges are a quarter of a pixel off at most, all around.
    assert abs(coverage.sum() - pixels) < 0.26 * 2 * (across + down) * scale + 0.2
    columns, rows = coverage.sum(axis=0), coverage.sum(axis=1)
    if coverage.sum() > 4:
        middle_x = (columns * (np.arange(120) + 0.5)).sum() / columns.sum()
        middle_y = (rows * (np.arange(120) + 0.5)).sum() / rows.sum()
        assert middle_x == pytest.approx((x + across / 2) * scale, abs=0.3)
        assert middle_y == pytest.approx((y + down / 2) * scale, abs=0.3)


def test_a_hole_stays_white() -> None:
    ink = Ink(Sheet(40, 40, 1.0, 0, 0))
    ink.fill(list(outlines.contours("M5 5h30v30h-30zM15 15h10v10h-10z")))
    coverage = ink.coverage()
    assert coverage[10, 10] == 255
    assert coverage[20, 20] == 0


def test_black_on_white_shows_each_token_where_the_sheet_says() -> None:
    staff = engraved(["clef-F4", "note-D3_whole", "rest-half", "barline"])
    picture, sheet = black_on_white(staff.drawing, 10.0)
    assert picture.shape == (sheet.height_px, sheet.width_px)
    for left, top, right, bottom in staff.places:
        rows = slice(int((top - sheet.y) * sheet.scale), int(np.ceil((bottom - sheet.y) * sheet.scale)))
        columns = slice(int((left - sheet.x) * sheet.scale), int(np.ceil((right - sheet.x) * sheet.scale)))
        assert picture[rows, columns].min() < 100
    assert picture[:10].min() == 255


def test_dashed_lines_are_drawn_with_gaps() -> None:
    barline = '<g class="barLine"><path d="M500 100 L500 500" stroke-width="10" stroke-dasharray="50 50"/></g>'
    dashed = SVG.format(lines=LINES, more=barline)
    assert len(read_svg(dashed).boxes["barLine0", ""]) == 4


def test_an_empty_drawing_has_no_place() -> None:
    assert Drawing().place("t-0") is None
