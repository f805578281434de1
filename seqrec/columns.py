"""A data set read in every column of a benchmark, the network running once a picture. No torch here."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet
from seqrec.benchmark import FREE, FULL, Benchmark
from seqrec.benchmark_table import Table, TableSet, table_set
from seqrec.data.lexicons import OwnLexicon, own_lexicons
from seqrec.decoding.choice import Decoding, LexiconSource
from seqrec.decoding.lexicon import Dropped, Lexicon
from seqrec.decoding.pattern import Pattern
from seqrec.errors import DataError
from seqrec.evaluation import evaluate
from seqrec.interfaces import Store
from seqrec.recognizer import Engine, Recognizer
from seqrec.scores import Evaluation
from seqrec.task import Grouping, Protocol

_REMEMBERED_BYTES = 1 << 29  # of posteriors, after which the network runs again: 50,000 short words of 95 symbols


class RememberingEngine:
    """An engine that runs the network once for the same pictures, while memory lasts."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.alphabet, self.gives, self.width_step_px = engine.alphabet, engine.gives, engine.width_step_px
        self.frame_stride_px, self.frame_offset_px = engine.frame_stride_px, engine.frame_offset_px
        self.at_once, self.frames, self.log_probs = 1, engine.frames, engine.log_probs
        self._known: dict[bytes, tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]] = {}
        self._size = 0

    def run(
        self, images: npt.NDArray[np.uint8], widths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """As the engine's."""
        key = blake2b(images.tobytes() + widths.tobytes() + str(images.shape).encode()).digest()
        found = self._known.get(key)
        if found is None:
            found = self.engine.run(images, widths)
            self._size += found[0].nbytes
            if self._size <= _REMEMBERED_BYTES:
                self._known[key] = found
        return found


@dataclass(frozen=True)
class Columns:
    """Reads data sets in every column of a benchmark; the network runs once a picture.

    Attributes:
        reader: In its own alphabet.
        protocol: With a benchmark.
        decoding: How to decode with some words, or with None.
        tell: Called with what a user should know, a line each.
        groupings: Ways to sort pictures and errors into groups.
    """

    reader: Recognizer
    protocol: Protocol
    decoding: Callable[[LexiconSource | None], Decoding]
    tell: Callable[[str], None] = lambda line: None
    groupings: Sequence[Grouping] = ()
    _compiled: dict[str, Lexicon] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def benchmark(self) -> Benchmark:
        """The protocol's."""
        assert self.protocol.benchmark is not None
        return self.protocol.benchmark

    def measure(self, store: Store, path: Path, on_progress: Callable[[str, int, int], None] | None = None) -> TableSet:
        """One data set.

        Args:
            store: The data set.
            path: Where it was opened; its folder's name says which known set it is.
            on_progress: Called with the set and column, the pictures done and the pictures to do.

        Raises:
            DataError: Nothing can be measured, see `evaluate`; or a lexicon file is broken.
            GrammarError: A lexicon cannot be compiled.
        """
        path = Path(os.path.abspath(path))  # a link keeps its name
        folder = path if path.is_dir() else path.parent
        known = self.benchmark.known(folder.name)
        protocol = dataclasses.replace(self.protocol, keep=known.keep) if known and known.keep else self.protocol
        reader = dataclasses.replace(self.reader, engine=RememberingEngine(self.reader.engine))
        evaluations: dict[str, Evaluation] = {}
        for column, decoding, lexicon_of, lexicon in self._columns(store, path, protocol):
            what = f"{folder.name}, {column}"
            evaluations[column] = evaluate(
                dataclasses.replace(reader, decoding=decoding),
                store,
                protocol,
                name=folder.name,
                on_progress=partial(on_progress, what) if on_progress else None,
                lexicon_of=lexicon_of,
                decoding=in_words(decoding, lexicon),
                groupings=self.groupings,
            )
        lacking = {column: self._lacking(self._compiled[column], evaluations[column]) for column in self.benchmark.lexicons}
        return table_set(self.benchmark, known, folder.name, evaluations, lacking)

    def table(self, sets: Sequence[TableSet]) -> Table:
        """The sets measured, and after them those that only have published results."""
        measured = {one.known.name for one in sets if one.known}
        others = [table_set(self.benchmark, known) for known in self.benchmark.sets if known.name not in measured]
        name = self.reader.card.task if self.reader.card else "this reader"
        return Table(self.protocol, self.benchmark, name, [*sets, *(one for one in others if one.columns)])

    def _columns(self, store: Store, path: Path, protocol: Protocol) -> list[tuple[str, Decoding, OwnLexicon | None, str]]:
        """Column, decoding, the pictures' own lexicons, and the lexicon in words; the free one first, as it runs the network."""
        columns: list[tuple[str, Decoding, OwnLexicon | None, str]] = [(FREE, self.decoding(None), None, "")]
        for name, lexicon in own_lexicons(store, path).items():
            if name in (FREE, FULL, *self.benchmark.lexicons):
                raise DataError(f"'{path}': lexicon '{name}' of its pictures is named as another column; rename the file")
            decoding = own_decoding(self.decoding, lexicon, len(store), name)
            if self.protocol.alphabet is None and (dropped := outside(lexicon, len(store), self.reader.alphabet)).count:
                self.tell(f"{path.name}, lexicon {name}: left out {dropped}")
            columns.append((name, decoding, lexicon, f"lexicon {name}, the pictures' own"))
        labels = dict.fromkeys(map(store.label, range(len(store))))
        full = self._lexicon(f"{path.name}, {FULL}", [label for label in labels if protocol.keep is None or protocol.keep(label)])
        columns.append((FULL, self.decoding(full), None, f"lexicon {FULL}, the set's {len(full):,} different labels"))
        for column, name in self.benchmark.lexicons.items():
            if column not in self._compiled:
                self._compiled[column] = self._lexicon(f"lexicon {name}", name)
            found = self._compiled[column]
            columns.append((column, self.decoding(found), None, f"lexicon {name}, {len(found):,} words"))
        return columns

    def _lacking(self, lexicon: Lexicon, evaluation: Evaluation) -> int:
        """Samples judged whose label is no spelling in the lexicon; the empty label never is."""
        automaton, alphabet = lexicon.automaton, lexicon.alphabet
        labels = ([alphabet.id_of(symbol) for symbol in alphabet.split(row.label)] for row in evaluation.rows)
        return sum(None in ids or not automaton.accepts([number for number in ids if number]) for ids in labels)

    def _lexicon(self, what: str, words: str | list[str]) -> Lexicon:
        """Words compiled for the protocol's alphabet."""
        alphabet = self.protocol.alphabet
        reader = self.reader if alphabet is None else self.reader.folded(alphabet)
        lexicon = dataclasses.replace(reader, decoding=self.decoding(words)).transcriber.lexicon
        if str(lexicon.dropped):
            self.tell(f"{what}: left out {lexicon.dropped}")
        return lexicon


def own_decoding(decoding: Callable[[LexiconSource | None], Decoding], lexicon: OwnLexicon, samples: int, name: str) -> Decoding:
    """The decoding for pictures with lexicons of their own.

    Args:
        decoding: How to decode with some words, or with None.
        lexicon: The pictures' own.
        samples: How many pictures there are.
        name: The lexicons', for messages.

    Raises:
        DataError: A lexicon mode or threshold was chosen, and a picture has no lexicon.
    """
    some = decoding(())  # in its place each picture's words will stand
    if some.lexicon_mode == "exact" and not some.lexicon_threshold:
        return decoding(None)
    lacking = sum(not lexicon(index) for index in range(samples))
    if lacking:
        raise DataError(
            f"{lacking:,} of {samples:,} pictures have no lexicon '{name}', and a lexicon mode or threshold needs one; "
            "leave the option out, or give them lexicons"
        )
    return some


def outside(lexicon: OwnLexicon, samples: int, alphabet: Alphabet) -> Dropped:
    """The different words of pictures' own lexicons that an alphabet cannot spell.

    Args:
        lexicon: The pictures' own.
        samples: How many pictures there are.
        alphabet: Whose symbols count.
    """
    every = dict.fromkeys(word for index in range(samples) for word in lexicon(index) or ())
    found = [word for word in every if alphabet.unknown(word)]
    return Dropped(tuple(found[:5]), len(found))


def in_words(decoding: Decoding, lexicon: str = "") -> str:
    """What a decoding holds readings to; nothing for free reading.

    Args:
        decoding: With names of grammars and files, as the command line gives them.
        lexicon: What to call the lexicon; nothing where there is none.

    Example:
        >>> in_words(Decoding(pattern="[0-9]+", lexicon=["1", "2"], lexicon_threshold=0.1), "lexicon digits")
        'lexicon digits (threshold 0.1); pattern [0-9]+'
    """
    mode = f"bktree mode, delta {decoding.delta}" if decoding.lexicon_mode == "bktree" else ""
    threshold = f"threshold {decoding.lexicon_threshold:g}" if decoding.lexicon_threshold else ""
    case = "any case" if decoding.lexicon_case == "any" else ""
    how = ", ".join(filter(None, (case, mode, threshold)))
    parts = [f"{lexicon} ({how})" if how else lexicon] if lexicon else []
    if decoding.pattern is not None:
        parts.append(f"pattern {decoding.pattern.expression if isinstance(decoding.pattern, Pattern) else decoding.pattern}")
    if decoding.lm is not None:
        name = Path(decoding.lm).name if isinstance(decoding.lm, str | Path) else "given"
        parts.append(f"language model {name} × {decoding.lm_weight:g}")
    parts += [f"grammar {one if isinstance(one, str) else 'given'} × {factor:g}" for one, factor in decoding.grammars]
    if decoding.decoder == "beam":
        parts.append(f"beam of {decoding.beam_width}")
    return "; ".join(parts)
