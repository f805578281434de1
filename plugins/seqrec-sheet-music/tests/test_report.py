"""What a report sees."""

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqrec_sheet_music.alphabets import DURATIONS, read_tokens, semantic
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.report import report
from seqrec_sheet_music.tokens import Note, parse

SOUND = "clef-G2 keySignature-GM timeSignature-3/4 note-D4_quarter barline note-G4_half. barline note-F#4_half note-G4_quarter"
SOUND += " barline note-A4_half. barline rest-whole barline multirest-4 barline note-G4_half"


def test_sound_music_is_fine() -> None:
    found = report(SOUND.split())
    assert found.fine
    assert found.doubts == ()
    assert (found.meter.sign, found.meter_from, found.full_bars) == ("3/4", "drawn", 1.0)
    assert found.length == found.midi_length == Fraction(1, 4) + 8 * Fraction(3, 4) + Fraction(1, 2)
    assert found.lines() == ["7 bars in 3/4 (as drawn), 0 doubtful"]


@pytest.mark.parametrize("place", [place for place, token in enumerate(SOUND.split()) if token.startswith("note-")][1:-1])
def test_every_wrong_duration_inside_is_seen(place: int) -> None:
    tokens = SOUND.split()
    note = parse(tokens[place])
    assert isinstance(note, Note)
    for value in DURATIONS:
        changed = [*tokens[:place], f"note-{note.pitch}_{value}", *tokens[place + 1 :]]
        assert report(changed).fine == (value == note.value)


def test_doubtful_bar_is_named_with_its_tokens() -> None:
    tokens = SOUND.replace("note-F#4_half", "note-F#4_whole").split()
    found = report(tokens)
    (bar,) = found.doubtful_bars
    assert (bar.number, bar.fill, tokens[bar.first : bar.stop]) == (3, "long", ["note-F#4_whole", "note-G4_quarter"])
    assert found.lines()[1] == "bar 3 (tokens 8 to 9) is too long: 5/4 of 3/4"
    assert not found.fine
    assert found.full_bars == pytest.approx(6 / 7)


def test_meter_is_given_or_fitted() -> None:
    tokens = ["clef-G2", "note-D4_half.", "barline", "note-D4_half.", "barline", "note-D4_half.", "barline"]
    assert (report(tokens).meter.sign, report(tokens).meter_from) == ("3/4", "fitted")
    assert (report(tokens, "4/4").meter_from, len(report(tokens, "4/4").doubtful_bars)) == ("given", 1)
    assert report(tokens, "6/8").fine
    with pytest.raises(MusicError, match="meter 'x'"):
        report(tokens, "x")


DOUBTS = {
    "clef-G2 note-G6_half": "G6 has 4 ledger lines in this clef",
    "clef-G2 note-C4_half note-G5_half note-B5_half note-C4_half": "a leap of 13 staff steps from B5 to C4",
    "clef-G2 keySignature-EM note-E4_half note-Gb4_half": "Gb4 is far from the key",
    "clef-G2 note-C2_half": "the notes lie beside the staff, not on it; is the clef right?",
    "clef-G2" + " note-C#4_half note-D#4_half barline" * 3: "6 of 6 notes are not in the key; is the key signature right?",
    "clef-G2 note-C4_half tie barline": "a tie that leads beyond the end of the staff",
}


@pytest.mark.parametrize("tokens", DOUBTS)
def test_the_improbable_is_doubted_and_yet_music(tokens: str) -> None:
    found = report(tokens.split())
    assert DOUBTS[tokens] in [doubt.text for doubt in found.doubts]
    assert found.fine


@pytest.mark.parametrize("key", range(-7, 8))
def test_scales_major_and_minor_are_not_doubted(key: int) -> None:
    names = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
    letters = "FCGDAEB"
    signature = [f"keySignature-{names[key + 7]}M"] if key else []

    def note(fifth: int) -> str:
        return f"note-{letters[fifth % 7]}{ {-1: 'b', 0: '', 1: '#'}[(fifth) // 7] }4_quarter"

    major = [note(1 + key + fifth) for fifth in range(-1, 6)]
    tokens = ["clef-G2", *signature, "timeSignature-7/8", *[one.replace("quarter", "eighth") for one in major]]
    assert report(tokens).doubts == ()


@given(data=st.data())
def test_any_canonical_staff_is_the_same_through_musicxml_and_midi(
    staves: st.SearchStrategy[list[str]], data: st.DataObject
) -> None:
    found = report(data.draw(staves))
    assert found.musicxml_same
    assert found.length == found.midi_length
    assert found.problems == ()


@settings(max_examples=100)
@given(tokens=st.lists(st.sampled_from([*semantic.symbols[:150], *semantic.symbols[-200:], "nonsense"]), max_size=10))
def test_anything_gets_a_report(tokens: list[str]) -> None:
    found = report(tokens)
    assert json.loads(json.dumps(found.to_dict()))["fine"] == found.fine
    assert len(found.lines()) == 1 + len(found.doubtful_bars) + len(found.problems) + len(found.doubts) + (
        not found.musicxml_same
    )
    assert found.musicxml_same or found.problems


def test_labels_of_photographs_add_up() -> None:
    root = os.environ.get("SEQREC_DEV_DATA")
    if not root:
        pytest.skip("SEQREC_DEV_DATA is not set")
    labels = sorted(Path(root, "staff-photos-dev").glob("*.semantic"))
    assert labels
    for label in labels:
        assert report(read_tokens(label.read_text())).fine
