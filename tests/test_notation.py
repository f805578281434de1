"""A network that reads what is drawn, and rules that say what it means."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from seqrec.alphabet import Alphabet
from seqrec.data.sources import StoredSource
from seqrec.decoding import Lexicon
from seqrec.errors import AlphabetError
from seqrec.notation import Meaning, Notation
from seqrec.pictures import encode_png
from seqrec.plugins import Registry
from seqrec.recognizer import Recognizer, load
from seqrec.task import Task
from seqrec.testing import bars

LETTERS = Alphabet("letters", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def letter(symbol: str) -> str:
    return LETTERS.symbols[bars.BARS.symbols.index(symbol)]


def shifted(symbols: Sequence[str]) -> list[Meaning]:
    """The first bar of a reading is a shift key: silent, and what follows it is capital."""
    return [Meaning(letter(symbol).upper(), place, place + 1) for place, symbol in enumerate(symbols) if place]


def paired(symbols: Sequence[str]) -> list[Meaning]:
    """Two bars mean the letter of the first of them; the last of an odd number means nothing."""
    return [Meaning(letter(symbols[place]), place, place + 2) for place in range(0, len(symbols) - 1, 2)]


NOTATION = Notation(bars.BARS, LETTERS, shifted)


@pytest.fixture
def plain(tiny_model: Path, plugins: Registry) -> Recognizer:
    return load(tiny_model, plugins=plugins, device="cpu")


def picture(seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (8, 40), np.uint8).repeat(4, 0).repeat(6, 1)


def test_a_reading_is_what_the_networks_symbols_mean(plain: Recognizer) -> None:
    read = plain.read(picture())
    meant = dataclasses.replace(plain, alphabet=LETTERS, notation=NOTATION).read(picture())
    assert len(read.symbols) > 2
    assert meant.symbols == tuple(letter(symbol).upper() for symbol in read.symbols[1:])
    assert meant.text == "".join(meant.symbols)
    assert meant.spans == read.spans[1:]
    assert meant.symbol_confidences == read.symbol_confidences[1:]
    assert meant.confidence == read.confidence
    assert (meant.drawn, read.drawn) == (read.symbols, ())


def test_a_meaning_of_several_symbols_lies_around_them_and_is_as_sure_as_all_of_them_together(plain: Recognizer) -> None:
    read = plain.read(picture())
    meant = dataclasses.replace(plain, alphabet=LETTERS, notation=Notation(bars.BARS, LETTERS, paired)).read(picture())
    assert len(meant.symbols) == len(read.symbols) // 2 > 1
    for place, (left, right) in enumerate(meant.spans):
        assert (left, right) == (read.spans[2 * place][0], read.spans[2 * place + 1][1])
        assert meant.symbol_confidences[place] == pytest.approx(np.prod(read.symbol_confidences[2 * place : 2 * place + 2]))


def test_a_meaning_that_no_alphabet_has_is_left_out() -> None:
    notation = Notation(bars.BARS, Alphabet("some", "bc"), paired)
    drawn = [bars.BARS.symbols[number] for number in (0, 1, 1, 1, 2, 3)]
    assert notation.understood(notation.alphabet.encode(drawn)) == ["b", "c"]


def test_a_smaller_alphabet_keeps_its_own_symbols_of_what_is_meant(plain: Recognizer) -> None:
    whole = dataclasses.replace(plain, alphabet=LETTERS, notation=NOTATION)
    meant = whole.read(picture()).symbols
    some = Alphabet("some", [meant[0].lower()], canonical={meant[0]: meant[0].lower()})
    part = whole.folded(some).read(picture())
    assert part.symbols == (meant[0].lower(),) * meant.count(meant[0])
    assert len(part.spans) == len(part.symbols)


def test_words_of_a_lexicon_are_written_before_they_are_looked_for(plain: Recognizer) -> None:
    def write(symbols: Sequence[str]) -> list[str]:
        return [bars.BARS.symbols[LETTERS.symbols.index(symbol)] for symbol in symbols]

    def read(symbols: Sequence[str]) -> list[Meaning]:
        return [Meaning(letter(symbol), place, place + 1) for place, symbol in enumerate(symbols)]

    notation = Notation(bars.BARS, LETTERS, read, write)
    task = Task("bars", LETTERS, notations=(notation,))
    reader = dataclasses.replace(plain, alphabet=LETTERS, notation=notation, task=task)
    free = reader.read(picture()).text
    words = [free, free[::-1] + "a", "ab"]
    assert reader.read(picture(), lexicon=words).word == free
    assert reader.read(picture(), lexicon=words).text == free
    named = dataclasses.replace(reader.decoding, lexicon=["ab", f"cc{free}dd"], lexicon_mode="fragment")
    found = reader.read(picture(), decoding=named)
    assert (found.word, found.edits) == (f"cc{free}dd", 0)
    assert isinstance(dataclasses.replace(reader, decoding=named).transcriber.lexicon, Lexicon)


def test_stored_labels_are_written_for_training() -> None:
    class Store:
        def __len__(self) -> int:
            return 1

        def key(self, index: int) -> str:
            return "one"

        def label(self, index: int) -> str:
            return "ba"

        def encoded(self, index: int) -> bytes:
            return encode_png(np.zeros((8, 8), np.uint8))

    doubled = Notation(Alphabet("twice", "ab"), LETTERS, shifted, lambda symbols: [one for one in symbols for _ in range(2)])
    assert StoredSource(Store(), [0], 0, doubled).sample(0).label == "bbaa"


def test_labels_that_cannot_be_written_say_so() -> None:
    with pytest.raises(
        AlphabetError, match="labels in alphabet 'letters' do not tell what 'bars8' reads; train on drawn pictures"
    ):
        NOTATION.written("ab")


def test_a_task_finds_its_notations_by_their_alphabets() -> None:
    task = Task("signs", LETTERS, notations=(NOTATION,))
    assert task.alphabet_named(bars.BARS.name) is bars.BARS
    assert task.notation_of(bars.BARS) is NOTATION
    assert task.notation_of(LETTERS) is None
