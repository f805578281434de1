"""Digits written anew: where the others were, and nowhere else."""

import numpy as np
import pytest

from seqrec.rendering import Dice
from seqrec_sheet_music.digits import rewritten
from seqrec_sheet_music.drawing import around
from seqrec_sheet_music.engraving import engraved
from seqrec_sheet_music.ink import black_on_white

TOKENS = [
    "clef-G2",
    "keySignature-DM",
    "timeSignature-12/8",
    "note-F#4_half",
    "barline",
    "multirest-30",
    "barline",
    "note-A4_half",
]


@pytest.mark.parametrize("font", ["Leipzig", "Gootville"])
def test_digits_are_written_where_the_others_were_and_all_else_stays(font: str) -> None:
    before, sheet = black_on_white(engraved(TOKENS, font).drawing, 16.0)
    for seed in range(8):
        staff = engraved(TOKENS, font)
        rewritten(staff, Dice(np.random.default_rng(seed)))
        after, _ = black_on_white(staff.drawing, 16.0)
        changed = np.flatnonzero((before != after).any(axis=0)) / sheet.scale + sheet.x
        space = staff.drawing.space
        spans = [staff.places[2], around(staff.drawing.boxes["t-5", "multiRestNum"])]
        inside = [((changed > left - 1.5 * space) & (changed < right + 1.5 * space)) for left, _, right, _ in spans]
        assert (inside[0] | inside[1]).all()
        assert all(one.any() for one in inside)


def test_no_two_pens_write_alike() -> None:
    pictures = []
    for seed in range(5):
        staff = engraved(TOKENS)
        rewritten(staff, Dice(np.random.default_rng(seed)))
        pictures.append(black_on_white(staff.drawing, 12.0)[0].tobytes())
    assert len(set(pictures)) == 5


def test_common_and_cut_time_are_signs_and_stay() -> None:
    tokens = ["clef-F4", "timeSignature-C/", "note-C3_whole", "barline"]
    staff = engraved(tokens)
    rewritten(staff, Dice(np.random.default_rng(0)))
    assert np.array_equal(black_on_white(staff.drawing, 12.0)[0], black_on_white(engraved(tokens).drawing, 12.0)[0])
