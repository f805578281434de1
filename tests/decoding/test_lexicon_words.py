"""What becomes a lexicon: words in and out of the alphabet, several spellings, weights, and text files of them."""

import math
from pathlib import Path

import pytest

from seqrec.alphabet import Alphabet
from seqrec.decoding import Entry, Lexicon, any_case, read_entries
from seqrec.decoding.lexicon import Dropped, parse_entry
from seqrec.errors import AlphabetError, GrammarError

ABC = Alphabet("abc", "abc", canonical={"A": "a", "B": "b", "C": "c"})


def test_word_outside_the_alphabet_is_an_error_unless_told_otherwise() -> None:
    with pytest.raises(AlphabetError, match=r"symbol 'x' \(U\+0078\) at position 2 of 'bx' is not in alphabet 'abc'"):
        Lexicon.compile(["a", "bx"], ABC)


def test_dropped_words_are_counted_and_the_first_ones_named() -> None:
    words = ["a", "bx", *(f"x{number}" for number in range(1998)), "c"]
    lexicon = Lexicon.compile(words, ABC, policy="drop")
    assert list(lexicon.texts) == ["a", "c"]
    assert lexicon.dropped == Dropped(("bx", "x0", "x1", "x2", "x3"), 1999)
    assert str(lexicon.dropped) == "1,999 words with symbols outside the alphabet ('bx', 'x0', 'x1', 'x2', 'x3', …)"
    assert str(Dropped()) == ""


def test_reduced_words_lose_only_what_is_outside_the_alphabet() -> None:
    lexicon = Lexicon.compile(["b-x-c", "b.c", "xyz"], ABC, policy="reduce")
    assert list(lexicon.texts) == ["b-x-c"]
    assert lexicon.spellings(0) == [(2, 3)]
    assert (lexicon.dropped.outside, lexicon.dropped.count, lexicon.dropped.merged) == (("xyz",), 1, 1)


def test_word_with_one_spelling_in_the_alphabet_is_kept() -> None:
    lexicon = Lexicon.compile([Entry("x", ("x", "ab"))], ABC, policy="drop")
    assert lexicon.spellings(0) == [(1, 2)]


def test_words_with_the_same_spelling_become_one_with_the_sum_of_their_weights() -> None:
    lexicon = Lexicon.compile([Entry("ab", weight=2.0), Entry("AB", weight=3.0), Entry("c", ("AB", "c"))], ABC)
    assert list(lexicon.texts) == ["ab", "c"]
    assert lexicon.tables.weight.tolist() == [5.0, 1.0]
    assert lexicon.spellings(1) == [(3,)]
    assert lexicon.dropped.merged == 1


def test_word_given_twice_counts_once() -> None:
    lexicon = Lexicon.compile(["ab", "ab", "AB", ""], ABC)
    assert len(lexicon) == 1
    assert lexicon.tables.weight.tolist() == [1.0]


@pytest.mark.parametrize(
    ("words", "policy", "message"),
    [
        ([], "error", "the lexicon holds no word; give at least one word of alphabet 'abc'"),
        ([""], "error", "the lexicon holds no word; give"),
        (
            ["x", "y"],
            "drop",
            r"the lexicon holds no word: 2 words with symbols outside the alphabet \('x', 'y'\) and nothing else",
        ),
        (["a"], "ignore", "lexicon policy 'ignore': expected one of error, drop, reduce"),
        ([Entry("a", weight=0.0)], "error", "the weight of 'a' is 0.0; expected one above 0"),
        ([Entry("a", weight=-1.0)], "error", "the weight of 'a' is -1.0"),
        ([Entry("a", weight=math.nan)], "error", "the weight of 'a' is nan"),
        ([Entry("a", weight=math.inf)], "error", "the weight of 'a' is inf"),
        ([Entry("a", weight=1e-60)], "error", "the weight of 'a' is 1e-60"),
    ],
)
def test_what_cannot_be_a_lexicon_is_refused(words: list[str | Entry], policy: str, message: str) -> None:
    with pytest.raises(GrammarError, match=message):
        Lexicon.compile(words, ABC, policy=policy)


def test_symbols_of_several_characters_are_split_by_the_alphabet() -> None:
    notes = Alphabet("notes", ["note-C4", "note-D4", "rest"], separator=" ")
    lexicon = Lexicon.compile(["note-C4 rest", "note-D4"], notes)
    assert [lexicon.spellings(word) for word in range(2)] == [[(1, 3)], [(2,)]]


def test_any_case_adds_small_letters_a_capital_and_capitals() -> None:
    assert any_case(Entry("McDonald", weight=3.0)) == Entry("McDonald", ("McDonald", "mcdonald", "Mcdonald", "MCDONALD"), 3.0)
    assert any_case(Entry("x", ("ab", "C"))).spellings == ("ab", "Ab", "AB", "C", "c")


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("word", Entry("word")),
        ("two words\r\n", Entry("two words")),
        ("word\t3", Entry("word", weight=3.0)),
        ("word\t1e-5\t\t", Entry("word", weight=1e-5)),
        ("word\t\tspelt\tso", Entry("word", ("spelt", "so"))),
    ],
)
def test_line_is_a_word_its_weight_and_its_spellings(line: str, entry: Entry) -> None:
    assert parse_entry(line) == entry


def test_file_of_words_may_have_a_byte_order_mark_carriage_returns_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeffécole\r\n\r\nword\t2\tword\tWORD\n   \n\nlast".encode())
    assert read_entries(path) == [Entry("école"), Entry("word", ("word", "WORD"), 2.0), Entry("last")]


def test_bad_weight_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("one\n\ntwo\tmany\n")
    with pytest.raises(GrammarError, match=r"words\.txt', line 3: the weight of 'two' is 'many'; expected a number above 0"):
        read_entries(path)


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GrammarError, match=r"missing\.txt' cannot be read: No such file"):
        read_entries(tmp_path / "missing.txt")
    with pytest.raises(GrammarError, match="cannot be read: Is a directory"):
        read_entries(tmp_path)
    (tmp_path / "latin.txt").write_bytes("naïve".encode("latin-1"))
    with pytest.raises(
        GrammarError, match=r"latin\.txt' is no text in UTF-8 \(invalid continuation byte at byte 2\); convert it"
    ):
        read_entries(tmp_path / "latin.txt")


def test_words_that_are_refused_are_counted_and_named() -> None:
    told = r"symbol 'x'.*; 2 words with symbols outside the alphabet in all \('ax', 'y'\); drop or reduce them"
    with pytest.raises(AlphabetError, match=told):
        Lexicon.compile(["ab", "ax", "y"], ABC, policy="error")
