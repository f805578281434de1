"""Which accidentals are drawn."""

import pytest

from seqrec_sheet_music.accidentals import drawn
from seqrec_sheet_music.tokens import parse

CASES = {
    "the signature says it": ("keySignature-GM note-F#4_half note-F4_half", [None, None, 0]),
    "it holds until the barline": ("note-F#4_half note-F#4_half barline note-F#4_half", [1, None, None, 1]),
    "at its own octave": ("note-F#4_half note-F#5_half", [1, 1]),
    "and is taken back": ("note-Bb4_half note-B4_half note-Bb4_half", [-1, 0, -1]),
    "a tie carries it over the barline": ("note-F#4_half tie barline note-F#4_half note-F#4_half", [1, None, None, None, 1]),
    "grace notes count": ("gracenote-Bb4_eighth note-Bb4_half", [-1, None]),
    "rests do not matter": ("note-Bb4_half rest-half note-Bb4_half", [-1, None, None]),
}


@pytest.mark.parametrize("case", CASES)
def test_accidentals(case: str) -> None:
    tokens, expected = CASES[case]
    assert drawn([parse(token) for token in tokens.split()]) == expected
