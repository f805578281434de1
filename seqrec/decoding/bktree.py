"""The paper's lexicon mode: words near the lexicon-free reading, found with a BK-tree, scored by the forward algorithm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.decoding.bounds import Tables
from seqrec.decoding.forward import add, forward
from seqrec.decoding.greedy import greedy
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.lexicon import Lexicon
from seqrec.decoding.posteriors import checked
from seqrec.errors import GrammarError

Int32s = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class BKTree:
    """A lexicon's spellings arranged by edit distance.

    Args:
        lexicon: The words.

    Source:
        Burkhard and Keller 1973, "Some approaches to best-match file searching"; its use here is that of Shi, Bai and Yao 2015,
        section 2.3.2.
    """

    lexicon: Lexicon

    def __post_init__(self) -> None:
        tables = self.lexicon.tables
        object.__setattr__(self, "_tree", _built(tables.ids, tables.ids_first, self.lexicon.longest))

    def near(self, ids: Sequence[int], delta: int) -> list[int]:
        """The words with a spelling within so many edits, ascending.

        Args:
            ids: Symbol ids 1..K.
            delta: Insertions, deletions and substitutions at most.
        """
        tables = self.lexicon.tables
        child, sibling, edge = self._tree  # type: ignore[attr-defined]
        found = _near(tables.ids, tables.ids_first, child, sibling, edge, np.array(ids, np.int32), delta)
        return [int(word) for word in np.unique(tables.word[found])]

    def best(self, log_probs: npt.NDArray[np.float32], delta: int = 3, n_best: int = 1) -> list[Hypothesis]:
        """The most probable words among those within `delta` edits of the greedy reading; none where there are none.

        Their shares are of these words alone.

        Raises:
            ShapeError: Not an array of posteriors.
            GrammarError: A negative delta, or `n_best` below 1.
        """
        log_probs = checked(log_probs, self.lexicon.alphabet.classes)
        if delta < 0 or n_best < 1:
            raise GrammarError(f"delta is {delta} and n_best {n_best}; expected a number of edits, 0 or more, and at least 1")
        words = np.array(self.near(greedy(log_probs).ids, delta), np.int64)
        scores = _scores(np.asarray(log_probs, np.float32), self.lexicon.tables, words)
        order = [place for place in np.argsort(-scores, kind="stable").tolist() if scores[place] > -math.inf]
        whole = float(np.logaddexp.reduce(scores)) if order else 0.0
        return [
            self.lexicon.hypothesis(log_probs, int(words[place]), float(scores[place]), math.exp(scores[place] - whole))
            for place in order[:n_best]
        ]


@njit(cache=True, nogil=True)
def _scores(log_probs: npt.NDArray[np.float32], tables: Tables, words: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Log of weight × probability of each of some words, summed over its spellings, by the forward algorithm."""
    scores = np.full(len(words), -np.inf)
    for place, word in enumerate(words):
        for own in range(tables.own[word], tables.own[word + 1]):
            spelling = tables.spellings_of[own]
            ids = tables.ids[tables.ids_first[spelling] : tables.ids_first[spelling + 1]].astype(np.int64)
            scores[place] = add(scores[place], forward(log_probs, ids) + math.log(tables.weight[spelling]))
    return scores


@njit(cache=True, nogil=True)
def _edits(first: Int32s, second: Int32s, row: Int32s) -> int:
    """Levenshtein distance; `row` has room for len(second) + 1."""
    for column in range(len(second) + 1):
        row[column] = column
    for line in range(len(first)):
        corner, row[0] = row[0], line + 1
        for column in range(len(second)):
            change = corner + (first[line] != second[column])
            corner = row[column + 1]
            row[column + 1] = min(change, corner + 1, row[column] + 1)
    return int(row[len(second)])


@njit(cache=True)
def _built(ids: Int32s, begin: npt.NDArray[np.int64], longest: int) -> tuple[Int32s, Int32s, Int32s]:
    """First child, next sibling and edge to the parent of each spelling; spelling 0 is the root."""
    count = len(begin) - 1
    child, sibling, edge = np.full(count, -1, np.int32), np.full(count, -1, np.int32), np.zeros(count, np.int32)
    row = np.empty(longest + 1, np.int32)
    # Sorted spellings make a poor tree: the root would start like all others. A fixed stride visits them in mixed order.
    stride = max(int(count * 0.618), 1)
    while np.gcd(stride, count) != 1:
        stride += 1
    for step in range(1, count):
        this, here = (step * stride) % count, 0
        while True:
            distance = _edits(ids[begin[this] : begin[this + 1]], ids[begin[here] : begin[here + 1]], row)
            below = child[here]
            while below >= 0 and edge[below] != distance:
                below = sibling[below]
            if below < 0:
                edge[this], sibling[this], child[here] = distance, child[here], this
                break
            here = below
    return child, sibling, edge


@njit(cache=True, nogil=True)
def _near(
    ids: Int32s, begin: npt.NDArray[np.int64], child: Int32s, sibling: Int32s, edge: Int32s, query: Int32s, delta: int
) -> npt.NDArray[np.int64]:
    """Spellings within `delta` edits: by the triangle inequality only edges from d - delta to d + delta need be followed."""
    row = np.empty(max(len(query), 1) + 1, np.int32)
    waiting, found = [0], [np.int64(0) for _ in range(0)]
    while len(waiting):
        here = waiting.pop()
        distance = _edits(ids[begin[here] : begin[here + 1]], query, row)
        if distance <= delta:
            found.append(np.int64(here))
        below = child[here]
        while below >= 0:
            if abs(edge[below] - distance) <= delta:
                waiting.append(below)
            below = sibling[below]
    return np.array(found, np.int64)
