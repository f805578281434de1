"""Glyphs of other music fonts: complete, in place, and never in validation."""

import numpy as np
import pytest

from seqrec.rendering import Dice
from seqrec_sheet_music import renderer
from seqrec_sheet_music.bending import redrawn
from seqrec_sheet_music.engraving import HELD_OUT_FONT, engraved
from seqrec_sheet_music.ink import black_on_white
from seqrec_sheet_music.music_fonts import music_fonts
from seqrec_sheet_music.renderer import SheetMusicRenderer

NEEDED = {
    *("E050", "E05C", "E062", "E0A2", "E0A3", "E0A4", "E240", "E241", "E260", "E261", "E262", "E4E3", "E4E4", "E4E5", "E4E6"),
    *("E4E7", "E4C0", "E080", "E081", "E082", "E083", "E084"),
}


def test_fonts_have_what_most_staves_need_at_the_size_of_a_staff() -> None:
    assert len(music_fonts()) == 7
    assert not any(HELD_OUT_FONT.lower() in name for name in music_fonts())
    for glyphs in music_fonts().values():
        assert set(glyphs) >= NEEDED
        head = np.concatenate(glyphs["E0A4"])
        assert np.ptp(head[:, 1]) == pytest.approx(250, rel=0.3)  # one staff space
        assert 250 < np.ptp(head[:, 0]) < 450


def test_noteheads_stay_where_their_stems_are() -> None:
    notes = ["clef-F4", "note-D3_quarter", "note-F3_half", "rest-quarter", "note-A3_whole"]
    straight, space = engraved(notes), engraved(notes).drawing.space
    pictures = set()
    for seed in range(40):
        staff = engraved(notes, bend=redrawn(Dice(np.random.default_rng(seed))))
        pictures.add(black_on_white(staff.drawing, 12.0)[0].tobytes())
        for index in (1, 2, 4):
            here, there = (np.array(one.part(index, "notehead")) for one in (staff, straight))
            assert np.abs(here - there).max() < 0.6 * space
    assert len(pictures) > 20


def test_validation_draws_its_own_font_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(dice: Dice) -> None:
        raise AssertionError("glyphs of a picture for validation were replaced")

    monkeypatch.setattr(renderer, "redrawn", never)
    SheetMusicRenderer().held_out().render(np.random.default_rng(0))
    with pytest.raises(AssertionError, match="were replaced"):
        SheetMusicRenderer().render(np.random.default_rng(0))
