"""How well a recogniser reads labelled pictures. No torch here."""

import time
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from seqrec.alphabet import Alphabet
from seqrec.errors import DataError, SeqrecError
from seqrec.interfaces import Picture, Store
from seqrec.reading import Reading
from seqrec.rows import Skip, Tally
from seqrec.scores import Evaluation, Rate, most_frequent_first
from seqrec.task import Grouping, Metric, Protocol

EXACT = Protocol("exact", source="labels and readings in the reader's own alphabet, compared symbol by symbol")
"""The protocol that needs no plugin."""


class PictureReader(typing.Protocol):
    """What `evaluate` needs of a recogniser; `seqrec.recognizer.Recognizer` has it."""

    @property
    def alphabet(self) -> Alphabet:
        """The symbols of its readings."""

    def folded(self, alphabet: Alphabet, /) -> "PictureReader":
        """This reader with another alphabet, to which its posteriors are folded."""

    def with_lexicons(self, lexicons: Callable[[str], Sequence[str] | None], /) -> "PictureReader":
        """This reader with a lexicon for each picture, found by its key; None where there is none. Only asked for those."""

    def read_many(
        self, sources: Iterable[tuple[str, bytes | Path | Picture]], /
    ) -> Iterable[tuple[str, Reading | SeqrecError, Picture | None]]:
        """Key, reading or error, and the grey picture as opened, of each (key, picture), in any order."""


def evaluate(
    recognizer: PictureReader,
    store: Store,
    protocol: Protocol | None = None,
    *,
    name: str = "",
    on_progress: Callable[[int, int], None] | None = None,
    pictures: int = 60,
    lexicon_of: Callable[[int], Sequence[str] | None] | None = None,
    decoding: str = "",
    metrics: Sequence[Metric] = (),
    groupings: Sequence[Grouping] = (),
) -> Evaluation:
    """How well a recogniser reads a data set.

    With a protocol that has an alphabet, labels are reduced to it and the reader is folded to it. `keep` is asked of the
    label as it is stored. A label of which the reduction leaves nothing is read right by an empty reading. Unreadable pictures
    are skipped and named. A label with a symbol that the reader does not have counts, as wrong, and is named too. So does a
    label that its picture's lexicon lacks, without being named.

    Args:
        recognizer: Reads the pictures.
        store: The labelled pictures.
        protocol: How labels and readings are compared; None for `EXACT`.
        name: What the report calls the data set.
        on_progress: Called with the pictures done and the pictures to do.
        pictures: Rows of each kind in `gallery` that keep a small picture.
        lexicon_of: Index of a sample → words that may stand on its picture; where it gives None, or no word of the alphabet,
            the picture is read freely and counted.
        decoding: What the report says that readings were held to.
        metrics: Further rates to report, such as the task's own.
        groupings: Ways to sort pictures and errors into groups: `seqrec.groups.GENERAL` and the task's `groups`.

    Raises:
        DataError: The set is empty, the protocol leaves nothing of it, all its labels are empty, or no picture can be read.
    """
    protocol = protocol or EXACT
    reader = recognizer if protocol.alphabet is None else recognizer.folded(protocol.alphabet)
    alphabet = protocol.alphabet or recognizer.alphabet
    wanted = _chosen(store, protocol, name)
    known = {alphabet.id_of(symbol) for symbol in recognizer.alphabet.symbols} - {None}
    tally = Tally(alphabet, known, pictures, metrics, groupings)
    failed: dict[str, str] = {}
    free: set[str] = set()
    if lexicon_of is not None:
        folded = protocol.alphabet is not None
        free = {key for key, index in wanted.items() if not _usable(lexicon_of(index), alphabet, folded)}
        reader = reader.with_lexicons(lambda key: None if key in free else lexicon_of(wanted[key]))

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
            tally.add(key, label if protocol.alphabet is None else alphabet.reduce(label), reading, picture, label)
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
        confusions=most_frequent_first(tally.confusions),
        duration_s=duration_s,
        rows=tuple(tally.pictured.get(key, tally.rows[key]) for key in wanted if key in tally.rows),
        decoding=decoding,
        without_lexicon=len(free & tally.rows.keys()),
        rates=tuple(Rate(metric, *counted) for metric, counted in zip(metrics, tally.counts, strict=True)),
        groupings=tuple(groupings),
    )


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


def _usable(words: Sequence[str] | None, alphabet: Alphabet, folded: bool) -> bool:
    """Whether at least one of the words can be spelt; where the reader is folded, with what the alphabet has of it."""
    return any(alphabet.reduce(word) if folded else word and not alphabet.unknown(word) for word in words or ())
