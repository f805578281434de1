"""Rates of music."""

import pytest

from seqrec_sheet_music.metrics import (
    average_edit_distance,
    music_error_rate,
    pitch_error_rate,
    pitches,
    rhythm,
    rhythm_error_rate,
    share_of_full_bars,
    without_ties,
)

LABEL = "clef-G2 timeSignature-2/4 note-F#4_quarter tie note-F#4_quarter barline gracenote-A4_eighth note-G4_quarter"
LABEL += " rest-quarter_fermata"
LABEL = LABEL.split()


def test_sequences_of_one_kind() -> None:
    assert without_ties(LABEL) == [token for token in LABEL if token != "tie"]
    assert pitches(LABEL) == ["F#4", "F#4", "G4"]
    assert rhythm(LABEL) == ["note-quarter", "note-quarter", "note-quarter", "rest-quarter"]
    assert pitches(["nonsense"]) == rhythm(["nonsense"]) == []


def test_missing_tie_is_no_error() -> None:
    assert music_error_rate([without_ties(LABEL)], [LABEL]) == 0.0
    assert music_error_rate([LABEL], [without_ties(LABEL)]) == 0.0


def test_wrong_pitch_is_no_wrong_rhythm() -> None:
    reading = [token.replace("G4", "E4") for token in LABEL]
    assert music_error_rate([reading], [LABEL]) == pytest.approx(1 / 8)
    assert pitch_error_rate([reading], [LABEL]) == pytest.approx(1 / 3)
    assert rhythm_error_rate([reading], [LABEL]) == 0.0


def test_wrong_duration_is_no_wrong_pitch() -> None:
    reading = [token.replace("G4_quarter", "G4_half") for token in LABEL]
    assert pitch_error_rate([reading], [LABEL]) == 0.0
    assert rhythm_error_rate([reading], [LABEL]) == pytest.approx(1 / 4)
    assert share_of_full_bars([reading]) == pytest.approx(1 / 2)
    assert share_of_full_bars([LABEL]) == 1.0
    assert share_of_full_bars([]) == share_of_full_bars([["clef-G2"]]) == 0.0


def test_average_edit_distance_counts_edits_a_sequence() -> None:
    assert average_edit_distance([["C4", "D4"], ["C4"], []], [["C4", "E4"], ["C4"], ["C4", "D4"]]) == 1.0
    with pytest.raises(ValueError, match="zip"):
        average_edit_distance([["C4"]], [])
