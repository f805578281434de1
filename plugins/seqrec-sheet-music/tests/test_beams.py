"""Beams: grouped by the beat, never over rests, and by a likely meter where none is drawn."""

import numpy as np
import pytest

from seqrec.rendering import Dice
from seqrec_sheet_music.beams import beamed, likely_meter
from seqrec_sheet_music.tokens import Element, Meter, parse


def bar(text: str) -> list[Element]:
    """Elements by short names: e an eighth, s a sixteenth, q a quarter, h a half, E a rest of an eighth, g a grace note."""
    names = {
        "e": "note-C5_eighth", "s": "note-C5_sixteenth", "q": "note-C5_quarter", "h": "note-C5_half", "E": "rest-eighth",
        "g": "gracenote-C5_eighth", "d": "note-C5_quarter.", "t": "tie", "Q": "rest-quarter",
    }  # fmt: skip
    return [parse(names[letter]) for letter in text]


@pytest.mark.parametrize(
    ("meter", "style", "notes", "expected"),
    [
        ("4/4", "beat", "eeeeeeee", [(0, 1), (2, 3), (4, 5), (6, 7)]),
        ("4/4", "half", "eeeeeeee", [(0, 3), (4, 7)]),
        ("4/4", "half", "essqeeee", [(0, 2), (4, 7)]),
        ("3/4", "bar", "eeeeee", [(0, 5)]),
        ("6/8", "beat", "eeeeee", [(0, 2), (3, 5)]),
        ("4/4", "beat", "eEeeqq", [(2, 3)]),
        ("2/4", "beat", "qee", [(1, 2)]),
        ("4/4", "none", "eeeeeeee", []),
        ("2/4", "beat", "egeq", [(0, 2)]),
        ("2/4", "beat", "ggqq", [(0, 1)]),
        ("2/4", "beat", "eteq", [(0, 2)]),
    ],
)
def test_notes_stand_under_the_beams_that_musicians_expect(
    meter: str, style: str, notes: str, expected: list[tuple[int, int]]
) -> None:
    assert beamed(bar(notes), Meter(meter), style, Dice(np.random.default_rng(0)), upbeat=False) == expected


def test_a_pickup_is_beamed_by_the_beats_at_the_bars_end() -> None:
    dice = Dice(np.random.default_rng(0))
    assert beamed(bar("eee"), Meter("4/4"), "beat", dice, upbeat=True) == [(1, 2)]
    assert beamed(bar("eee"), Meter("4/4"), "beat", dice, upbeat=False) == [(0, 1)]


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        (["q", "qqqq", "hh", "hq"], "4/4"),
        (["dd", "eeed"], "6/8"),
        (["qqq", "hq"], "3/4"),
        (["qqq", "dd"], "3/4"),
        (["q", "qe"], "3/8"),
    ],
)
def test_the_likely_meter_is_the_one_that_most_bars_fill(bars: list[str], expected: str) -> None:
    assert likely_meter([bar(text) for text in bars]) == Meter(expected)


def test_there_is_no_likely_meter_without_notes() -> None:
    assert likely_meter([bar("QQ")]) is None
