"""Symbol n-gram language models: how likely each next symbol is after the few before it."""

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import Alphabet
from seqrec.decoding.arpa import MAX_ORDER, arpa_lines, read_arpa
from seqrec.decoding.grammar import FORBIDDEN, Automaton
from seqrec.decoding.grams import Grams, automaton_of
from seqrec.decoding.kneser_ney import estimate
from seqrec.errors import AlphabetError, GrammarError, nearest
from seqrec.model_file import write_atomically

POLICIES = ("error", "drop")
"""What can be done with a label that has symbols outside the alphabet."""

_RAREST, _MOST = 1e-9, 1e15  # counts between which no probability is rounded to 0


@dataclass(frozen=True, eq=False)
class NGram:
    """A language model over an alphabet's symbols; no sequence is impossible.

    Build one with `from_labels` or `load`.

    Attributes:
        alphabet: Whose ids the automaton bears.
        grams: The n-grams, as an ARPA file has them.
        dropped: Labels that `from_labels` left out, in order.
        notes: What `load` has to say of the file, a sentence each.
        automaton: What searches walk; weights are ln p(symbol | context), those of ending ln p(end | context).
    """

    alphabet: Alphabet
    grams: Grams = field(repr=False)
    dropped: tuple[str, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    automaton: Automaton = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "automaton", automaton_of(self.grams))

    @property
    def order(self) -> int:
        """Length of the longest n-grams: each symbol depends on at most `order` - 1 before it."""
        return self.grams.order

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many n-grams there are of each order, from 1 upwards."""
        return tuple(np.diff(self.grams.first[1:]).tolist())

    @classmethod
    def from_labels(
        cls,
        labels: Iterable[str],
        alphabet: Alphabet,
        order: int = 5,
        counts: Iterable[float] | None = None,
        policy: str = "error",
    ) -> "NGram":
        """The model of some labels, smoothed by interpolated modified Kneser-Ney (`seqrec.decoding.kneser_ney`).

        Args:
            labels: Texts as in a file.
            alphabet: Which symbols there are.
            order: Length of the longest n-grams, 1 to 20.
            counts: How often each label occurs; once by default, fractions are fine.
            policy: What to do with labels that have symbols outside the alphabet: `error`, or `drop` them.

        Raises:
            AlphabetError: Labels with symbols outside the alphabet, with policy `error`.
            GrammarError: No label, or an order, a count or a policy that cannot be.

        Example:
            >>> model = NGram.from_labels(["ab", "ab", "ba"], Alphabet("ab", "ab"), order=2)
            >>> model.log_probability([1, 2]) > model.log_probability([2, 1])
            True
        """
        if not 1 <= order <= MAX_ORDER:
            raise GrammarError(f"an order of {order} cannot be; expected 1 to {MAX_ORDER}")
        if policy not in POLICIES:
            raise GrammarError(f"no policy '{policy}'{nearest(policy, POLICIES)}")
        labels = list(labels)
        weights = _checked_counts(counts, labels)
        sequences, dropped = _encoded(labels, alphabet)
        if dropped and policy == "error":
            told = f"{len(dropped):,} of {len(labels):,} labels are like this; policy 'drop' leaves them out"
            raise AlphabetError(f"{next(iter(dropped.values()))}; {told}")
        if not sequences:
            raise GrammarError(f"no label to build a language model of ({len(dropped):,} dropped); give at least one")
        weights = np.delete(weights, list(dropped))
        return cls(alphabet, estimate(sequences, weights, len(alphabet), order), tuple(labels[place] for place in dropped))

    @classmethod
    def load(cls, path: str | Path, alphabet: Alphabet) -> "NGram":
        """The model of an ARPA file, plain or packed by gzip.

        Raises:
            GrammarError: No such file, no ARPA file, a broken one, or a model of another alphabet.
        """
        grams, notes = read_arpa(Path(path), alphabet)
        return cls(alphabet, grams, notes=notes)

    def save(self, path: str | Path) -> None:
        """Write an ARPA file, packed by gzip if its name ends in `.gz`; `load` gives the same model to the bit.

        Raises:
            ModelFileError: The disk is full or the folder not writable; an older file is untouched then.
        """
        content = "".join(f"{line}\n" for line in arpa_lines(self.grams, self.alphabet)).encode()
        path = Path(path)
        write_atomically(path, gzip.compress(content, 6, mtime=0) if path.name.endswith(".gz") else content)

    def log_probability(self, ids: Sequence[int]) -> float:
        """Log-probability of a sequence of ids and the end after it, in nats; minus infinity if an id is none of a symbol."""
        return self.automaton.log_weight(list(ids))

    def perplexity(self, labels: Iterable[str]) -> float:
        """How many symbols it hesitates between, on average: 1 over the geometric mean of their probabilities.

        The end of a label counts as one symbol.

        Raises:
            AlphabetError: A symbol is outside the alphabet.
            GrammarError: No label.
        """
        sequences = [self.alphabet.encode(label) for label in labels]
        if not sequences:
            raise GrammarError("no label to measure a language model on; give at least one")
        stops = np.cumsum([len(sequence) for sequence in sequences])
        ids = np.fromiter(chain.from_iterable(sequences), np.int64, int(stops[-1]))
        return float(np.exp(-_log_weight(self.automaton, ids, stops) / (len(ids) + len(stops))))


def _checked_counts(counts: Iterable[float] | None, labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """A count for each label."""
    if counts is None:
        return np.ones(len(labels))
    weights = np.array(list(counts), float)
    if len(weights) != len(labels):
        raise GrammarError(f"{len(weights):,} counts for {len(labels):,} labels; give one for each")
    wrong = ~((weights >= _RAREST) & (weights <= _MOST))
    if wrong.any():
        place = int(wrong.argmax())
        raise GrammarError(f"label {labels[place]!r} has a count of {weights[place]:g}; expected {_RAREST:g} to {_MOST:g}")
    return weights


def _encoded(labels: Sequence[str], alphabet: Alphabet) -> tuple[list[list[int]], dict[int, str]]:
    """Ids of the labels that can be encoded; for each other one its place and what is wrong."""
    sequences: list[list[int]] = []
    wrong: dict[int, str] = {}
    for place, label in enumerate(labels):
        try:
            sequences.append(alphabet.encode(label))
        except AlphabetError as error:
            wrong[place] = str(error)
    return sequences, wrong


@njit(cache=True, nogil=True)
def _log_weight(automaton: Automaton, ids: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> float:
    """Sum of the log-weights of sequences that stand one after the other in `ids`, each up to its place in `stops`."""
    total, place = 0.0, 0
    for stop in stops:
        state = 0
        while place < stop:
            low, high = automaton.first[state], automaton.first[state + 1]
            arc = low + np.searchsorted(automaton.symbol[low:high], ids[place])
            if arc < high and automaton.symbol[arc] == ids[place]:
                total += automaton.weight[arc]
                state = automaton.next[arc]
                place += 1
            elif automaton.backoff[state] == FORBIDDEN:
                return -np.inf
            else:
                total += automaton.backoff_weight[state]
                state = automaton.backoff[state]
        total += automaton.final[state]
    return total
