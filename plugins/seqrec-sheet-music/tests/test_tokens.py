"""Tokens, elements and their arithmetic."""

from fractions import Fraction

import pytest

from seqrec_sheet_music.alphabets import CLEFS, DURATIONS, PITCHES, semantic
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.parts import parts
from seqrec_sheet_music.tokens import HIGHEST_STEP, LOWEST_STEP, Clef, Key, Meter, Note, Pitch, Value, parse, pitch, spell

PRIMUS_BEYOND_THE_SCOPE = [
    "clef-F3",
    "clef-G1",
    "keySignature-CM",
    "timeSignature-2/48",
    "timeSignature-11/4",
    "multirest-1",
    "multirest-1111",
    "note-C4_quadruple_whole._fermata",
    "note-C#5_hundred_twenty_eighth",
    "rest-sixty_fourth",
    "rest-quarter.._fermata",
    "gracenote-Eb5_quarter.",
]


def test_tokens_come_back_from_their_elements() -> None:
    tokens = [*semantic.symbols, *PRIMUS_BEYOND_THE_SCOPE]
    assert [spell(parse(token)) for token in tokens] == tokens


NO_TOKENS = """note-C4 note-H4_half note-C##4_half note-C4_half... clef-G6 gracenote-C4_eighth_fermata Barline keySignature-HM
    keySignature-Gm multirest-0 multirest- timeSignature-0/4 timeSignature-C| rest rest-c"""


@pytest.mark.parametrize("token", ["", *NO_TOKENS.split()])
def test_what_is_no_token_is_refused_by_name(token: str) -> None:
    with pytest.raises(MusicError, match="none of the PrIMuS semantic encoding") as caught:
        parse(token)
    assert repr(token) in str(caught.value)


def test_parts_tell_tokens_apart() -> None:
    assert len({frozenset(parts(token)) for token in semantic.symbols}) == len(semantic)
    assert all(len(set(parts(token))) == len(parts(token)) for token in semantic.symbols)


def test_parts_are_few() -> None:
    assert len({part for token in semantic.symbols for part in parts(token)}) < 120


def test_same_thing_is_the_same_part() -> None:
    assert parts("note-Bb3_half.") == ("note", "place:B3", "alter:b", "value:half", "dots:1")
    assert set(parts("gracenote-Bb3_eighth")) & set(parts("note-Bb3_half.")) == {"place:B3", "alter:b"}
    assert set(parts("rest-half._fermata")) - set(parts("note-Bb3_half.")) == {"rest", "fermata"}
    assert parts("timeSignature-6/8") == ("meter", "top:6", "bottom:8")
    assert parts("multirest-70") == ("multirest", "tens:7", "ones:0")


def test_pitches_sound_as_pianos_count_keys() -> None:
    assert [pitch(name).midi for name in ("C4", "B#3", "A4", "Cb4", "F#2")] == [60, 60, 69, 59, 42]
    assert str(pitch("Eb5")) == "Eb5"
    with pytest.raises(MusicError, match="'E5b': expected a letter"):
        pitch("E5b")


@pytest.mark.parametrize(
    ("clef", "name"), [("G2", "B4"), ("F4", "D3"), ("C3", "C4"), ("C4", "A3"), ("C1", "G4"), ("G1", "D5"), ("F3", "F3")]
)
def test_middle_line_of_each_clef(clef: str, name: str) -> None:
    assert Clef(clef[0], int(clef[1])).step(pitch(name)) == 4


@pytest.mark.parametrize("clef", CLEFS, ids=spell)
def test_every_step_of_every_clef_has_a_pitch(clef: Clef) -> None:
    steps = {clef.step(one) for one in PITCHES}
    assert set(range(LOWEST_STEP, HIGHEST_STEP + 1)) <= steps


def test_signatures_alter_letters_in_the_circle_of_fifths() -> None:
    assert [letter for letter in "CDEFGAB" if Key(3).alter(letter) == 1] == ["C", "F", "G"]
    assert [letter for letter in "CDEFGAB" if Key(-2).alter(letter) == -1] == ["E", "B"]
    assert [Key(-7).alter(letter) for letter in "CDEFGAB"] == [-1] * 7
    assert [Key(0).alter(letter) for letter in "CDEFGAB"] == [0] * 7


def test_dots_add_halves() -> None:
    assert [Value("half", dots).length for dots in range(3)] == [Fraction(1, 2), Fraction(3, 4), Fraction(7, 8)]
    assert all((value.length * 32).denominator == 1 for value in DURATIONS)


def test_meters_have_lengths() -> None:
    assert [Meter(sign).length for sign in ("C", "C/", "6/8", "3/2")] == [1, 1, Fraction(3, 4), Fraction(3, 2)]


def test_elements_are_values() -> None:
    assert parse("note-C4_half") == Note(Pitch(28), Value("half")) != parse("note-C4_half_fermata")
