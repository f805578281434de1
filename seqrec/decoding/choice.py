"""What a user says about decoding, and the decoder that it comes to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec.decoding.beam import product, sequence_log_weights
from seqrec.decoding.bktree import BKTree
from seqrec.decoding.decoders import (
    Accepts,
    BeamDecoder,
    BKTreeDecoder,
    Decoder,
    FragmentDecoder,
    GreedyDecoder,
    LexiconDecoder,
    OrFree,
)
from seqrec.decoding.fragment import Fragments, View
from seqrec.decoding.grammar import Automaton, Grammar
from seqrec.decoding.lexicon import Entry, Lexicon, any_case, parse_entry, read_entries
from seqrec.decoding.lexicon_file import is_lexicon_file, load_lexicon
from seqrec.decoding.ngram import NGram
from seqrec.decoding.pattern import Pattern
from seqrec.decoding.slow_beam import sequence_log_weight
from seqrec.decoding.steps_decoders import BeamSteps, GreedySteps
from seqrec.errors import GrammarError, nearest
from seqrec.notation import Notation

LexiconSource = str | Path | Lexicon | Iterable[str | Entry]
"""A lexicon, a file with one (compiled or a word a line), the name of one of the task's, or words."""

DELTA = 3
"""Edits between the lexicon-free reading and the words that the paper's mode looks at. Source: Shi, Bai and Yao 2015."""
LM_WEIGHT = 0.3
"""What the log-probabilities of a language model are multiplied by."""


@dataclass(frozen=True, eq=False)
class Decoding:
    """How posteriors become readings.

    Attributes:
        decoder: `greedy`, `beam`, or nothing for what the rest asks for. A lexicon is searched exactly, also together with
            patterns, language models and grammars, unless `beam` is asked for.
        beam_width: Prefixes that a beam keeps.
        n_best: Readings wanted of each picture, the best and its alternatives.
        lexicon: Words that may occur; None for any sequence.
        lexicon_mode: `exact`; `bktree` as in the paper; or `fragment`, where pictures show parts of words: they are read without
            the lexicon, and the words named in which the reading stands somewhere.
        lexicon_view: What of the symbols is compared in `fragment` mode: a name of the task's, a function, or nothing for all.
        lexicon_case: `exact`, or `any` to let words stand in small letters, capitalised and in capitals as well.
        lexicon_policy: What becomes of words with symbols outside the alphabet; see `Lexicon.compile`.
        lexicon_threshold: p(word) / p(free reading) below which the free reading is kept, and marked.
        lexicon_share: Whether to find each word's share of the whole lexicon.
        delta: Edits of the `bktree` and the `fragment` mode.
        pattern: A regular expression that the whole reading must match.
        lm: A language model or its ARPA file.
        lm_weight: What its log-probabilities are multiplied by.
        grammars: Further grammars, or names of the task's, with the factors of their log-weights.
    """

    decoder: Literal["", "greedy", "beam"] = ""
    beam_width: int = 10
    n_best: int = 1
    lexicon: LexiconSource | None = None
    lexicon_mode: Literal["exact", "bktree", "fragment"] = "exact"
    lexicon_view: str | View = ""
    lexicon_case: Literal["exact", "any"] = "exact"
    lexicon_policy: Literal["error", "drop", "reduce"] = "drop"
    lexicon_threshold: float = 0.0
    lexicon_share: bool = False
    delta: int = DELTA
    pattern: str | Pattern | None = None
    lm: str | Path | NGram | None = None
    lm_weight: float = LM_WEIGHT
    grammars: Sequence[tuple[str | Grammar | Automaton, float]] = ()

    def __post_init__(self) -> None:
        _one_of("decoder", self.decoder, ("", "greedy", "beam"))
        _one_of("lexicon mode", self.lexicon_mode, ("exact", "bktree", "fragment"))
        _one_of("lexicon case", self.lexicon_case, ("exact", "any"))
        _of_kind("lexicon", self.lexicon, (str, Path, Lexicon, Iterable), "a Lexicon, a file, a name of the task's, or words")
        _of_kind("pattern", self.pattern, (str, Pattern), "an expression as text, or a seqrec.decoding.Pattern")
        _of_kind("language model", self.lm, (str, Path, NGram), "an ARPA file, or an NGram")
        if self.n_best < 1 or self.beam_width < 1 or self.delta < 0:
            raise GrammarError(
                f"n_best {self.n_best}, beam width {self.beam_width}, delta {self.delta}: expected at least 1, 1 and 0"
            )
        if not 0 <= self.lexicon_threshold <= 1:
            raise GrammarError(f"lexicon threshold {self.lexicon_threshold}: expected a ratio of probabilities, 0 to 1")
        if not abs(self.lm_weight) < 1e6:
            raise GrammarError(f"language model weight {self.lm_weight}: expected a moderate number, such as {LM_WEIGHT}")
        if self.lexicon is None and (self.lexicon_mode != "exact" or self.lexicon_threshold):
            raise GrammarError("a lexicon mode or threshold needs a lexicon; name one")
        if self.lexicon_view and self.lexicon_mode != "fragment":
            raise GrammarError("a lexicon view says how fragments are compared; it needs lexicon mode 'fragment'")
        others = self.pattern is not None or self.lm is not None or bool(self.grammars)
        if self.lexicon_mode == "bktree" and others:
            raise GrammarError("the bktree mode takes a lexicon alone; leave the pattern, the language model and grammars out")
        if self.decoder == "greedy" and (others or self.lexicon is not None or self.n_best > 1):
            raise GrammarError("the greedy decoder takes no constraints and gives one reading; say beam, or nothing")

    def decoder_for(self, alphabet: Alphabet, offers: "Offers | None" = None, accepts: Accepts = "posteriors") -> Decoder:
        """The decoder, compiled.

        Args:
            alphabet: Of the posteriors, or of the steps.
            offers: Lexicons and grammars that may be named.
            accepts: What it shall read: `steps` for a transducer, whose lexicons are searched by beam.

        Raises:
            GrammarError: Something cannot be read, compiled, or does not go together with the alphabet or with steps.
        """
        offers = offers or Offers()
        greedy_decoder, beam_decoder = _DECODERS[accepts]
        free = greedy_decoder() if self.n_best == 1 else beam_decoder(self.beam_width, self.n_best)
        grammars = [(offers.grammar(one, alphabet) if isinstance(one, str) else one, factor) for one, factor in self.grammars]
        if self.pattern is not None:
            pattern = Pattern(self.pattern, alphabet) if isinstance(self.pattern, str) else self.pattern
            _same(pattern.alphabet, alphabet, f"pattern '{pattern.expression}'")
            grammars.append((pattern.automaton, 0.0))
        bound = bool(grammars)
        if self.lm is not None:
            model = self.lm if isinstance(self.lm, NGram) else NGram.load(Path(self.lm), alphabet)
            _same(model.alphabet, alphabet, "the language model")
            grammars.append((model.automaton, self.lm_weight))
        if self.lexicon is None:
            if not grammars:
                return beam_decoder(self.beam_width, self.n_best) if self.decoder == "beam" else free
            beam = beam_decoder(self.beam_width, self.n_best, grammars)
            return OrFree(beam, free, accepts=accepts) if bound else beam
        if accepts == "steps" and (self.lexicon_mode == "bktree" or self.lexicon_share):
            raise GrammarError("a transducer's lexicon is searched by beam: leave out the bktree mode and the lexicon share")
        constrained: Decoder
        if self.lexicon_mode == "fragment":
            lexicon = self.lexicon_for(offers.notation.meaning if offers.notation else alphabet, offers)
            reads = replace(self, lexicon=None, lexicon_mode="exact", lexicon_view="", lexicon_threshold=0.0, n_best=1)
            view = offers.view(self.lexicon_view) if isinstance(self.lexicon_view, str) else self.lexicon_view
            read = reads.decoder_for(alphabet, offers, accepts)
            meant = offers.notation.understood if offers.notation else alphabet.decode
            named = FragmentDecoder(Fragments(lexicon, view), meant, read, self.delta, self.n_best, accepts)
            return OrFree(named, read, accepts=accepts)
        lexicon = self.lexicon_for(alphabet, offers)
        if self.lexicon_mode == "bktree":
            constrained = BKTreeDecoder(BKTree(lexicon), self.delta, self.n_best)
        elif self.decoder == "beam" or accepts == "steps":
            words = lexicon.automaton
            words = words._replace(final=words.final - words.final.max())  # only ratios count; none is above 0 then
            constrained = beam_decoder(self.beam_width, self.n_best, [*grammars, (words, 1.0)])
        else:
            held = lexicon.weighted(_log_weights(lexicon, grammars)) if grammars else lexicon
            constrained = LexiconDecoder(held, self.n_best, self.lexicon_share)
        return OrFree(constrained, free, self.lexicon_threshold, accepts)

    def lexicon_for(self, alphabet: Alphabet, offers: "Offers") -> Lexicon:
        """The lexicon, compiled for an alphabet.

        Raises:
            GrammarError: It cannot be read or compiled, or is of another alphabet.
        """
        source = self.lexicon
        assert source is not None
        if isinstance(source, str | Path):
            path = Path(source)
            if is_lexicon_file(path):
                if self.lexicon_case == "any":
                    raise GrammarError(f"lexicon '{path}' is compiled: its spellings are fixed; build it with --lexicon-case any")
                return load_lexicon(path, alphabet)
            source = read_entries(path) if path.exists() else offers.lexicon(str(source))
            source = [_separated(entry, alphabet) for entry in source]
        if isinstance(source, Lexicon):
            _same(source.alphabet, alphabet, "the lexicon")
            return source
        entries = [word if isinstance(word, Entry) else Entry(word) for word in source]
        if offers.notation and alphabet.name == offers.notation.alphabet.name:
            entries = [_written(entry, offers.notation) for entry in entries]
        if self.lexicon_case == "any":
            entries = [any_case(entry) for entry in entries]
        return Lexicon.compile(entries, alphabet, policy=self.lexicon_policy)


@dataclass(frozen=True, eq=False)
class Offers:
    """What a task has that can be named.

    Attributes:
        task: Its name, for messages.
        lexicons: Name → function that gives the lines of a lexicon's text file.
        grammars: Name → function that makes a grammar for an alphabet.
        views: Name → what of symbols counts where fragments are compared.
        notation: What words are written in before they are looked for; they are given in its `meaning`.
    """

    task: str = ""
    lexicons: Mapping[str, Callable[[], Iterable[str | Entry]]] = field(default_factory=dict)
    grammars: Mapping[str, Callable[[Alphabet], Grammar | Automaton]] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    notation: Notation | None = None

    def lexicon(self, name: str) -> list[Entry]:
        """The words of a lexicon.

        Raises:
            GrammarError: There is none of that name.
        """
        if name not in self.lexicons:
            raise GrammarError(f"lexicon '{name}': no such file, and none of this task's{nearest(name, list(self.lexicons))}")
        lines = self.lexicons[name]()
        return [line if isinstance(line, Entry) else parse_entry(line, f"lexicon '{name}'") for line in lines]

    def view(self, name: str) -> View | None:
        """A view, None for `""`.

        Raises:
            GrammarError: There is none of that name.
        """
        if name and name not in self.views:
            raise GrammarError(f"lexicon view '{name}': this task offers none of that name{nearest(name, list(self.views))}")
        return self.views[name] if name else None

    def grammar(self, name: str, alphabet: Alphabet) -> Grammar | Automaton:
        """A grammar.

        Raises:
            GrammarError: There is none of that name.
        """
        if name not in self.grammars:
            raise GrammarError(f"grammar '{name}': this task offers none of that name{nearest(name, list(self.grammars))}")
        return self.grammars[name](alphabet)


_DECODERS: Mapping[Accepts, tuple[Callable[[], Decoder], Callable[..., Decoder]]] = {
    "posteriors": (GreedyDecoder, BeamDecoder),
    "steps": (GreedySteps, BeamSteps),
}
"""The greedy decoder and the beam of each kind of network."""


def _log_weights(lexicon: Lexicon, grammars: Sequence[tuple[Grammar | Automaton, float]]) -> npt.NDArray[np.float64]:
    """What grammars say of each spelling of a lexicon."""
    tables = lexicon.tables
    automata = [(one, factor) for one, factor in grammars if isinstance(one, Automaton)]
    objects = [(one, factor) for one, factor in grammars if not isinstance(one, Automaton)]
    weights = sequence_log_weights(product(automata), tables.ids, tables.ids_first)
    if objects:
        spellings = np.split(tables.ids, tables.ids_first[1:-1])
        weights = weights + [sequence_log_weight(objects, ids.tolist()) for ids in spellings]
    return weights


def _separated(entry: Entry, alphabet: Alphabet) -> Entry:
    """Tabs part the columns of a lexicon's file: where they also part an alphabet's symbols, spaces do it there."""
    if alphabet.separator != "\t":
        return entry
    spellings = [" ".join(spelling.split()).replace(" ", "\t") for spelling in entry.spellings or (entry.text,)]
    return Entry(entry.text, spellings, entry.weight)


def _written(entry: Entry, notation: Notation) -> Entry:
    """The entry with its spellings as the network reads them; those that are none stay, to be counted."""
    meaning, spellings = notation.meaning, entry.spellings or (entry.text,)
    known = [notation.written(one) if not meaning.unknown(one) else one for one in spellings]
    return Entry(entry.text, known, entry.weight)


def _one_of(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise GrammarError(f"{what} '{value}': expected one of {', '.join(one for one in known if one)}")


def _of_kind(what: str, value: object, kinds: tuple[type, ...], expected: str) -> None:
    if value is not None and not isinstance(value, kinds):
        raise GrammarError(f"{what} {value!r} is of type {type(value).__name__}; expected {expected}")


def _same(own: Alphabet, alphabet: Alphabet, what: str) -> None:
    if tuple(own.symbols) != tuple(alphabet.symbols):
        raise GrammarError(
            f"{what} is of alphabet '{own.name}' ({len(own)} symbols), the reader's is '{alphabet.name}' ({len(alphabet)}); "
            "make it for that one"
        )
