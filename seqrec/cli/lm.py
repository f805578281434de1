"""`seqrec lm`: build symbol language models, and look at them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import complain, results_console
from seqrec.errors import DataError, SeqrecError, nearest

if TYPE_CHECKING:
    from seqrec.task import Task

app = typer.Typer(help="Build symbol language models, and look at them.", no_args_is_help=True)

TEXT = "text"
"""Name, among the formats of data sets, of a file with one label a line."""

TaskName = Annotated[str, typer.Option("--task", help="The task whose symbols the model is of.", show_default=False)]
AlphabetName = Annotated[
    str, typer.Option("--alphabet", help="Of the task, by name; its default where none is given.", show_default=False)
]
Format = Annotated[
    str,
    typer.Option("--data-format", help="`text`, or a data set's format, where it is not found by itself.", show_default=False),
]


@app.command()
def build(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Text files with one label a line, labelled data sets, or names of the task's lexicons.",
            show_default=False,
        ),
    ],
    task: TaskName,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="The ARPA file to write; packed if its name ends in `.gz`.", show_default=False),
    ],
    alphabet: AlphabetName = "",
    order: Annotated[int, typer.Option("--order", help="Length of the longest n-grams.", min=1)] = 5,
    policy: Annotated[
        str, typer.Option("--policy", help="What to do with labels that have other symbols: `error`, or `drop` them.")
    ] = "error",
    counts: Annotated[
        bool, typer.Option("--counts", help="Text files have `label<TAB>count` in each line: how often it occurs.")
    ] = False,
    format: Format = "",
) -> None:
    """Build a language model from labels, and write it as an ARPA file.

    Example: `seqrec lm build english-50k --task scene-text --order 5 -o english.arpa.gz`
    """
    from seqrec.decoding.ngram import NGram
    from seqrec.plugins import registry

    chosen = registry().task(task)
    symbols = chosen.alphabet_named(alphabet)
    labels: list[str] = []
    weights: list[float] = []
    for source in sources:
        kind, found, often = _labels(source, chosen, format, counts)
        complain(f"{source}: {len(found):,} labels ({kind})")
        labels += found
        weights += often
    model = NGram.from_labels(labels, symbols, order, weights, policy)
    if model.dropped:
        unknown = list(dict.fromkeys(piece for label in model.dropped for piece in symbols.unknown(label)))
        named = ", ".join(map(repr, unknown[:5])) + ", …" * (len(unknown) > 5)
        complain(f"{len(model.dropped):,} of {len(labels):,} labels dropped: not in alphabet '{symbols.name}': {named}")
    model.save(out)
    complain(f"{out}: order {model.order}, {sum(model.sizes):,} n-grams, {out.stat().st_size:,} bytes")


@app.command()
def info(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An ARPA file, plain or packed.", show_default=False)],
    task: TaskName,
    alphabet: AlphabetName = "",
    labels: Annotated[
        str,
        typer.Option("--labels", help="Measure the perplexity on these labels; a SOURCE as for `lm build`.", show_default=False),
    ] = "",
    format: Format = "",
) -> None:
    """Say what a language model holds, and how well it foretells labels.

    Example: `seqrec lm info english.arpa.gz --task scene-text --labels words.txt`
    """
    from seqrec.decoding.ngram import NGram
    from seqrec.plugins import registry

    chosen = registry().task(task)
    symbols = chosen.alphabet_named(alphabet)
    loaded = NGram.load(model, symbols)
    shown = results_console()
    shown.print(f"{model}: order {loaded.order}, alphabet '{symbols.name}', {model.stat().st_size:,} bytes", markup=False)
    for order, size in enumerate(loaded.sizes, start=1):
        shown.print(f"{order}-grams: {size:,}")
    shown.print(f"states: {len(loaded.automaton.final):,}, arcs: {len(loaded.automaton.symbol):,}")
    for note in loaded.notes:
        complain(f"{model}: {note}")
    if labels:
        _, found, _ = _labels(labels, chosen, format, False)
        usable = [label for label in found if not symbols.unknown(label)]
        perplexity = loaded.perplexity(usable)
        shown.print(f"perplexity: {perplexity:.2f} per symbol, ends counted, on {len(usable):,} of {len(found):,} labels")


def _labels(source: str, task: "Task", format: str, counted: bool) -> tuple[str, list[str], list[float]]:
    """What a source is, its labels that are not empty, and how often each occurs.

    Raises:
        SeqrecError: It is neither a path nor a lexicon's name, or cannot be read.
    """
    from seqrec.data.label_files import label_lines
    from seqrec.data.readers import open_dataset
    from seqrec.decoding.choice import Offers
    from seqrec.plugins import registry

    path = Path(source)
    if not path.exists():
        if source not in task.lexicons:
            hint = nearest(source, list(task.lexicons))
            raise SeqrecError(f"'{source}': no such file or folder, and no lexicon of task '{task.name}'{hint}")
        entries = Offers(task.name, task.lexicons).lexicon(source)
        forms = [(form, entry.weight) for entry in entries for form in entry.spellings or (entry.text,)]
        return "a lexicon of the task, in all its spellings", [form for form, _ in forms], [weight for _, weight in forms]
    readers = [reader for _, reader in registry().dataset_readers]
    if format != TEXT and (format or path.is_dir() or any(reader.detect(path) for reader in readers)):
        store = open_dataset(path, readers, format or None)
        labels = [label for label in map(store.label, range(len(store))) if label]
        return type(store).__name__, labels, [1.0] * len(labels)
    if not counted:
        labels = [line for _, line in label_lines(path)]
        return "text", labels, [1.0] * len(labels)
    pairs = [_counted_line(path, number, line) for number, line in label_lines(path)]
    return "text with counts", [label for label, _ in pairs], [count for _, count in pairs]


def _counted_line(path: Path, number: int, line: str) -> tuple[str, float]:
    label, tab, count = line.rpartition("\t")
    try:
        if label and tab:
            return label, float(count)
    except ValueError:
        pass
    raise DataError(f"'{path}', line {number}: {line[:80]!r} is no label with a count; expected: label<TAB>count")
