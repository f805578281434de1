"""Digits written anew: where the others were, and nowhere else."""

import numpy as np
import pytest

from seqrec.rendering import Dice
from seqrec_sheet_music.bending import bent_by
from seqrec_sheet_music.digits import rewritten
from seqrec_sheet_music.drawing import around
from seqrec_sheet_music.engraving import engraved
from seqrec_sheet_music.faces import faces
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


@pytest.mark.parametrize("sign", ["C", "C/"])
def test_signs_of_common_and_cut_time_are_written_anew_around_the_middle_line(sign: str) -> None:
    tokens = ["clef-F4", f"timeSignature-{sign}", "note-C3_whole", "barline"]
    before, sheet = black_on_white(engraved(tokens).drawing, 16.0)
    for seed in range(8):
        staff = engraved(tokens)
        rewritten(staff, Dice(np.random.default_rng(seed)))
        after, _ = black_on_white(staff.drawing, 16.0)
        rows, columns = np.nonzero(before != after)
        left, _, right, _ = staff.places[1]
        x = columns / sheet.scale + sheet.x
        assert len(rows)
        assert (x > left - 1.5 * staff.drawing.space).all()
        assert (x < right + 1.5 * staff.drawing.space).all()


def test_typefaces_have_every_character_a_meter_needs() -> None:
    assert len(faces()) > 100
    for face in faces():
        assert set(face) == set("0123456789Cc")
        for shape in face.values():
            height = np.concatenate(shape)[:, 1]
            assert height.min() == 0
            assert height.max() == pytest.approx(1, abs=0.02)


def test_bent_glyphs_stay_near_where_they_were_and_are_alike_for_one_hand_and_seed() -> None:
    notes = ["clef-G2", "keySignature-DM", "note-A4_quarter", "note-B4_half"]
    straight = engraved(notes)
    pictures = []
    for seed in range(6):
        one, again = (engraved(notes, bend=bent_by(Dice(np.random.default_rng(seed)))) for _ in range(2))
        pictures.append(black_on_white(one.drawing, 12.0)[0].tobytes())
        assert pictures[-1] == black_on_white(again.drawing, 12.0)[0].tobytes()
        assert np.abs(np.array(one.places) - np.array(straight.places)).max() < 1.5 * one.drawing.space
    assert len(set(pictures)) == 6
