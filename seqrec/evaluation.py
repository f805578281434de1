"""How well a recogniser reads labelled pictures: rates, confusions, and the rows behind them. No torch here."""

import json
import time
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seqrec.alphabet import Alphabet
from seqrec.errors import DataError, SeqrecError
from seqrec.interfaces import Picture, Store
from seqrec.reading import Reading
from seqrec.rows import Row, canonical_symbols, confused, gallery, judge, wilson_interval
from seqrec.task import Protocol

EXACT = Protocol("exact", source="labels and readings in the reader's own alphabet, compared symbol by symbol")
"""The protocol that needs no plugin."""


class PictureReader(typing.Protocol):
    """What `evaluate` needs of a recogniser; `seqrec.recognizer.Recognizer` has it."""

    @property
    def alphabet(self) -> Alphabet:
        """The symbols of its readings."""

    def folded(self, alphabet: Alphabet, /) -> "PictureReader":
        """This reader with another alphabet, to which its posteriors are folded."""

    def read_many(
        self, sources: Iterable[tuple[str, bytes | Path | Picture]], /
    ) -> Iterable[tuple[str, Reading | SeqrecError, Picture | None]]:
        """Key, reading or error, and the grey picture as opened, of each (key, picture), in any order."""


class Skip(typing.NamedTuple):
    """A sample that stands apart, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Evaluation:
    """How one data set was read. Fractions are properties of the counts, so that evaluations can be added up.

    Attributes:
        name: The data set's name.
        protocol: The protocol's name.
        alphabet: Name of the alphabet that readings and labels were compared in.
        size: Samples in the data set: `samples`, `filtered` and `skipped` together.
        samples: Samples judged.
        filtered: Samples that the protocol's `keep` leaves out.
        skipped: Samples that could not be judged: unreadable pictures.
        outside: Samples judged whose label holds a symbol that the reader does not have, so that no reading can be right.
        right: Readings that equal their label.
        errors: Edit distances summed.
        symbols: Symbols in the labels summed.
        closeness: 1 − edit distance / length of the longer one, summed.
        confusions: (label symbol, read symbol) → count, of differences only; `""` for the label's side of an insertion and
            the reading's side of a deletion, along one shortest alignment a sample; most frequent first.
        duration_s: Time from the first picture's decoding to the last reading.
        rows: One a sample judged, in the data set's order; pictures only on those that `gallery` takes.
    """

    name: str
    protocol: str
    alphabet: str
    size: int
    samples: int
    filtered: int
    skipped: tuple[Skip, ...]
    outside: tuple[Skip, ...]
    right: int
    errors: int
    symbols: int
    closeness: float
    confusions: Mapping[tuple[str, str], int]
    duration_s: float
    rows: tuple[Row, ...] = field(repr=False)

    @property
    def sequence_accuracy(self) -> float:
        """Share of samples read without an error, 0..1."""
        return self.right / max(self.samples, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of `sequence_accuracy`, 0..1."""
        return wilson_interval(self.right, self.samples)

    @property
    def symbol_error_rate(self) -> float:
        """Edit distances over label symbols; can exceed 1."""
        return self.errors / max(self.symbols, 1)

    @property
    def one_minus_ned(self) -> float:
        """Mean of 1 − normalised edit distance, 0..1; see `seqrec.metrics.one_minus_ned`."""
        return self.closeness / max(self.samples, 1)

    @property
    def images_per_s(self) -> float:
        """Pictures decoded and read in a second."""
        return self.samples / self.duration_s if self.duration_s > 0 else 0.0

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; rows without pictures."""
        return {
            "name": self.name,
            "protocol": self.protocol,
            "alphabet": self.alphabet,
            "size": self.size,
            "samples": self.samples,
            "filtered": self.filtered,
            "sequence_accuracy": self.sequence_accuracy,
            "interval": list(self.interval),
            "symbol_error_rate": self.symbol_error_rate,
            "one_minus_ned": self.one_minus_ned,
            "images_per_s": round(self.images_per_s, 2),
            "skipped": [skip._asdict() for skip in self.skipped],
            "outside": [skip._asdict() for skip in self.outside],
            "confusions": [{"label": one, "read": other, "count": n} for (one, other), n in self.confusions.items()],
            "rows": [row.as_dict() for row in self.rows],
        }

    def to_json(self) -> str:
        """`as_dict` as JSON, indented."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1)


def evaluate(
    recognizer: PictureReader,
    store: Store,
    protocol: Protocol | None = None,
    *,
    name: str = "",
    on_progress: Callable[[int, int], None] | None = None,
    pictures: int = 60,
) -> Evaluation:
    """How well a recogniser reads a data set.

    With a protocol that has an alphabet, labels are reduced to it and the reader is folded to it. `keep` is asked of the
    label as it is stored. A label of which the reduction leaves nothing is read right by an empty reading. Unreadable pictures
    are skipped and named. A label with a symbol that the reader does not have counts, as wrong, and is named too.

    Args:
        recognizer: Reads the pictures.
        store: The labelled pictures.
        protocol: How labels and readings are compared; None for `EXACT`.
        name: What the report calls the data set.
        on_progress: Called with the pictures done and the pictures to do.
        pictures: Rows of each kind in `gallery` that keep a small picture.

    Raises:
        DataError: The set is empty, the protocol leaves nothing of it, all its labels are empty, or no picture can be read.
    """
    protocol = protocol or EXACT
    reader = recognizer if protocol.alphabet is None else recognizer.folded(protocol.alphabet)
    alphabet = protocol.alphabet or recognizer.alphabet
    wanted = _chosen(store, protocol, name)
    tally = _Tally(alphabet, {alphabet.id_of(symbol) for symbol in recognizer.alphabet.symbols} - {None}, pictures)
    failed: dict[str, str] = {}

    def sources() -> Iterator[tuple[str, bytes | Path | Picture]]:
        for key, index in wanted.items():
            try:
                yield key, store.encoded(index)
            except SeqrecError as error:
                failed[key] = str(error)

    start = time.perf_counter()
    for done, (key, reading, picture) in enumerate(reader.read_many(sources()), start=1):
        if isinstance(reading, SeqrecError):
            failed[key] = str(reading)
        else:
            label = store.label(wanted[key])
            tally.add(key, label if protocol.alphabet is None else alphabet.reduce(label), reading, picture)
        if on_progress is not None:
            on_progress(done, len(wanted))
    duration_s = time.perf_counter() - start
    tally.prune()

    skipped = [Skip(key, failed.get(key, "no reading came back")) for key in wanted if key not in tally.rows]
    if not tally.rows:
        raise DataError(
            f"data set '{name}': none of {len(wanted)} pictures can be read; the first: {skipped[-len(wanted)].reason}"
        )
    return Evaluation(
        name=name,
        protocol=protocol.name,
        alphabet=alphabet.name,
        size=len(store),
        samples=len(tally.rows),
        filtered=len(store) - len(tally.rows) - len(skipped),
        skipped=tuple(skipped),
        outside=tuple(tally.outside),
        right=sum(row.right for row in tally.rows.values()),
        errors=sum(row.distance for row in tally.rows.values()),
        symbols=sum(row.length for row in tally.rows.values()),
        closeness=tally.closeness,
        confusions=_most_frequent_first(tally.confusions),
        duration_s=duration_s,
        rows=tuple(tally.pictured.get(key, tally.rows[key]) for key in wanted if key in tally.rows),
    )


def total(evaluations: Sequence[Evaluation], name: str = "total") -> Evaluation:
    """The evaluations of several data sets as one, every sample counting the same; keys get their set's name in front.

    Raises:
        DataError: No evaluations, or of different protocols.
    """
    if len({evaluation.protocol for evaluation in evaluations}) != 1:
        found = ", ".join(sorted({f"'{evaluation.protocol}'" for evaluation in evaluations})) or "no evaluation"
        raise DataError(f"a total needs evaluations of one protocol, found {found}; evaluate all sets with the same one")
    confusions: Counter[tuple[str, str]] = Counter()
    for evaluation in evaluations:
        confusions.update(evaluation.confusions)
    return Evaluation(
        name=name,
        protocol=evaluations[0].protocol,
        alphabet=evaluations[0].alphabet,
        size=sum(one.size for one in evaluations),
        samples=sum(one.samples for one in evaluations),
        filtered=sum(one.filtered for one in evaluations),
        skipped=tuple(Skip(f"{one.name}/{skip.key}", skip.reason) for one in evaluations for skip in one.skipped),
        outside=tuple(Skip(f"{one.name}/{skip.key}", skip.reason) for one in evaluations for skip in one.outside),
        right=sum(one.right for one in evaluations),
        errors=sum(one.errors for one in evaluations),
        symbols=sum(one.symbols for one in evaluations),
        closeness=sum(one.closeness for one in evaluations),
        confusions=_most_frequent_first(confusions),
        duration_s=sum(one.duration_s for one in evaluations),
        rows=tuple(replace(row, key=f"{one.name}/{row.key}") for one in evaluations for row in one.rows),
    )


class _Tally:
    """What is known of the pictures read so far; memory for pictures is bounded by what `gallery` takes."""

    def __init__(self, alphabet: Alphabet, known: set[int | None], pictures: int) -> None:
        self.alphabet, self.known, self.pictures = alphabet, known, pictures
        self.rows: dict[str, Row] = {}
        self.pictured: dict[str, Row] = {}
        self.outside: list[Skip] = []
        self.confusions: Counter[tuple[str, str]] = Counter()
        self.closeness = 0.0

    def add(self, key: str, label: str, reading: Reading, picture: Picture | None) -> None:
        row = judge(key, label, reading, self.alphabet, picture)
        symbols = canonical_symbols(label, self.alphabet)
        foreign = [symbol for symbol in dict.fromkeys(symbols) if self.alphabet.id_of(symbol) not in self.known]
        if foreign:
            self.outside.append(Skip(key, f"label '{row.label}': the reader has no symbol {', '.join(map(repr, foreign))}"))
        self.confusions.update(confused(symbols, reading.symbols))
        self.closeness += 1.0 - row.distance / max(len(symbols), len(reading.symbols), 1)
        self.rows[key] = replace(row, picture=None)
        self.pictured[key] = row
        if len(self.pictured) >= 12 * self.pictures + 1000:
            self.prune()

    def prune(self) -> None:
        # A row that is not taken now is never taken later, as rows only come in.
        taken = gallery(self.pictured.values(), self.pictures)
        self.pictured = {row.key: row for row in (*taken.sure_but_wrong, *taken.far_off, *taken.best)}


def _chosen(store: Store, protocol: Protocol, name: str) -> dict[str, int]:
    """Key → index of the samples to read."""
    wanted: dict[str, int] = {}
    some = kept = False
    for index in range(len(store)):
        key, label = store.key(index), store.label(index)
        if protocol.keep is not None and not protocol.keep(label):
            continue
        kept = True
        some = some or bool(label if protocol.alphabet is None else protocol.alphabet.reduce(label))
        wanted[key if key not in wanted else f"{key} (sample {index})"] = index
    if not len(store):
        raise DataError(f"data set '{name}' is empty; expected labelled pictures")
    if not kept:
        raise DataError(f"data set '{name}': protocol '{protocol.name}' keeps none of its {len(store)} labels")
    if not some:
        raise DataError(
            f"data set '{name}': all labels are empty under protocol '{protocol.name}'; check that the labels were stored"
        )
    return wanted


def _most_frequent_first(confusions: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return dict(sorted(confusions.items(), key=lambda item: (-item[1], item[0])))
