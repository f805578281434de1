"""What is drawn and what sounds: rules from one to the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.renderer import SheetMusicRenderer
from seqrec_sheet_music.written import to_semantic, to_written, written


def meant(tokens: list[str]) -> list[str]:
    return [one.symbol for one in to_semantic(tokens)]


@given(st.data())
def test_written_tokens_sound_as_they_did(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    signs = to_written(tokens)
    assert len(signs) == len(tokens)
    assert all(token in written for token in signs)
    assert meant(signs) == tokens


@pytest.mark.parametrize(
    ("drawn", "sounds"),
    [
        ("keySignature-BbM note-B4_half note-Bn4_half barline note-B4_whole", "Bb4 B4 Bb4"),
        ("note-F#4_half note-F5_half", "F#4 F5"),
        ("note-Bb4_half tie barline note-B4_half note-B4_half", "Bb4 Bb4 B4"),
        ("gracenote-F#4_eighth note-F4_half", "F#4 F#4"),
        ("keySignature-GM note-Fn4_half note-F#4_half note-F4_half", "F4 F#4 F#4"),
        ("note-Bb4_half tie note-C5_half note-B4_half", "Bb4 C5 Bb4"),
    ],
)
def test_signs_hold_until_the_barline_at_their_own_octave(drawn: str, sounds: str) -> None:
    notes = [token for token in meant(drawn.split()) if "note-" in token]
    assert [note.partition("-")[2].partition("_")[0] for note in notes] == sounds.split()


def test_what_is_no_token_is_named() -> None:
    with pytest.raises(MusicError, match="note-H4_half"):
        to_semantic(["note-H4_half"])


def test_practice_labels_tell_what_is_drawn_courtesies_included() -> None:
    import numpy as np

    plain = courtesies = 0
    for number in range(60):
        semantic = SheetMusicRenderer().render(np.random.default_rng(number)).label.split("\t")
        label = SheetMusicRenderer(written).render(np.random.default_rng(number)).label.split("\t")
        assert meant(label) == semantic
        plain += label == to_written(semantic)
        courtesies += label != to_written(semantic)
    assert plain > 50
    assert courtesies
