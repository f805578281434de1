"""The alphabets hold what their names say."""

import string

import pytest

from seqrec import Alphabet
from seqrec_scene_text.alphabets import ALPHABETS, alnum36, alnum62, ascii94, ascii95


def test_sizes_are_in_the_names() -> None:
    assert [len(alphabet) for alphabet in ALPHABETS] == [95, 94, 62, 36]
    assert all(alphabet.name.endswith(str(len(alphabet))) for alphabet in ALPHABETS)


def test_the_default_one_comes_first() -> None:
    assert ALPHABETS[0] is ascii95


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)
def test_every_alphabet_says_where_it_comes_from(alphabet: Alphabet) -> None:
    assert alphabet.source


def test_case_is_folded_only_by_the_smallest() -> None:
    assert alnum36.encode("WORD") == alnum36.encode("word")
    assert alnum62.encode("WORD") != alnum62.encode("word")


def test_printable_ascii_is_complete() -> None:
    assert set(ascii94.symbols) == set(string.digits + string.ascii_letters + string.punctuation)
    assert set(ascii95.symbols) - set(ascii94.symbols) == {" "}


def test_typographic_spellings_become_ascii() -> None:
    assert ascii94.reduce("\u201cit\u2019s\u201d\u2014no") == '"it\'s"-no'
    assert ascii95.reduce("a\u00a0b") == "a b"
    assert ascii94.reduce("a\u00a0b") == "ab"
