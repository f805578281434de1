"""MIDI, counted by our own reader and by music21's."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.midi import DIVISION, Sound, midi_length, sounds, to_midi
from seqrec_sheet_music.staff import staff_of


def heard(*lines: str, meter: str = "") -> tuple[list[Sound], Fraction]:
    return sounds([staff_of(line.split())[0] for line in lines], meter)


def test_tied_notes_are_one_sound_over_barlines_and_staves() -> None:
    found, length = heard("clef-G2 note-C4_half tie barline note-C4_half tie barline", "clef-G2 note-C4_quarter note-C4_quarter")
    assert [(one.onset, one.length) for one in found] == [(0, Fraction(5, 4)), (Fraction(5, 4), Fraction(1, 4))]
    assert length == Fraction(3, 2)


def test_grace_notes_take_their_time_from_the_note() -> None:
    found, length = heard(
        "clef-G2 gracenote-B4_eighth note-C5_half gracenote-B4_eighth gracenote-C5_eighth note-D5_thirty_second"
    )
    starts = [one.onset for one in found]
    assert starts == [0, Fraction(1, 32), Fraction(1, 2), Fraction(1, 2) + Fraction(1, 128), Fraction(1, 2) + Fraction(1, 64)]
    assert sum(one.length for one in found) == length == Fraction(17, 32)


def test_bars_of_rest_last_as_long_as_the_meter_says() -> None:
    assert heard("clef-G2 timeSignature-3/4 rest-whole barline multirest-4 barline note-C4_half.")[1] == Fraction(3, 4) * 6
    assert heard("clef-G2 rest-whole", meter="2/4")[1] == Fraction(1, 2)


@given(data=st.data())
def test_file_lasts_as_long_as_the_bars(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    piece = data.draw(st.lists(staves, min_size=1, max_size=2))
    assert midi_length(to_midi(piece)) == sounds([staff_of(tokens)[0] for tokens in piece])[1]


@given(data=st.data())
def test_music21_reads_the_same_keys_at_the_same_times(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    midi = pytest.importorskip("music21", reason="music21 is not installed").midi
    tokens = data.draw(staves)
    file = midi.MidiFile()
    file.readstr(to_midi([tokens]))
    now, pressed, found = 0, {}, []
    for event in file.tracks[0].events:
        if event.isDeltaTime():
            now += event.time
        elif event.isNoteOn():
            pressed[event.pitch] = now
        elif event.isNoteOff():
            found.append((pressed.pop(event.pitch), now, event.pitch))
    quarter = 4 * DIVISION
    expected = [(one.onset * quarter, (one.onset + one.length) * quarter, one.midi) for one in heard(" ".join(tokens))[0]]
    assert sorted(found) == sorted(expected)
    assert file.ticksPerQuarterNote == DIVISION


def test_tempo_meter_and_key_are_written() -> None:
    data = to_midi([["clef-G2", "keySignature-EbM", "timeSignature-6/8", "note-C4_half"]], quarters_a_minute=120)
    assert b"\xff\x51\x03" + (500_000).to_bytes(3, "big") in data
    assert b"\xff\x58\x04\x06\x03" in data
    assert b"\xff\x59\x02\xfd\x00" in data


def test_nothing_is_a_file_of_no_length() -> None:
    assert midi_length(to_midi([])) == midi_length(to_midi([["clef-G2"]])) == 0


@pytest.mark.parametrize("data", [b"", b"RIFF", to_midi([["clef-G2", "note-C4_half"]])[:-4]])
def test_broken_files_are_refused(data: bytes) -> None:
    with pytest.raises(MusicError, match="MIDI file"):
        midi_length(data)
