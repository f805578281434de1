"""Tokens to music21 and back."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqrec.errors import MissingExtraError
from seqrec_sheet_music import errors
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.midi import sounds
from seqrec_sheet_music.score import from_score, to_score
from seqrec_sheet_music.staff import staff_of

music21 = pytest.importorskip("music21", reason="music21 is not installed")


@settings(max_examples=40)
@given(data=st.data())
def test_tokens_come_back_from_music21(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    piece = data.draw(st.lists(staves, min_size=1, max_size=2))
    assert from_score(to_score(piece)) == piece


@settings(max_examples=20)
@given(data=st.data())
def test_music21_hears_what_we_hear(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = [token for token in data.draw(staves) if not token.startswith("gracenote")]
    while tokens[-1] in ("tie", "barline"):  # music21 does not join ties of which one leads nowhere
        tokens.pop()
    heard, length = sounds([staff_of(tokens)[0]])
    score = to_score([tokens])
    assert score.duration.quarterLength == length * 4
    notes = score.stripTies(matchByPitch=False).flatten().getElementsByClass("Note")
    found = [(Fraction(note.offset) / 4, Fraction(note.quarterLength) / 4, note.pitch.midi) for note in notes]
    assert found == [tuple(one) for one in heard]


def test_parts_of_music21s_own_are_read() -> None:
    part = music21.converter.parse("tinyNotation: 3/4 c4 d8. e16 f#4~ f#4 r2 g2.")
    for clef in part.recurse().getElementsByClass("Clef"):
        clef.activeSite.remove(clef)
    part.measure(1).insert(0, music21.clef.TrebleClef())
    expected = "clef-G2 timeSignature-3/4 note-C4_quarter note-D4_eighth. note-E4_sixteenth note-F#4_quarter tie barline"
    expected += " note-F#4_quarter rest-half barline note-G4_half. barline"
    assert from_score(part) == [expected.split()]


@pytest.mark.parametrize(
    ("notation", "what"),
    [("4/4 trip{c4 d e} f2", "a tuplet"), ("4/4 c##4 d e f", "a pitch altered by 2 semitones")],
)
def test_music_that_tokens_cannot_say_is_refused_by_measure(notation: str, what: str) -> None:
    with pytest.raises(MusicError, match=f"measure 1: {what}"):
        from_score(music21.converter.parse(f"tinyNotation: {notation}"))


def test_scores_without_measures_are_refused() -> None:
    with pytest.raises(MusicError, match="without measures"):
        from_score(music21.stream.Score())


def test_without_music21_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(errors, "import_module", absent)
    with pytest.raises(MissingExtraError, match="pip install music21"):
        to_score([["clef-G2", "rest-half"]])
