"""Chords and second voices: drawn below notes, labelled, and told."""

import numpy as np
import pytest

from seqrec import Reading
from seqrec.rendering import Dice
from seqrec_sheet_music.chords import PART, with_chords
from seqrec_sheet_music.engraving import engraved
from seqrec_sheet_music.ink import black_on_white
from seqrec_sheet_music.labels import labelled
from seqrec_sheet_music.mei import Extras
from seqrec_sheet_music.notation import shapes, to_semantic, to_shapes
from seqrec_sheet_music.readings import finished
from seqrec_sheet_music.renderer import SheetMusicOptions, SheetMusicRenderer

TOKENS = [
    "clef-G2",
    "timeSignature-4/4",
    "note-C5_quarter",
    "note-A5_eighth",
    "note-F#5_eighth",
    "note-G4_half.",
    "barline",
    "note-E5_whole",
    "barline",
]


@pytest.mark.parametrize("voices", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_chords_stand_below_notes_and_mean_the_notes_alone(voices: bool, seed: int) -> None:
    staff = engraved(TOKENS, extras=Extras(stems={2: "up", 3: "up", 4: "up", 5: "up"} if voices else {}))
    with_chords(staff, Dice(np.random.default_rng(seed)), voices)
    symbols, boxes = labelled(shapes, TOKENS, staff)
    assert [one.symbol for one in to_semantic(symbols)] == TOKENS
    assert [symbol for symbol in symbols if symbol != "chord"] == to_shapes(TOKENS)
    chorded = [index for index in range(len(TOKENS)) if staff.part(index, PART)]
    assert len(boxes) == len(symbols)
    assert symbols.count("chord") == len(chorded)
    space = staff.drawing.space
    for index in chorded:
        own, below = staff.part(index, "notehead"), staff.part(index, PART)
        assert own is not None
        assert below is not None
        assert own[1] + 0.8 * space < below[1] < below[3] < staff.drawing.staff[3] + 5 * space
        assert below[0] == pytest.approx(own[0], abs=0.1)


def test_new_ink_is_where_the_chords_are() -> None:
    before, sheet = black_on_white(engraved(TOKENS).drawing, 12.0, 6.0)
    staff = engraved(TOKENS)
    with_chords(staff, Dice(np.random.default_rng(3)))
    after, _ = black_on_white(staff.drawing, 12.0, 6.0)
    columns = np.flatnonzero((before != after[: before.shape[0], : before.shape[1]]).any(axis=0)) / sheet.scale + sheet.x
    boxes = [box for index in range(len(TOKENS)) if (box := staff.part(index, PART))]
    edge = 1.5 * staff.drawing.space
    near = np.array([(columns > left - edge) & (columns < right + edge) for left, _, right, _ in boxes])
    assert near.any(axis=0).all()  # no ink elsewhere
    assert near.any(axis=1).all()  # some at each


def test_practice_staves_have_chords_where_shapes_are_read_and_held_out_ones_have_none() -> None:
    easy = SheetMusicOptions(height_px=64, difficulty=0.0)
    practice = SheetMusicRenderer(shapes, easy)
    labels = [practice.render(np.random.default_rng(seed)).label for seed in range(120)]
    assert 1 <= sum("chord" in label for label in labels) <= 24
    assert not any("chord" in SheetMusicRenderer(shapes, easy, True).render(np.random.default_rng(s)).label for s in range(40))
    assert not any("chord" in SheetMusicRenderer(options=easy).render(np.random.default_rng(s)).label for s in range(40))


@pytest.mark.parametrize(("count", "told"), [(0, ""), (1, "1 note has others below it"), (3, "3 notes have others below them")])
def test_notes_that_sound_together_are_told(count: int, told: str) -> None:
    tokens = ("clef-G2", *["note-C5_quarter"] * 4, "barline")
    drawn = ("clef.G-L2", *["chord", "note.quarter-S3"] * count, *["note.quarter-S3"] * (4 - count), "barline")
    remarks = finished(Reading(tokens, "", 0.9, (0.9,) * 6, drawn=drawn))["remarks"]
    assert isinstance(remarks, list)
    found = [remark for remark in remarks if "second voice" in remark]
    assert len(found) == bool(count)
    assert all(f": {told};" in remark for remark in found)
