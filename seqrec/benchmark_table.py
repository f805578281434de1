"""A benchmark's table: published results, and a reader's own under them. No torch here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from seqrec.benchmark import Benchmark, KnownSet
from seqrec.scores import Evaluation
from seqrec.task import Protocol


@dataclass(frozen=True)
class TableSet:
    """One data set of a table.

    Attributes:
        known: The set that published results are of; None where there are none.
        data: Name of the folder that was measured; empty where none was.
        columns: Names of all columns, in their order.
        evaluations: Column → what was measured.
        lacking: Column → samples judged whose label its lexicon lacks, where that can be.
    """

    known: KnownSet | None
    data: str
    columns: Sequence[str]
    evaluations: Mapping[str, Evaluation]
    lacking: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the tables have it; the folder's name for other sets."""
        return self.known.name if self.known else self.data

    @property
    def samples(self) -> int:
        """Samples judged; 0 where nothing was measured."""
        return max((one.samples for one in self.evaluations.values()), default=0)

    @property
    def remark(self) -> str:
        """Why the measured numbers cannot be put beside the published ones; nothing where they can."""
        if not self.evaluations or self.known is None or self.samples == self.known.size:
            return ""
        one = next(iter(self.evaluations.values()))
        parts = [(one.filtered, "left out by the protocol"), (len(one.skipped), "skipped")]
        less = "".join(f", {count:,} {why}" for count, why in parts if count)
        return (
            f"{self.name} in '{self.data}' is not the set of the published results: {self.samples:,} samples judged of "
            f"{one.size:,}{less}; published results are of {self.known.size:,}"
        )


@dataclass(frozen=True)
class Table:
    """Published results with a reader's own under them. Accuracies are of whole sequences.

    Attributes:
        protocol: How readings and labels were compared.
        benchmark: The published results.
        reader: Name of the reader's row.
        sets: Measured sets first, in the order given, then those with published results alone.
    """

    protocol: Protocol
    benchmark: Benchmark
    reader: str
    sets: Sequence[TableSet]

    def cells(self) -> list[tuple[TableSet, str]]:
        """Set and column of each column of the table."""
        return [(one, column) for one in self.sets for column in one.columns]

    def published(self, one: TableSet, column: str) -> dict[str, float]:
        """Name of each published row that has this column → percent."""
        place = (one.name if one.known else "", column)
        return {row.name: row.percent[place] for row in self.benchmark.published if place in row.percent}

    def rows(self, cells: Sequence[tuple[TableSet, str]]) -> list[tuple[str, list[str]]]:
        """Name and texts of each row of some columns: published, their samples, the reader's, with intervals and samples."""

        def row(name: str, text: Callable[[TableSet, str], str]) -> tuple[str, list[str]]:
            return name, [text(one, column) for one, column in cells]

        def measured(text: Callable[[Evaluation], str]) -> Callable[[TableSet, str], str]:
            return lambda one, column: text(one.evaluations[column]) if column in one.evaluations else "–"

        def theirs(name: str) -> Callable[[TableSet, str], str]:
            return lambda one, column: f"{found[name]:.1f}" if name in (found := self.published(one, column)) else "–"

        def size(one: TableSet, column: str) -> str:
            return f"{one.known.size:,}" if one.known and self.published(one, column) else "–"

        names = [other.name for other in self.benchmark.published if any(other.name in self.published(*cell) for cell in cells)]
        return [
            *(row(name, theirs(name)) for name in names),
            *([row("samples", size)] if names else []),
            row(self.reader, measured(lambda one: f"{100 * one.sequence_accuracy:.1f}")),
            row("95 % interval", measured(lambda one: f"{100 * one.interval[0]:.1f}–{100 * one.interval[1]:.1f}")),
            row("samples", measured(lambda one: f"{one.samples:,}")),
        ]

    def remarks(self) -> list[str]:
        """What must be known to read the numbers."""
        told = [one.remark for one in self.sets if one.remark]
        for one in self.sets:
            told += [
                f"{one.name}, column {column}: {found.without_lexicon:,} of {found.samples:,} pictures have no lexicon of their "
                "own and were read freely"
                for column, found in one.evaluations.items()
                if found.without_lexicon
            ]
            told += [
                f"{one.name}, column {column}: the lexicon lacks the labels of {count:,} of {one.evaluations[column].samples:,} "
                "samples, which no reading from it can match"
                for column, count in one.lacking.items()
                if count
            ]
        return told

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; accuracies are shares, 0..1."""
        return {
            "protocol": self.protocol.name,
            "source": self.protocol.source,
            "reader": self.reader,
            "published": [{"name": row.name, "source": row.source} for row in self.benchmark.published],
            "sets": [
                {
                    "name": one.name,
                    "data": one.data or None,
                    "published_samples": one.known.size if one.known else None,
                    "remark": one.remark,
                    "columns": [self._column(one, column) for column in one.columns],
                }
                for one in self.sets
            ],
        }

    def _column(self, one: TableSet, column: str) -> dict[str, object]:
        published = {name: round(percent / 100, 5) for name, percent in self.published(one, column).items()}
        found = one.evaluations.get(column)
        if found is None:
            return {"name": column, "published": published, "measured": None}
        measured = {
            "decoding": found.decoding,
            "samples": found.samples,
            "right": found.right,
            "sequence_accuracy": found.sequence_accuracy,
            "interval": list(found.interval),
            "symbol_error_rate": found.symbol_error_rate,
            "without_lexicon": found.without_lexicon,
            "labels_outside_lexicon": one.lacking.get(column),
            "duration_s": round(found.duration_s, 3),
        }
        return {"name": column, "published": published, "measured": measured}

    def to_markdown(self) -> str:
        """The whole table with its remarks and sources."""
        cells = self.cells()
        heads = [f"{one.name} {column}" for one, column in cells]
        lines = [f"# Protocol {self.protocol.name}: whole sequences right, percent", ""]
        lines += [_line(["", *heads]), _line(["---", *["---:"] * len(heads)])]
        lines += [_line([f"**{name}**" if name == self.reader else name, *texts]) for name, texts in self.rows(cells)]
        lines += ["", f"{self.protocol.source}.", ""] if self.protocol.source else [""]
        lines += [f"- {told}." for told in self.remarks()]
        lines += [f"- {row.name}: {row.source}." for row in self.benchmark.published]
        return "\n".join(lines) + "\n"


def table_set(
    benchmark: Benchmark,
    known: KnownSet | None,
    data: str = "",
    evaluations: Mapping[str, Evaluation] | None = None,
    lacking: Mapping[str, int] | None = None,
) -> TableSet:
    """A set with the columns that were measured or published.

    Args:
        benchmark: Says in which order columns stand.
        known: The set that published results are of, where there are such.
        data: Name of the folder that was measured; empty where none was.
        evaluations: Column → what was measured.
        lacking: Column → samples whose label the lexicon lacks.
    """
    published = [place[1] for row in benchmark.published for place in row.percent if known and place[0] == known.name]
    found = evaluations or {}
    return TableSet(known, data, benchmark.ordered([*found, *published]), found, lacking or {})


def _line(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
