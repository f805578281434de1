"""What engravers draw in their own ways takes the place of what the font has, and nothing else changes."""

import numpy as np
import pytest

from seqrec.rendering import Dice
from seqrec_sheet_music import habits
from seqrec_sheet_music.engraving import FONTS, Engraving, engraved
from seqrec_sheet_music.ink import black_on_white

TOKENS = [
    "clef-C3",
    "timeSignature-4/2",
    "note-D4_double_whole",
    "barline",
    "multirest-7",
    "barline",
    "note-B3_half..",
    "rest-eighth..",
    "note-C4_quarter.",
    "note-E4_double_whole.",
    "barline",
    "multirest-30",
    "barline",
]


def changed(before: Engraving, after: Engraving) -> np.ndarray:
    """The columns of the drawing that are not the same, in its units."""
    old, sheet = black_on_white(before.drawing, 16.0)
    new, _ = black_on_white(after.drawing, 16.0)
    return np.asarray(np.flatnonzero((old != new).any(axis=0)) / sheet.scale + sheet.x)


@pytest.mark.parametrize("font", FONTS)
def test_only_dots_breves_and_rests_of_a_few_bars_are_drawn_anew(font: str) -> None:
    plain = engraved(TOKENS, font)
    space = plain.drawing.space
    rest = plain.places[4]
    bar = plain.places[3][2], plain.places[5][0]
    assert bar[0] < rest[0] < rest[2] < bar[1]
    allowed = [plain.places[index] for index in (2, 6, 7, 8, 9)]
    spans = [(left, right) for left, _, right, _ in allowed] + [bar]
    different = 0
    for seed in range(12):
        staff = engraved(TOKENS, font)
        habits.redrawn(staff, Dice(np.random.default_rng(seed)))
        columns = changed(plain, staff)
        different += bool(len(columns))
        inside = [(columns > left - 0.5 * space) & (columns < right + space) for left, right in spans]
        assert np.any(inside, axis=0).all()
        left, _, right, _ = plain.places[11]  # thirty bars stay one thick bar
        assert not ((columns > left) & (columns < right)).any()
    assert different > 8


@pytest.mark.parametrize("bars", range(2, habits.MOST_BARS + 1))
def test_rests_in_a_row_are_as_long_as_the_number_above_them(bars: int) -> None:
    """Told by the ink: a rest of four bars is two spaces high, of two bars one, of one bar a half."""
    staff = engraved(["clef-G2", f"multirest-{bars}", "barline", "note-C5_whole", "barline"])
    drawing = staff.drawing
    before = len(drawing.areas)
    for box in drawing.boxes["t-1", ""]:
        drawing.erase(box)
    assert len(drawing.areas) < before
    kept = len(drawing.areas)
    left, right = habits._bar_around(staff, 1)
    habits._rests(drawing, Dice(np.random.default_rng(bars)), bars, left, right)
    total, edge = 0, left
    for area in drawing.areas[kept:]:
        points = np.concatenate(area)
        assert points[:, 0].min() >= edge
        edge = points[:, 0].max()
        total += {2.0: 4, 1.0: 2, 0.5: 1}[round(float(np.ptp(points[:, 1])) / drawing.space, 2)]
    assert total == bars
    assert edge <= right


def test_dots_are_as_many_as_they_were_and_behind_their_notes() -> None:
    tokens = ["clef-G2", "note-C5_half..", "note-D5_quarter.", "rest-half."]
    redrawn = 0
    for seed in range(10):
        staff = engraved(tokens)
        old = staff.drawing.areas
        habits.redrawn(staff, Dice(np.random.default_rng(seed)))
        new = [area for area in staff.drawing.areas if not any(area is other for other in old)]
        assert len(staff.drawing.areas) == len(old)
        if not new:
            continue
        redrawn += 1
        middles = [float(np.concatenate(area)[:, 0].mean()) for area in new]
        assert len(middles) == 4
        assert middles == sorted(middles)
        for middle, index in zip(middles, (1, 1, 2, 3), strict=True):
            left, _, right, _ = staff.places[index]
            assert (left + right) / 2 < middle < right + staff.drawing.space
    assert redrawn > 2
