"""What a network gives becomes readings: folding, decoding, alignment, confidences. Free of torch."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import BLANK, Alphabet, fold_map
from seqrec.decoding.alignment import align, spans_px
from seqrec.decoding.choice import Decoding, LexiconSource, Offers
from seqrec.decoding.decoders import Accepts, Decoder, GreedyDecoder
from seqrec.decoding.fold import fold
from seqrec.decoding.hypothesis import Hypothesis
from seqrec.decoding.lattice import align_steps
from seqrec.decoding.lexicon import Lexicon
from seqrec.decoding.steps import Steps
from seqrec.errors import GrammarError
from seqrec.notation import Meaning, Notation
from seqrec.reading import Reading
from seqrec.reliability import tempered
from seqrec.task import Task
from seqrec.views import View

Posteriors = npt.NDArray[np.float32]
"""Log-probabilities of one sample's valid frames, (T, C); where the source gives steps, what they are made of, (T, J)."""


class Source(Protocol):
    """What is known of where posteriors come from; an engine has it.

    Attributes:
        alphabet: Of their classes.
        gives: What decoders can read of them.
        frame_stride_px: From frame to frame, in pixels of the network's input.
        frame_offset_px: Middle of frame 0.
    """

    alphabet: Alphabet
    gives: Accepts
    frame_stride_px: float
    frame_offset_px: float


class StepsSource(Source, Protocol):
    """A source that gives steps."""

    def steps(self, frames: Posteriors, /) -> Steps:
        """The steps of one sample, of its valid frames (T, J)."""


@dataclass(frozen=True)
class Transcriber:
    """Turns the posteriors of one source into readings.

    Attributes:
        alphabet: What readings are made of: the source's, or a smaller one that its posteriors are folded to; with a notation
            its meaning, or a smaller one.
        source: Where the posteriors come from.
        task: Offers lexicons and grammars by name.
        decoding: How posteriors become readings.
        lexicons: Key of a picture → its own words, or None.
        threads: Pictures decoded at a time.
        temperature: Of the confidences.
        notation: What the source's symbols mean, where they do not stand for themselves.
    """

    alphabet: Alphabet
    source: Source
    task: Task | None = None
    decoding: Decoding = field(default_factory=Decoding)
    lexicons: Callable[[str], LexiconSource | None] | None = field(default=None, repr=False)
    threads: int = 1
    temperature: float = 1.0
    notation: Notation | None = None

    @cached_property
    def decoder(self) -> Decoder:
        """The decoder of pictures that have no lexicon of their own.

        Raises:
            GrammarError: It cannot be made, or does not read what the source gives.
        """
        return self._compiled(self.decoding)

    @property
    def lexicon(self) -> Lexicon:
        """The lexicon of `decoding`, which has one, compiled.

        Raises:
            GrammarError: It cannot be read or compiled.
        """
        return self._reduced(self.decoding).lexicon_for(self._decoded_in, self._offers)

    def readings(self, views: Sequence[View], posteriors: Sequence[Posteriors]) -> Iterator[Reading | GrammarError]:
        """Readings of samples, in order, at temperature 1: see `tempered`. An error where a picture's own lexicon is unusable."""
        samples = [self._sample(one) for one in posteriors]
        for view, sample, found in zip(views, samples, self._decoded(views, samples), strict=True):
            if isinstance(found, GrammarError):
                yield GrammarError(f"'{view.key}': its own lexicon cannot be used: {found}")
                continue
            best, *others = self._distinct([self._reading(one, sample, view) for one in found])
            yield dataclasses.replace(best, alternatives=tuple(others))

    def tempered(self, reading: Reading) -> Reading:
        """The reading, already chosen, with its confidence and its alternatives' brought to the temperature."""
        if self.temperature == 1.0:
            return reading
        alternatives = tuple(map(self.tempered, reading.alternatives))
        return dataclasses.replace(reading, confidence=tempered(reading.confidence, self.temperature), alternatives=alternatives)

    @property
    def _decoded_in(self) -> Alphabet:
        """The alphabet that decoders know: a notation is understood when all of a reading is there, steps know their own."""
        return self.source.alphabet if self.notation or self.source.gives == "steps" else self.alphabet

    @property
    def _offers(self) -> Offers:
        if self.task is None:
            return Offers()
        return Offers(self.task.name, self.task.lexicons, self.task.grammars, self.task.views, self.notation)

    def _reduced(self, decoding: Decoding) -> Decoding:
        """With a smaller alphabet words lose the symbols that the pictures lose too."""
        folded = self._decoded_in is not self.source.alphabet and decoding.lexicon_policy == "drop"
        return dataclasses.replace(decoding, lexicon_policy="reduce") if folded else decoding

    def _compiled(self, decoding: Decoding) -> Decoder:
        gives = self.source.gives
        if gives not in ("posteriors", "steps"):
            raise GrammarError(f"the model gives '{gives}', and decoders read posteriors or steps; use another transcription")
        held = decoding.lexicon is not None or decoding.pattern is not None or decoding.lm is not None or decoding.grammars
        if held and self._reduces:
            raise GrammarError(
                f"a transducer searches in its own alphabet '{self.source.alphabet.name}', not in '{self.alphabet.name}': "
                "leave out lexicon, pattern, language model and grammars, or the smaller alphabet"
            )
        return self._reduced(decoding).decoder_for(self._decoded_in, self._offers, gives)

    @property
    def _reduces(self) -> bool:
        """Whether readings, and not posteriors, are brought to the smaller alphabet to read with."""
        return self.source.gives == "steps" and self.notation is None and self.alphabet is not self.source.alphabet

    def _sample(self, given: Posteriors) -> "Posteriors | Steps":
        """What the decoder reads; posteriors in the classes of the alphabet to read with."""
        if self.source.gives == "steps":
            return cast(StepsSource, self.source).steps(given)
        if self._decoded_in is self.source.alphabet:
            return given
        return fold(given, fold_map(self.source.alphabet, self.alphabet), self.alphabet.classes)

    def _meant(self, symbols: Sequence[str]) -> list[Meaning]:
        """What decoded symbols mean in the alphabet of readings; those that mean nothing there are left out."""
        if self.notation is not None:
            meant = [(self.alphabet.id_of(one.symbol), one.first, one.stop) for one in self.notation.read(symbols)]
        elif self._reduces:
            classes = fold_map(self.source.alphabet, self.alphabet)
            folded = enumerate(classes[number] for number in self.source.alphabet.encode(symbols))
            meant = [(None if number == BLANK else number, place, place + 1) for place, number in folded]
        else:
            return [Meaning(symbol, place, place + 1) for place, symbol in enumerate(symbols)]
        return [Meaning(self.alphabet.symbols[number - 1], first, stop) for number, first, stop in meant if number is not None]

    def _decoded(
        self, views: Sequence[View], samples: "Sequence[Posteriors | Steps]"
    ) -> Iterable[list[Hypothesis] | GrammarError]:
        """Hypotheses of samples, at least one each, best first."""
        shared = self.decoder if self.lexicons is None else None  # compiled before there are threads

        def decoded(view: View, sample: "Posteriors | Steps") -> list[Hypothesis] | GrammarError:
            return shared(sample) if shared else self._with_own_lexicon(view.key, sample)

        if self.threads == 1 or isinstance(shared, GreedyDecoder):  # a greedy reading is found sooner than handed over
            return map(decoded, views, samples)
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(decoded, views, samples))

    def _with_own_lexicon(self, key: str, sample: "Posteriors | Steps") -> list[Hypothesis] | GrammarError:
        words = self.lexicons(key) if self.lexicons else None
        if words is None:
            return self.decoder(sample)
        try:
            return self._compiled(dataclasses.replace(self.decoding, lexicon=words))(sample)
        except GrammarError as error:
            return error

    def _reading(self, found: Hypothesis, sample: "Posteriors | Steps", view: View) -> Reading:
        path = align(sample, found.ids) if isinstance(sample, np.ndarray) else align_steps(sample, found.ids)
        stride, offset, scale = self.source.frame_stride_px, self.source.frame_offset_px, view.along_px / view.input_px
        spans = spans_px(path.frame_spans, stride, offset, scale, view.along_px, view.across_px)
        decoded = self._decoded_in.decode(found.ids)
        meant = self._meant(decoded)
        symbols = tuple(one.symbol for one in meant)
        return Reading(
            symbols,
            self.alphabet.text(symbols),
            math.exp(min(found.log_probability, 0.0)),
            tuple(math.prod(path.confidences[one.first : one.stop]) for one in meant),
            tuple(_around(spans[one.first : one.stop], view.start_px) for one in meant),
            turned=view.degrees,
            word=found.text,
            share=found.share,
            edits=found.edits,
            free=found.free,
            drawn=tuple(decoded) if self.notation else (),
            remark=view.remark,
            hint=view.remark,
        )

    def _distinct(self, readings: list[Reading]) -> list[Reading]:
        """Readings of a transducer that are equal in the smaller alphabet as one, with the sum of their confidences."""
        if not self._reduces:
            return readings
        distinct: dict[tuple[str, ...], Reading] = {}
        for reading in readings:
            known = distinct.setdefault(reading.symbols, reading)
            if known is not reading:
                total = min(known.confidence + reading.confidence, 1.0)
                distinct[reading.symbols] = dataclasses.replace(known, confidence=total)
        return sorted(distinct.values(), key=lambda reading: -reading.confidence)


def _around(spans: Sequence[tuple[float, float]], start_px: float) -> tuple[float, float]:
    """From the leftmost edge to the rightmost, in pixels of the picture of which the view begins at `start_px`."""
    return min(left for left, _ in spans) + start_px, max(right for _, right in spans) + start_px
