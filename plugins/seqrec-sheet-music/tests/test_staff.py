"""Staves from tokens, and what is said of tokens that are no music."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec_sheet_music.alphabets import semantic
from seqrec_sheet_music.staff import staff_of, tokens_of


@given(data=st.data())
def test_canonical_tokens_come_back_from_their_staff(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    staff, problems = staff_of(tokens)
    assert problems == []
    assert tokens_of(staff) == tokens


@given(data=st.data())
def test_places_are_those_of_the_tokens(staves: st.SearchStrategy[list[str]], data: st.DataObject) -> None:
    tokens = data.draw(staves)
    staff, _ = staff_of(tokens)
    bars = [" ".join(tokens[bar.first : bar.stop]) for bar in staff.bars]
    head = sum(token.startswith(("clef", "key", "time")) for token in tokens)
    assert " barline ".join(bars) + " barline" * staff.closed == " ".join(tokens[head:])


@given(
    tokens=st.lists(st.sampled_from([*semantic.symbols[:150], "note-C4_half", "gracenote-C4_eighth", "nonsense"]), max_size=12)
)
def test_any_tokens_give_a_staff_whose_tokens_are_canonical(tokens: list[str]) -> None:
    staff, problems = staff_of(tokens)
    again = tokens_of(staff)
    assert problems or again == tokens
    if staff.bars:
        assert staff_of(again) == (staff, [])


CASES = {
    "note-C4_half": (-1, "no clef at the beginning"),
    "clef-G2": (-1, "no note and no rest"),
    "clef-G2 note-C4_half tie rest-half": (2, "a tie that leads to a rest; it is left out"),
    "clef-G2 note-C4_half tie note-D4_half": (2, "a tie from C4 to D4; tied notes have the same pitch; it is left out"),
    "clef-G2 note-C4_half tie barline note-C#4_half": (2, "a tie from C4 to C#4"),
    "clef-G2 note-C4_half tie gracenote-D4_eighth note-C4_half": (2, "a tie with grace notes under it"),
    "clef-G2 note-C4_half tie tie note-C4_half": (3, "a tie that does not follow a note"),
    "clef-G2 rest-half tie": (2, "a tie that does not follow a note"),
    "clef-G2 gracenote-C4_eighth rest-half": (1, "a grace note without a note behind it"),
    "clef-G2 note-C4_half gracenote-C4_eighth barline": (2, "a grace note without a note behind it"),
    "clef-G2 note-C4_half barline barline": (3, "a barline with nothing before it"),
    "clef-G2 barline note-C4_half": (1, "a barline with nothing before it"),
    "clef-G2 timeSignature-3/4 keySignature-GM rest-half": (2, "a key out of order"),
    "clef-G2 clef-F4 rest-half": (1, "a clef out of order"),
    "clef-G2 rest-half timeSignature-3/4": (2, "a meter in the middle of the staff; it is left out"),
    "rest-half clef-F4": (1, "a clef in the middle of the staff; it is taken to its beginning"),
    "clef-G2 keySignature-CM rest-half": (1, "nothing is drawn for it"),
    "clef-G2 rest-half multirest-4": (2, "a multi-bar rest inside a bar"),
    "clef-G2 multirest-4 rest-half": (2, "a multi-bar rest and more in one bar"),
    "clef-G2 rest-half forte": (2, "token 'forte' is none of the PrIMuS semantic encoding"),
}


@pytest.mark.parametrize("tokens", CASES)
def test_what_is_no_music_is_named(tokens: str) -> None:
    place, text = CASES[tokens]
    (problem,) = staff_of(tokens.split())[1]
    assert problem.place == place
    assert text in problem.text


def test_missing_clef_suits_the_notes() -> None:
    assert staff_of(["note-C3_half"])[0].clef.sign == "F"
    assert staff_of(["note-C5_half"])[0].clef.sign == "G"
