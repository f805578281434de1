"""The alphabets hold what the scope says."""

from pathlib import Path

import pytest

from seqrec import Alphabet
from seqrec_sheet_music.alphabets import ALPHABETS, agnostic, pitches, position, read_tokens, semantic
from seqrec_sheet_music.notation import shapes
from seqrec_sheet_music.parts import parts
from seqrec_sheet_music.tokens import Clef, Key, Meter, Multirest, Note, parse


def test_the_default_one_comes_first() -> None:
    assert [alphabet.name for alphabet in ALPHABETS] == ["sheet-music", "sheet-music-pitch", "sheet-music-agnostic"]


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)
def test_every_alphabet_says_where_it_comes_from_and_comes_back_from_its_json(alphabet: Alphabet) -> None:
    assert alphabet.source
    assert Alphabet.from_json(alphabet.to_json()) == alphabet


def test_scope_is_written_down_with_its_numbers() -> None:
    scope = (Path(__file__).parent.parent / "SCOPE.md").read_text(encoding="utf-8")
    count = len({part for symbol in semantic.symbols for part in parts(symbol)})
    for words in (
        f"{len(semantic):,} tokens",
        f"({len(pitches)} of them)",
        f"({len(agnostic)} of them)",
        f"{count} parts in all",
        f"({len(shapes)} of them)",
        f"{len({part for symbol in shapes.symbols for part in shapes.parts[symbol]})} parts",
    ):
        assert words in scope


def test_scope_holds_what_was_promised() -> None:
    elements = [parse(symbol) for symbol in semantic.symbols]
    assert {f"{one.sign}{one.line}" for one in elements if isinstance(one, Clef)} == {"G2", "F4", "C3", "C4", "C1"}
    assert {one.fifths for one in elements if isinstance(one, Key)} == set(range(-7, 8)) - {0}
    meters = {one.sign for one in elements if isinstance(one, Meter)}
    assert meters >= {"2/4", "3/4", "4/4", "C", "C/", "2/2", "3/8", "6/8", "9/8", "12/8", "5/4", "6/4", "3/2"}
    assert {one.bars for one in elements if isinstance(one, Multirest)} == set(range(2, 100))
    values = {one.value.name for one in elements if isinstance(one, Note)}
    assert values == {"double_whole", "whole", "half", "quarter", "eighth", "sixteenth", "thirty_second"}


def test_pitch_alphabet_has_the_pitches_of_the_notes() -> None:
    notes = [one for one in map(parse, semantic.symbols) if isinstance(one, Note)]
    assert {str(note.pitch) for note in notes} == set(pitches.symbols)


def test_labels_are_read_with_any_separator() -> None:
    tokens = ["clef-C1", "keySignature-EbM", "note-F#4_quarter."]
    for text in ("\t".join(tokens), "+".join(tokens), " ".join(tokens) + "\n", "\t".join(tokens) + "\t\r\n"):
        assert read_tokens(text) == tokens
    assert semantic.encode(semantic.text(tokens)) == semantic.encode(tokens)


def test_c_major_has_no_token() -> None:
    assert read_tokens("clef-G2 keySignature-CM note-C4_half") == ["clef-G2", "note-C4_half"]
    assert "keySignature-CM" not in semantic


def test_places_are_counted_from_the_lowest_line() -> None:
    assert [position(step) for step in (-3, -2, -1, 0, 1, 4, 8, 9, 10)] == ["S-1", "L0", "S0", "L1", "S1", "L3", "L5", "S5", "L6"]
    assert "note.quarter-L-3" in agnostic
    assert "accidental.natural-L9" in agnostic
    assert "note.quarter-S9" not in agnostic
