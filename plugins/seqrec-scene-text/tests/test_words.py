"""Texts fit their alphabet; words kept for validation are never drawn in training."""

import re
import string

import numpy as np
import pytest

from seqrec import Alphabet
from seqrec_scene_text.alphabets import ALPHABETS, alnum36, ascii94, ascii95
from seqrec_scene_text.words import (
    COINED_SHARE,
    LISTS,
    TextSource,
    english,
    english_50k,
    english_letters,
    is_held_out,
    word_list,
)


def drawn(source: TextSource, count: int = 3000) -> list[str]:
    rng = np.random.default_rng(0)
    return [source.draw(rng) for _ in range(count)]


@pytest.mark.parametrize("alphabet", ALPHABETS, ids=lambda alphabet: alphabet.name)
@pytest.mark.parametrize("held_out", [False, True])
def test_texts_are_encodable(alphabet: Alphabet, held_out: bool) -> None:
    for text in drawn(TextSource(alphabet, held_out)):
        assert text == text.strip()
        assert 1 <= len(text) <= 24
        assert len(alphabet.encode(text)) == len(text)


def test_training_draws_no_word_kept_for_validation() -> None:
    for text in drawn(TextSource(ascii95), 6000):
        if text.isalpha():
            assert not is_held_out(text), text
        for part in text.split():
            if part.isalpha():
                assert not is_held_out(part), text


def test_validation_draws_only_words_kept_for_it() -> None:
    source = TextSource(alnum36, held_out=True, letters_only=True, min_length=4)
    assert all(is_held_out(text) for text in drawn(source, 1000))


def test_some_words_for_training_are_coined() -> None:
    known = set(english()) | {word.lower() for name in LISTS for word in word_list(name, False)}
    source = TextSource(ascii95)
    rng = np.random.default_rng(0)
    coined = [word for word in (source.word(rng) for _ in range(4000)) if word.lower() not in known]
    assert 0.5 * COINED_SHARE < len(coined) / 4000 < 1.2 * COINED_SHARE
    assert not any(map(is_held_out, coined))


def test_case_does_not_decide_whether_a_word_is_kept() -> None:
    for word in english()[:500]:
        assert is_held_out(word) == is_held_out(word.upper()) == is_held_out(word.capitalize())


def test_about_five_percent_of_the_words_are_kept() -> None:
    words = [word for word in english() if len(word) > 3]
    assert 0.04 < sum(map(is_held_out, words)) / len(words) < 0.06


def test_the_halves_make_the_whole_list() -> None:
    assert sorted(word_list("english", True) + word_list("english", False)) == sorted(english())


def test_only_the_most_frequent_words_are_drawn_when_asked() -> None:
    most = set(english()[:200])
    source = TextSource(ascii95, most_frequent=200, letters_only=True)
    assert {text.lower() for text in drawn(source, 500)} <= most


def test_lengths_are_kept() -> None:
    texts = drawn(TextSource(ascii95, min_length=3, max_length=5), 500)
    assert {len(text) for text in texts} == {3, 4, 5}


def test_letters_only_means_letters_only() -> None:
    assert all(text.isalpha() for text in drawn(TextSource(ascii95, letters_only=True), 1000))


def test_there_are_words_in_all_cases_numbers_and_punctuation() -> None:
    texts = drawn(TextSource(ascii94), 4000)
    words = [text for text in texts if text.isalpha() and len(text) > 1]
    assert 0.6 < len(words) / len(texts) < 0.9
    assert 0.38 < sum(map(str.isupper, words)) / len(words) < 0.58
    assert sum(map(str.islower, words)) / len(words) > 0.12
    assert 0.04 < sum(bool(re.search(r"\d", text)) for text in texts) / len(texts) < 0.25
    assert 0.05 < sum(any(mark in text for mark in string.punctuation) for text in texts) / len(texts) < 0.3


def test_every_printable_character_is_drawn() -> None:
    assert set("".join(drawn(TextSource(ascii95), 20_000))) == set(ascii95.symbols)


def test_an_alphabet_without_words_gets_random_symbols() -> None:
    assert set("".join(drawn(TextSource(Alphabet("marks", "%&")), 5))) <= set("%&")


def test_the_lexicon_has_50000_words_in_three_spellings() -> None:
    lines = english_50k()
    assert (len(lines), lines[0], lines[6]) == (50_000, "the\t1\tthe\tThe\tTHE", "i\t1\ti\tI")


def test_the_grammar_likes_english_in_any_case_and_refuses_nothing() -> None:
    for alphabet in (ascii95, alnum36):
        grammar = english_letters(alphabet)
        likely, unlikely = (grammar.log_weight(alphabet.encode(text)) for text in ("station", "xqzjvkw"))
        assert likely > unlikely + 10
        assert unlikely > -1000
