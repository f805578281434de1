"""What is written: words as signs, shops and books have them, numbers, codes and punctuation."""

import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec_scene_text.codes import Rng, abbreviation, code, digits, number, pick

if TYPE_CHECKING:
    from seqrec.decoding import Automaton

FOLDER = Path(__file__).parent / "words"
HELD_OUT_PERCENT = 5
LISTS = {"english": 0.80, "european": 0.08, "names": 0.12}
"""The lists of words with their shares."""
COINED_SHARE = 0.06
"""Part of the words that are made up, for training alone."""
BY_RANK = 0.6
"""Part of the words that is drawn by rank; the rest is drawn evenly."""
TRIES = 400
LONG_LETTERS = 6
SHORT_LETTERS = 3
"""Words up to this length are too few to hold any of them out."""

ENDINGS = ("com", "org", "net", "co.uk", "de", "fr", "es", "it", "edu", "gov", "eu", "info", "tv")
MARKS = (".", ",", "!", "?", ":", "...", ";", ".", ",", "!", "*", "!!", ".,")
PAIRS = ('""', "''", "()", "[]", "()", '""', "<>", "{}")
INNER = ("&", "/", "-", "+", "@", "_", "=", "|", "&", "/", "-", "'", ".", ":", "~")


def is_held_out(word: str) -> bool:
    """Whether a word is kept for validation: 5 % of the words of four letters and more, told by a hash."""
    if len(word) <= SHORT_LETTERS:
        return False
    return zlib.crc32(word.casefold().encode()) % 100 < HELD_OUT_PERCENT


@cache
def word_list(name: str, held_out: bool, most_frequent: int = 0) -> tuple[str, ...]:
    """The words of a list, by frequency where the list has it.

    Args:
        name: One of `LISTS`.
        held_out: The words kept for validation, or the others.
        most_frequent: How many lines of the list count, 0 for all.
    """
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    words = [line.strip() for line in lines if line.strip() and line.isascii()]
    if most_frequent:
        words = words[:most_frequent]
    return tuple(word for word in words if is_held_out(word) == held_out)


def english() -> list[str]:
    """The English words by frequency, those kept for validation among them."""
    return (FOLDER / "english.txt").read_text(encoding="utf-8").split()


def english_50k() -> list[str]:
    """The 50,000 most frequent English words, as lines of a lexicon: each in small letters, capitalised and in capitals."""
    forms = ((word, word.capitalize(), word.upper()) for word in english()[:50_000])
    return ["\t".join((each[0], "1", *dict.fromkeys(each))) for each in forms]


def english_letters(alphabet: Alphabet) -> "Automaton":
    """How likely each character is after the four before it in English words, in any case: a grammar that accepts everything.

    Spellings lose the symbols that the alphabet lacks.
    """
    from seqrec.decoding import NGram

    spelt = (spelling for line in english_50k() for spelling in line.split("\t")[2:])
    return NGram.from_labels([word for word in map(alphabet.reduce, spelt) if word], alphabet, order=5).automaton


@cache
def _by_rank(count: int) -> npt.NDArray[np.float64]:
    """Running sum of Zipf's law, flattened so that the first hundred words do not take over."""
    weights = 1 / (np.arange(count) + 100.0)
    return np.asarray(np.cumsum(weights) / weights.sum())


@dataclass(frozen=True)
class TextSource:
    """Draws texts.

    Args:
        alphabet: What may occur in a text.
        held_out: Only words kept for validation, or none of them.
        most_frequent: How many English words, 0 for all words of all lists.
        min_length: Fewest characters.
        max_length: Most characters.
        letters_only: Nothing but single words of letters.
    """

    alphabet: Alphabet
    held_out: bool = False
    most_frequent: int = 0
    min_length: int = 1
    max_length: int = 24
    letters_only: bool = False

    def fits(self, text: str) -> bool:
        """Whether a text has an allowed length and only characters of the alphabet."""
        return self.min_length <= len(text) <= self.max_length and all(piece in self.alphabet for piece in text)

    def draw(self, rng: Rng) -> str:
        """One text that `fits`; random characters of the alphabet where none of the lists' words fits it."""
        for _ in range(TRIES):
            text = self._any(rng)
            if self.fits(text) and text.strip() == text:
                return text
        singles = [symbol for symbol in self.alphabet.symbols if len(symbol) == 1 and not symbol.isspace()]
        if self.letters_only:
            singles = [symbol for symbol in singles if symbol.isalpha()] or singles
        if not singles:
            raise ValueError(f"alphabet '{self.alphabet.name}' has no symbol of one character")
        length = int(rng.integers(self.min_length, max(self.min_length, min(self.max_length, 10)) + 1))
        return "".join(singles[int(index)] for index in rng.integers(0, len(singles), max(1, length)))

    def word(self, rng: Rng) -> str:
        """One word of the lists, as it stands there, or a coined one; long ones are drawn a second time, for signs are short."""
        word = self._listed(rng)
        if len(word) > LONG_LETTERS and rng.random() < 0.5:
            word = self._listed(rng)
        coins = not self.held_out and not self.most_frequent
        return self._coined(word, rng) if coins and rng.random() < COINED_SHARE else word

    def _coined(self, word: str, rng: Rng) -> str:
        """The beginning of a word and the end of another one: what is on signs is often in no dictionary."""
        other = self._listed(rng)
        coined = word[: 1 + int(rng.random() * len(word))] + other[int(rng.random() * len(other)) :].lower()
        return self._safe(coined) or word

    def _listed(self, rng: Rng) -> str:
        name = "english"
        if not self.most_frequent:
            toss = rng.random()
            for name, share in LISTS.items():  # noqa: B007
                toss -= share
                if toss < 0:
                    break
        words = word_list(name, self.held_out, self.most_frequent)
        if not words:  # so few words that none of them is held out
            words = word_list("english", self.held_out)
        if name == "english" and rng.random() < BY_RANK:
            return words[min(int(np.searchsorted(_by_rank(len(words)), rng.random())), len(words) - 1)]
        return words[int(rng.random() * len(words))]

    def _any(self, rng: Rng) -> str:
        if self.letters_only:
            word = self.word(rng)
            return cased(word, rng) if word.isalpha() else ""
        toss = rng.random()
        if toss < 0.085:
            return number(rng)
        if toss < 0.135:
            return self._safe(code(rng))
        if toss < 0.15:
            return self._safe(abbreviation(rng))
        word = cased(self.word(rng), rng)
        if toss < 0.86:
            return word
        if toss < 0.93:
            return _punctuated(word, rng)
        if toss < 0.945:
            return f"{word}{pick(rng, '--/&')}{cased(self.word(rng), rng)}"
        if toss < 0.965:
            return self._address(rng)
        if toss < 0.975:
            other = cased(self.word(rng), rng)
            return f"{word}{pick(rng, INNER)}{other}"
        if " " not in self.alphabet:
            return word
        if toss < 0.99:
            other = self.word(rng)
            return f"{word} {other.upper() if word.isupper() else other if word.islower() else other.capitalize()}"
        return f"{word} {number(rng)}" if rng.random() < 0.5 else f"{digits(rng, 1, 3)} {word}"

    def _safe(self, text: str) -> str:
        """Nothing where training would draw by chance a word kept for validation."""
        return "" if not self.held_out and is_held_out(text) else text

    def _address(self, rng: Rng) -> str:
        words = self.word(rng).lower().replace("'", "")
        if rng.random() < 0.25:
            words += pick(rng, ("-", "", "")) + self.word(rng).lower().replace("'", "")
        ending = pick(rng, ENDINGS)
        toss = rng.random()
        if toss < 0.4:
            return f"www.{words}.{ending}"
        if toss < 0.7:
            return f"{words}.{ending}"
        if toss < 0.85:
            return f"{pick(rng, ('info', 'mail', 'office', 'contact', self.word(rng).lower()))}@{words}.{ending}"
        if toss < 0.93:
            return f"{pick(rng, '#@')}{words}"
        return f"{pick(rng, ('http://', 'https://', '/'))}{words}.{ending}"


def cased(word: str, rng: Rng) -> str:
    """A word in the case of signs: 45 % capitals, 30 % capitalised, 23 % small, the rest mixed."""
    toss = rng.random()
    if word != word.lower():  # a name
        return word.upper() if toss < 0.5 else word.lower() if toss > 0.96 else word
    if toss < 0.45:
        return word.upper()
    if toss < 0.75:
        return word[:1].upper() + word[1:]
    if toss < 0.975:
        return word
    if toss < 0.99:
        middle = int(rng.integers(0, len(word) + 1))
        return word[:middle].capitalize() + word[middle:].capitalize()
    flips = rng.random(len(word)) < 0.5
    return "".join(letter.upper() if flip else letter for letter, flip in zip(word, flips, strict=True))


def _punctuated(word: str, rng: Rng) -> str:
    toss = rng.random()
    if toss < 0.55:
        return word + pick(rng, MARKS)
    if toss < 0.65:
        return word if "'" in word else word + "'" if word[-1] in "sS" else word + ("'S" if word.isupper() else "'s")
    if toss < 0.85:
        pair = pick(rng, PAIRS)
        return (pair[0] if rng.random() < 0.7 else "") + word + (pair[1] if rng.random() < 0.7 else "")
    if toss < 0.95:
        return pick(rng, ("-", "#", "@", "&", "*", "/", "$", "+", "...", "'", "`", "_", "\\")) + word
    return word + pick(rng, ("+", "%", "*", "&", "/", "-", "@", "=", "|", "'", "_", "^", "$"))
