"""Lexicons: the words that may occur, and the one that a picture shows."""

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet, frames_needed
from seqrec.decoding.bounds import Tables, bounds, largest_mass, likelihoods
from seqrec.decoding.forward import log_probability
from seqrec.decoding.grammar import Automaton
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.posteriors import checked
from seqrec.decoding.search import ANY, WAITING, Room, best_words, make_room
from seqrec.decoding.trie import Int32s, Trie, build_trie, padded, parents, subtree_maximum, trie_automaton
from seqrec.errors import AlphabetError, GrammarError

POLICIES = ("error", "drop", "reduce")
SLACK = 1e-9
"""Mass that may be neglected at a state, as a part of the best word's: less than float32 posteriors can tell apart."""
_TRUSTED = 1e-280
"""Scores below this part of the largest mass that a prefix can have may have suffered from underflow (double precision ends at
1e-308); every word is scored in log space then."""
_SHARE = 1e-3
"""How exactly a word's share of the lexicon is known, as a part of it."""
_PAIRS = 1 << 14
"""Pairs of neighbours up to which they bound the search; with more (symbols by the thousand) computing the bounds costs more
than they save."""


@dataclass(frozen=True)
class Entry:
    """A word as it stands in a list.

    Attributes:
        text: Canonical form: what is reported.
        spellings: How it may stand on a picture; by default as its text.
        weight: Prior weight, above 0; only ratios count.

    Raises:
        GrammarError: A text or spelling that is no text, as the number 7 instead of '7'.
    """

    text: str
    spellings: Sequence[str] = ()
    weight: float = 1.0

    def __post_init__(self) -> None:
        if wrong := [one for one in (self.text, *self.spellings) if not isinstance(one, str)]:
            raise GrammarError(f"lexicon: word {wrong[0]!r} is of type {type(wrong[0]).__name__}; expected text, as '{wrong[0]}'")


@dataclass(frozen=True)
class Dropped:
    """Words left out, or merged into others.

    Attributes:
        outside: Words with a symbol outside the alphabet, the first few.
        count: How many of these.
        merged: Words all of whose spellings were another's already.
    """

    outside: tuple[str, ...] = ()
    count: int = 0
    merged: int = 0

    def __str__(self) -> str:
        """One clause for a message; empty where nothing was left out."""
        more = ", …" if self.count > len(self.outside) else ""
        names = ", ".join(repr(word) for word in self.outside)
        return f"{self.count:,} words with symbols outside the alphabet ({names}{more})" if self.count else ""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words, compiled for exact search. Make one with `Lexicon.compile` or `seqrec.decoding.lexicon_file.load_lexicon`.

    Attributes:
        alphabet: What the spellings are made of.
        tables: The compiled form.
        texts: Canonical form of each word.
        longest: Symbols of the longest spelling.
        shortest: Frames that the quickest spelling needs.
        widest: Most children of a trie node.
        dropped: What was left out when it was compiled.
    """

    alphabet: Alphabet
    tables: Tables
    texts: Sequence[str]
    longest: int
    shortest: int
    widest: int
    dropped: Dropped = Dropped()
    _rooms: threading.local = field(default_factory=threading.local, repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def __reduce__(self) -> tuple[Any, ...]:  # without the threads' memory
        fields = (self.alphabet, self.tables, self.texts, self.longest, self.shortest, self.widest, self.dropped)
        return Lexicon, fields

    @classmethod
    def compile(cls, words: Iterable[str | Entry], alphabet: Alphabet, *, policy: str = "error") -> "Lexicon":
        """A lexicon of words.

        A spelling that two words share belongs to the first; a word that has no spelling left is merged into that one, with its
        weight where words have different ones.

        Args:
            words: Words in canonical form, or entries with spellings and weights; the empty word is left out.
            alphabet: What they are spelt with; its other spellings (`canonical`) count as the symbols they stand for.
            policy: What becomes of a spelling with a symbol outside the alphabet: `error`; `drop` leaves it out; `reduce` leaves
                the symbol out.

        Raises:
            GrammarError: No word is left, a weight that is not above 0, or an unknown policy.
            AlphabetError: With `error`, a symbol outside the alphabet.

        Example:
            >>> abc = Alphabet("abc", ["a", "b", "c"])
            >>> len(Lexicon.compile(["ab", "cab", "ab"], abc))
            2
        """
        if policy not in POLICIES:
            raise GrammarError(f"lexicon policy '{policy}': expected one of {', '.join(POLICIES)}")
        texts, weights, spellings, owners, dropped = _collected(words, alphabet, policy)
        if not texts:
            what = f": {dropped} and nothing else" if dropped.count else ""
            raise GrammarError(f"the lexicon holds no word{what}; give at least one word of alphabet '{alphabet.name}'")
        rows = padded(spellings)
        order = np.lexsort(rows.T[::-1])
        words_of = np.array(owners, np.int32)[order]
        tables, widest = _tables(rows[order], words_of, np.array(weights)[words_of], alphabet.classes)
        return cls(alphabet, tables, tuple(texts), rows.shape[1], min(map(frames_needed, spellings)), widest, dropped)

    @property
    def automaton(self) -> Automaton:
        """The lexicon as a grammar for a beam search: log-weights are those of the spellings."""
        trie = Trie(self.tables.skip, self.tables.depth, self.tables.symbol, self.tables.spelling)
        return trie_automaton(trie, np.log(self.tables.weight).astype(np.float32))

    def spellings(self, word: int) -> list[tuple[int, ...]]:
        """Ids of each spelling of a word."""
        tables = self.tables
        found = tables.spellings_of[tables.own[word] : tables.own[word + 1]]
        return [tuple(tables.ids[tables.ids_first[one] : tables.ids_first[one + 1]].tolist()) for one in found]

    def best(self, log_probs: npt.NDArray[np.float32], n_best: int = 1, *, share: bool = False) -> list[Hypothesis]:
        """The words with the highest weight × p(word | picture), p summed over all spellings and all CTC paths. Exact.

        Args:
            log_probs: (T, C), after log_softmax; valid frames only.
            n_best: How many words.
            share: Also find each word's part of the weight × p of all words, which takes longer on pictures of no word of the
                lexicon.

        Returns:
            At most `n_best` hypotheses, best first, without words of no probability; none where T frames spell no word. `ids`
            are the most probable spelling's, `log_probability` the word's.

        Raises:
            ShapeError: Not such an array.
            GrammarError: `n_best` below 1.
        """
        log_probs = checked(log_probs, self.alphabet.classes)
        if n_best < 1:
            raise GrammarError(f"n_best is {n_best}; expected at least 1")
        count, frames = min(n_best, len(self)), len(log_probs)
        if frames < self.shortest:
            return []
        y, scale = likelihoods(log_probs, self.tables)
        if scale == -math.inf:
            return []
        rest, factors = bounds(y, self.tables)
        trusted = largest_mass(y) * _TRUSTED
        if not trusted < 1.0 or not math.isfinite(factors):
            return self._scored(log_probs, n_best, share)
        tolerance = _SHARE if share else ANY
        room = self._room(frames)
        scores, words, (met, missed, _) = best_words(
            y, rest, self.tables, room, self.longest, self.widest, count, tolerance, SLACK / frames, WAITING + 2 * self.widest
        )
        if scores[-1] <= trusted:
            return self._scored(log_probs, n_best, share)
        whole = met + missed / 2
        return [
            self.hypothesis(log_probs, word, math.log(score) + scale + factors, score / whole if share else -1.0)
            for score, word in zip(scores.tolist(), words.tolist(), strict=True)
        ]

    def hypothesis(self, log_probs: npt.NDArray[np.float32], word: int, score: float, share: float = -1.0) -> Hypothesis:
        """A word as a hypothesis: its most probable spelling, and p(word | picture) summed over all of them."""
        each = [(log_probability(log_probs, ids), ids) for ids in self.spellings(word)]
        probability = float(np.logaddexp.reduce([one for one, _ in each]))
        return Hypothesis(max(each)[1], probability, score, word, self.texts[word], share=min(float(share), 1.0))

    def _scored(self, log_probs: npt.NDArray[np.float32], n_best: int, share: bool = True) -> list[Hypothesis]:
        """The same in log space, word by word: slow, and never troubled by underflow."""
        scores = np.array([self.log_score(log_probs, word) for word in range(len(self))])
        order = [int(word) for word in np.argsort(-scores, kind="stable")[:n_best] if scores[word] > -math.inf]
        whole = float(np.logaddexp.reduce(scores))
        shares = np.exp(scores - whole) if share and order else np.full(len(scores), -1.0)
        return [self.hypothesis(log_probs, word, float(scores[word]), float(shares[word])) for word in order]

    def log_score(self, log_probs: npt.NDArray[np.float32], word: int) -> float:
        """Log of a word's weight × p(word | picture), summed over its spellings, by the forward algorithm."""
        own = self.tables.spellings_of[self.tables.own[word] : self.tables.own[word + 1]]
        weights = np.log(self.tables.weight[own])
        return float(np.logaddexp.reduce(weights + [log_probability(log_probs, ids) for ids in self.spellings(word)]))

    def weighted(self, log_weights: npt.NDArray[np.float64]) -> "Lexicon":
        """The lexicon with the weights of its spellings multiplied.

        Args:
            log_weights: For each spelling, (spellings,); those of minus infinity are left out, and words without any other.

        Raises:
            GrammarError: No word is left.
        """
        tables, kept = self.tables, np.flatnonzero(log_weights > -np.inf)
        if not len(kept):
            raise GrammarError(f"none of the lexicon's {len(self):,} words fits the pattern or grammar beside it; change either")
        lengths = np.diff(tables.ids_first)
        rows = np.zeros((len(lengths), self.longest), np.int32)
        rows[np.arange(self.longest) < lengths[:, None]] = tables.ids
        total = np.log(tables.weight[kept]) + log_weights[kept]
        weights = np.exp(np.maximum(total - total.max(), -600.0))
        words, owners = np.unique(tables.word[kept], return_inverse=True)
        rows = rows[kept][:, : int(lengths[kept].max())]
        narrowed, widest = _tables(rows, owners.astype(np.int32), weights, len(tables.row))
        shortest = min(frames_needed(row[row > 0].tolist()) for row in rows) if len(kept) < len(lengths) else self.shortest
        texts = tuple(self.texts[word] for word in words.tolist())
        return Lexicon(self.alphabet, narrowed, texts, rows.shape[1], shortest, widest, self.dropped)

    def _room(self, frames: int) -> Room:
        """This thread's memory."""
        room: Room | None = getattr(self._rooms, "room", None)
        if room is None or self._rooms.frames < frames:
            self._rooms.frames = max(frames, 64)
            self._rooms.room = room = make_room(len(self), self.widest, self._rooms.frames)
        return room


def read_entries(path: Path) -> list[Entry]:
    """Words of a text file: one a line; after tabs, a prior weight and further spellings where there are any.

    Raises:
        GrammarError: No such file, not UTF-8, or a weight that is no number.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise GrammarError(f"lexicon '{path}' cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise GrammarError(f"lexicon '{path}' is no text in UTF-8 ({error.reason} at byte {error.start}); convert it") from error
    return [parse_entry(line, f"'{path}', line {number}") for number, line in enumerate(lines, start=1) if line.strip()]


def parse_entry(line: str, where: str = "") -> Entry:
    """The entry of one line: `word`, `word<TAB>weight` or `word<TAB>weight<TAB>spelling<TAB>…`.

    Raises:
        GrammarError: The weight is no number.

    Example:
        >>> parse_entry("colour\\t2\\tcolour\\tcolor")
        Entry(text='colour', spellings=('colour', 'color'), weight=2.0)
    """
    text, *columns = line.rstrip("\r\n").split("\t")
    try:
        return Entry(text, tuple(filter(None, columns[1:])), float(columns[0]) if columns and columns[0].strip() else 1.0)
    except ValueError as error:
        raise GrammarError(f"{where}: the weight of '{text}' is '{columns[0]}'; expected a number above 0") from error


def any_case(entry: Entry) -> Entry:
    """The entry with each spelling in small letters, capitalised and in capitals as well."""
    given = entry.spellings or (entry.text,)
    every = (form for one in given for form in (one, one.lower(), one[:1].upper() + one[1:].lower(), one.upper()))
    return Entry(entry.text, tuple(dict.fromkeys(every)), entry.weight)


def _collected(
    words: Iterable[str | Entry], alphabet: Alphabet, policy: str
) -> tuple[list[str], list[float], list[tuple[int, ...]], list[int], Dropped]:
    """Texts and weights of the words, ids and word of each spelling, each spelling once."""
    texts: list[str] = []
    weights: list[float] = []
    owner: dict[tuple[int, ...], int] = {}
    outside: list[str] = []
    refused: list[str] = []
    count = merged = 0
    for word in words:
        entry = word if isinstance(word, Entry) else Entry(word)
        if not 1e-30 <= entry.weight <= 1e30:
            raise GrammarError(f"lexicon: the weight of '{entry.text}' is {entry.weight}; expected one above 0 (1e-30 to 1e30)")
        known: list[tuple[int, ...]] = []
        for spelling in entry.spellings or (entry.text,):
            pieces = alphabet.split(spelling)
            ids = [number for piece in pieces if (number := alphabet.id_of(piece)) is not None]
            if len(ids) < len(pieces) and policy == "error":
                refused.append(spelling)
            if ids and (len(ids) == len(pieces) or policy == "reduce"):
                known.append(tuple(ids))
        if not known:
            count += bool(entry.text)
            outside += [entry.text] if entry.text and len(outside) < 5 else []
            continue
        new = [ids for ids in dict.fromkeys(known) if ids not in owner]
        if new:
            owner.update((ids, len(texts)) for ids in new)
            texts.append(entry.text)
            weights.append(entry.weight)
        else:
            merged += 1
            weights[owner[known[0]]] += entry.weight if entry.weight != 1.0 else 0.0
    if refused:
        try:
            alphabet.encode(refused[0])  # says which symbol, and where
        except AlphabetError as error:
            named = ", ".join(map(repr, refused[:5])) + (", …" if len(refused) > 5 else "")
            told = f"{len(refused):,} words with symbols outside the alphabet in all ({named}); drop or reduce them"
            raise AlphabetError(f"{error}; {told}") from error
    return texts, weights, list(owner), list(owner.values()), Dropped(tuple(outside), count, merged)


def _tables(rows: Int32s, owners: npt.NDArray[np.int32], weights: npt.NDArray[np.float64], classes: int) -> tuple[Tables, int]:
    """Compiled form of sorted spellings with their words and weights; and the most children of a node."""
    trie = build_trie(rows)
    own = np.bincount(owners)
    used = np.unique(np.concatenate([[0], rows.ravel()])).astype(np.int32)
    row = np.zeros(classes, np.int32)
    row[used] = np.arange(len(used))
    above = parents(trie)
    pairs = np.unique(row[trie.symbol[above]].astype(np.int64) * len(used) + row[trie.symbol[1:]])
    if len(pairs) > _PAIRS:
        pairs = pairs[:0]
    follow_first = np.searchsorted(pairs // len(used), np.arange(len(used) + 1)).astype(np.int32)
    may_end = np.zeros(len(used), np.bool_)
    may_end[row[trie.symbol[trie.spelling >= 0]]] = True
    top = subtree_maximum(trie, weights * own[owners]).astype(np.float32)
    tables = Tables(
        skip=trie.skip,
        depth=trie.depth,
        symbol=trie.symbol,
        spelling=trie.spelling,
        top=np.nextafter(top, np.float32(np.inf)),
        word=owners,
        weight=weights,
        own=np.concatenate([[0], np.cumsum(own)]).astype(np.int32),
        spellings_of=np.argsort(owners, kind="stable").astype(np.int32),
        ids_first=np.concatenate([[0], np.cumsum((rows > 0).sum(1))]).astype(np.int64),
        ids=rows[rows > 0],
        used=used,
        row=row,
        follow_first=follow_first if len(pairs) else follow_first[:0],
        follow=(pairs % len(used)).astype(np.int32),
        may_end=may_end,
    )
    return tables, int(np.bincount(above, minlength=1).max())
