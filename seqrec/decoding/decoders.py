"""Decoders: posteriors in, hypotheses out. What `Recognizer.read` and the command line choose from."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from seqrec.decoding.beam import Product, beam_search, check_width, product
from seqrec.decoding.bktree import BKTree
from seqrec.decoding.fragment import Fragments
from seqrec.decoding.grammar import Automaton, Grammar, Walked
from seqrec.decoding.greedy import greedy
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.lexicon import Lexicon
from seqrec.decoding.posteriors import batch
from seqrec.decoding.slow_beam import slow_beam_search
from seqrec.errors import GrammarError

Accepts = Literal["posteriors", "steps"]
"""What a decoder reads from: the posteriors of frames with a blank, (T, C), or a step function that says what may come next after
some symbols, what a transducer gives; see `seqrec.decoding.steps`."""

WIDER = 16
"""How often wider a beam becomes when none of its prefixes fits the grammar."""


class Decoder(Protocol):
    """Turns what a network says of one sample into hypotheses, best first."""

    @property
    def accepts(self) -> Accepts:
        """What it reads from."""

    def __call__(self, sample: Any, /) -> list[Hypothesis]:
        """Hypotheses, best first, none where nothing fits.

        Args:
            sample: What it accepts: posteriors (T, C), after log_softmax, valid frames only; or `seqrec.decoding.steps.Steps`.
        """


@dataclass(frozen=True)
class GreedyDecoder:
    """The collapsed best path; see `seqrec.decoding.greedy`."""

    accepts: Accepts = "posteriors"

    def __call__(self, log_probs: npt.NDArray[np.float32]) -> list[Hypothesis]:
        """The one greedy hypothesis."""
        found = greedy(log_probs)
        return [Hypothesis(found.ids, found.log_probability, found.log_probability)]


@dataclass(frozen=True)
class BeamDecoder:
    """Prefix beam search, free or held by grammars.

    Attributes:
        beam_width: Prefixes kept from frame to frame. Where none of them fits the grammars the search is done again with 16 times
            as many.
        n_best: Hypotheses wanted.
        grammars: With the factors of their log-weights; all must accept. Automata are searched compiled, other objects in Python.
    """

    beam_width: int = 10
    n_best: int = 1
    grammars: Sequence[tuple[Grammar | Automaton, float]] = ()
    accepts: Accepts = "posteriors"

    def __post_init__(self) -> None:
        check_width(self.beam_width, self.n_best)
        object.__setattr__(self, "beam_width", max(self.beam_width, self.n_best))
        _ = self._compiled  # now, and not in a thread

    @cached_property
    def _compiled(self) -> Product | None:
        if not self.grammars:
            return None
        automata = [(one, factor) for one, factor in self.grammars if isinstance(one, Automaton)]
        return product(automata) if len(automata) == len(self.grammars) else None

    def __call__(self, log_probs: npt.NDArray[np.float32]) -> list[Hypothesis]:
        """The best sequences of the beam."""
        for width in (self.beam_width, self.beam_width * WIDER):
            if self._compiled is None and self.grammars:
                walked = [(Walked(one) if isinstance(one, Automaton) else one, factor) for one, factor in self.grammars]
                found = slow_beam_search(log_probs, width, self.n_best, walked)
            else:
                found = beam_search(log_probs, width, self.n_best, self._compiled)
            if found or not self.grammars:
                break
        return found if found or self.grammars else GreedyDecoder()(log_probs)  # where a frame makes everything impossible


@dataclass(frozen=True, eq=False)
class LexiconDecoder:
    """The most probable words of a lexicon, exactly.

    Attributes:
        lexicon: The words.
        n_best: Words wanted.
        share: Whether to find each word's share of the whole lexicon.
    """

    lexicon: Lexicon
    n_best: int = 1
    share: bool = False
    accepts: Accepts = "posteriors"

    def __call__(self, log_probs: npt.NDArray[np.float32]) -> list[Hypothesis]:
        """The best words."""
        return self.lexicon.best(log_probs, self.n_best, share=self.share)


@dataclass(frozen=True, eq=False)
class BKTreeDecoder:
    """The most probable of the words near the greedy reading, as in the paper.

    Attributes:
        tree: The words by edit distance.
        delta: Edits at most.
        n_best: Words wanted.
    """

    tree: BKTree
    delta: int = 3
    n_best: int = 1
    accepts: Accepts = "posteriors"

    def __call__(self, log_probs: npt.NDArray[np.float32]) -> list[Hypothesis]:
        """The best of the words found; none where no word is near."""
        return self.tree.best(log_probs, self.delta, self.n_best)


@dataclass(frozen=True, eq=False)
class FragmentDecoder:
    """Reads as another decoder does, and names the words of a lexicon in which the reading stands somewhere.

    Attributes:
        fragments: The words.
        meant: Ids of a reading → symbols of the words' alphabet.
        reads: What reads.
        delta: Edits at most.
        n_best: Words wanted; the reading is one and the same.
    """

    fragments: Fragments
    meant: Callable[[Sequence[int]], Sequence[str]]
    reads: Decoder
    delta: int = 3
    n_best: int = 1
    accepts: Accepts = "posteriors"

    def __call__(self, log_probs: npt.NDArray[np.float32]) -> list[Hypothesis]:
        """The reading with each of the words; none where no word is near."""
        read = self.reads(log_probs)[0]
        lexicon = self.fragments.lexicon
        found = self.fragments.nearest(self.meant(read.ids), self.delta, self.n_best)
        return [replace(read, word=one.word, text=lexicon.texts[one.word], share=one.share, edits=one.edits) for one in found]


@dataclass(frozen=True, eq=False)
class OrFree:
    """A constrained decoder that keeps the free reading where its own is too improbable beside it.

    Attributes:
        constrained: Asked first.
        free: Asked for the reading to compare with, and where the other finds nothing.
        threshold: p(constrained) / p(free) below which the free reading is kept; 0 keeps it only where nothing else was found.
    """

    constrained: Decoder
    free: Decoder
    threshold: float = 0.0
    accepts: Accepts = "posteriors"

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < np.inf:
            raise GrammarError(f"threshold {self.threshold}: expected a ratio of probabilities, 0 or more")

    def __call__(self, sample: Any, /) -> list[Hypothesis]:
        """Hypotheses of one of the two; those of the free one are marked."""
        found = self.constrained(sample)
        if found and self.threshold == 0:
            return found
        free = [replace(one, free=True) for one in self.free(sample)]
        if found and found[0].log_probability - free[0].log_probability >= np.log(self.threshold):
            return found
        return free


def decode_batch(
    decoder: Decoder, log_probs: npt.NDArray[np.float32], lengths: Sequence[int] | npt.NDArray[np.int64], threads: int = 1
) -> list[list[Hypothesis]]:
    """Hypotheses of each sample.

    Args:
        decoder: Its compiled parts run without Python's lock.
        log_probs: (T, N, C), after log_softmax.
        lengths: Valid frames, (N,).
        threads: Samples decoded at a time.

    Raises:
        ShapeError: Not such an array, or not N lengths of 0..T.
    """
    samples = batch(log_probs, lengths)
    if threads <= 1:
        return [decoder(sample) for sample in samples]
    # A share of the samples for each thread: handing over each by itself costs more than a greedy reading.
    shares = [samples[start::threads] for start in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda share: [decoder(sample) for sample in share], shares))
    return [done[place % threads][place // threads] for place in range(len(samples))]
