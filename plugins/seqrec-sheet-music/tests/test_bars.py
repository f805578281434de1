"""Bars against their meter."""

from fractions import Fraction

import pytest

from seqrec_sheet_music.bars import check_bars, fitting_meter, meter_named, meters_of
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.staff import staff_of


def checked(tokens: str, meter: str = "2/4") -> list[tuple[str, bool]]:
    return [(bar.fill, bar.fine) for bar in check_bars(staff_of(tokens.split())[0].bars, meter_named(meter))]


def test_short_bars_are_fine_at_the_edges_only() -> None:
    found = checked("clef-G2 rest-quarter barline rest-half barline rest-quarter barline rest-half barline rest-eighth")
    assert found == [("short", True), ("full", True), ("short", False), ("full", True), ("short", True)]


def test_two_short_bars_around_a_repeat_make_one() -> None:
    found = checked("clef-G2 rest-half barline rest-quarter. barline rest-eighth barline rest-half")
    assert found == [("full", True), ("short", True), ("short", True), ("full", True)]


def test_long_bars_are_never_fine() -> None:
    assert checked("clef-G2 rest-half. barline rest-half. barline rest-half.") == [("long", False)] * 3


@pytest.mark.parametrize("meter", ["2/4", "3/8", "3/2"])
def test_whole_rest_alone_and_multirests_fill_any_meter(meter: str) -> None:
    assert checked("clef-G2 rest-whole barline multirest-3 barline rest-double_whole_fermata", meter) == [("full", True)] * 3


def test_multirests_count_as_many_bars() -> None:
    staff, _ = staff_of(["clef-G2", "rest-half", "barline", "multirest-10", "barline", "rest-half"])
    assert [bar.number for bar in check_bars(staff.bars, meter_named("2/4"))] == [1, 2, 12]
    assert [bar.length for bar in check_bars(staff.bars, meter_named("2/4"))] == [Fraction(1, 2), 5, Fraction(1, 2)]


@pytest.mark.parametrize(
    ("bars", "sign"),
    [
        ("rest-half barline rest-half. barline rest-half. barline rest-half", "3/4"),
        ("rest-quarter barline note-C4_half rest-half barline rest-half.", "4/4"),
        ("note-C4_quarter. note-C4_quarter. barline note-C4_quarter note-C4_eighth note-C4_quarter note-C4_eighth", "6/8"),
        ("note-C4_quarter note-C4_quarter note-C4_quarter barline note-C4_half.", "3/4"),
        ("multirest-4", "4/4"),
        ("rest-thirty_second", "4/4"),
        ("rest-half rest-eighth", "5/8"),
    ],
)
def test_fitting_meter(bars: str, sign: str) -> None:
    assert fitting_meter(staff_of(f"clef-G2 {bars}".split())[0].bars).sign == sign


def test_meter_of_a_piece_holds_until_the_next_one() -> None:
    tokens = ["clef-G2 rest-half.", "clef-G2 timeSignature-2/4 rest-half", "clef-G2 rest-half."]
    staves = [staff_of(one.split())[0] for one in tokens]
    assert [one.sign for one in meters_of(staves)] == ["3/4", "2/4", "2/4"]
    assert [one.sign for one in meters_of(staves, "6/8")] == ["6/8", "2/4", "2/4"]


def test_unknown_meters_are_refused() -> None:
    with pytest.raises(MusicError, match="meter '4/3' is not one that is read; known: 2/4"):
        meter_named("4/3")
