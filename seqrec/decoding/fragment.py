"""Fragments: the words of a lexicon in which a reading stands somewhere, as it is or nearly so."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.decoding.lexicon import Lexicon
from seqrec.errors import GrammarError

Int32s = npt.NDArray[np.int32]
View = Callable[[Sequence[str]], Sequence[Hashable]]
"""Symbols → what of them counts: the pitches of a tune, or the intervals between them, which no transposition changes."""

LEAST_SHARE = 4
"""At most one edit in so many symbols: a short fragment with more of them stands in half of all words."""


class Found(NamedTuple):
    """A word that holds a fragment.

    Attributes:
        word: Its number.
        edits: Insertions, deletions and substitutions that turn the fragment into some part of the word.
        share: 1 over the number of words that hold it with as few edits.
    """

    word: int
    edits: int
    share: float


@dataclass(frozen=True, eq=False)
class Fragments:
    """A lexicon's words as a text in which fragments are looked for.

    Attributes:
        lexicon: The words.
        view: What of a reading's and a word's symbols is compared; None for the symbols themselves.
    """

    lexicon: Lexicon
    view: View | None = None

    def __post_init__(self) -> None:
        _ = self._text  # now, and not in a thread

    @cached_property
    def _text(self) -> tuple[dict[Hashable, int], Int32s, npt.NDArray[np.int64], Int32s]:
        """Number of each thing seen, all spellings in numbers, where each begins, and whose it is."""
        tables, numbers, text, first = self.lexicon.tables, dict[Hashable, int](), [], [0]
        for begin, end in zip(tables.ids_first, tables.ids_first[1:], strict=False):
            seen = self._seen(self.lexicon.alphabet.decode(tables.ids[begin:end].tolist()))
            text += [numbers.setdefault(one, len(numbers)) for one in seen]
            first.append(len(text))
        return numbers, np.array(text, np.int32), np.array(first, np.int64), np.asarray(tables.word, np.int32)

    def _seen(self, symbols: Sequence[str]) -> Sequence[Hashable]:
        return self.view(symbols) if self.view else symbols

    def nearest(self, symbols: Sequence[str], delta: int = 3, n_best: int = 1) -> list[Found]:
        """The words that hold a fragment with the fewest edits; of equals the one of the greater weight, then the earlier.

        Args:
            symbols: Of the fragment.
            delta: Edits at most; there is never more than one in `LEAST_SHARE` symbols seen.
            n_best: How many words.

        Returns:
            None where no word is near enough, or nothing of the fragment counts.

        Source:
            Sellers 1980, "The theory and computation of evolutionary distances: pattern recognition": edit distance to any part
            of a text.

        Raises:
            GrammarError: A negative delta, or `n_best` below 1.

        Example:
            >>> from seqrec.alphabet import Alphabet
            >>> words = Lexicon.compile(["abracadabra", "barbarian"], Alphabet("abc", "abcdinr"))
            >>> [(words.texts[one.word], one.edits) for one in Fragments(words).nearest("barbari")]
            [('barbarian', 0)]
        """
        if delta < 0 or n_best < 1:
            raise GrammarError(f"delta is {delta} and n_best {n_best}; expected a number of edits, 0 or more, and at least 1")
        numbers, text, first, owners = self._text
        fragment = np.array([numbers.get(one, -1) for one in self._seen(symbols)], np.int32)
        if not len(fragment):
            return []
        most = min(delta, len(fragment) // LEAST_SHARE)
        edits = np.full(len(self.lexicon), len(fragment) + 1, np.int64)
        np.minimum.at(edits, owners, _edits(text, first, fragment))
        near = np.flatnonzero(edits <= most)
        weights = np.zeros(len(self.lexicon))
        weights[owners] = self.lexicon.tables.weight
        order = near[np.lexsort((near, -weights[near], edits[near]))]
        return [Found(int(word), int(edits[word]), 1 / int((edits == edits[word]).sum())) for word in order[:n_best]]


@njit(cache=True, nogil=True)
def _edits(text: Int32s, first: npt.NDArray[np.int64], fragment: Int32s) -> npt.NDArray[np.int64]:
    """For each piece of a text the fewest edits between a fragment and any part of the piece."""
    found = np.empty(len(first) - 1, np.int64)
    column = np.empty(len(fragment) + 1, np.int32)
    for piece in range(len(found)):
        for place in range(len(fragment) + 1):
            column[place] = place
        least = column[len(fragment)]
        for at in range(first[piece], first[piece + 1]):
            corner = column[0]  # 0: the part may begin anywhere
            for place in range(len(fragment)):
                change = corner + (fragment[place] != text[at])
                corner = column[place + 1]
                column[place + 1] = min(change, corner + 1, column[place] + 1)
            least = min(least, column[len(fragment)])
        found[piece] = least
    return found
