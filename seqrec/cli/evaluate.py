"""`seqrec evaluate`: measure a reader on labelled pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli import task_options
from seqrec.cli.console import Device, ModelPath, TaskName, Threads, chosen_reader, complain, console
from seqrec.cli.decoding import (
    BeamWidth,
    DecoderName,
    Delta,
    GrammarNames,
    LexiconCase,
    LexiconMode,
    LexiconShare,
    LexiconThreshold,
    LmFile,
    LmWeight,
    NBest,
    PatternText,
    compiled,
    own_name,
    with_decoding,
)
from seqrec.cli.evaluation_tables import print_rows, tell
from seqrec.errors import SeqrecError, nearest

if TYPE_CHECKING:
    from seqrec.benchmark_table import Table
    from seqrec.decoding.choice import Decoding, LexiconSource
    from seqrec.interfaces import Store
    from seqrec.recognizer import Recognizer
    from seqrec.scores import Evaluation
    from seqrec.task import Grouping, Metric, Protocol


def evaluate(
    ctx: typer.Context,
    task: TaskName = "",
    model: ModelPath = None,
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="A labelled data set; may be repeated.", show_default=False)
    ] = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Read the sample pictures that come with the task, and list them.")
    ] = False,
    protocol: Annotated[
        str, typer.Option("--protocol", help="How labels and readings are compared; `exact`, or one of the task's.")
    ] = "exact",
    format: Annotated[
        str, typer.Option("--data-format", help="Format of the data sets, where it is not found by itself.", show_default=False)
    ] = "",
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help="Write `report.html` and `evaluation.json` into this folder, with pictures and errors sorted into groups; for "
            "protocols with a table `table.md` and `table.json` too.",
            show_default=False,
        ),
    ] = None,
    decoder: DecoderName = "",
    beam_width: BeamWidth = 10,
    n_best: NBest = 1,
    lexicon: Annotated[
        str,
        typer.Option(
            "--lexicon",
            help="Read words of this lexicon only: a compiled file, a text file with a word a line, or the name of one of the "
            "task's. `own` or `own:NAME`: each picture's own, from `lexicon-NAME.tsv` beside the labels or from the LMDB set.",
            show_default=False,
        ),
    ] = "",
    lexicon_mode: LexiconMode = "exact",
    lexicon_case: LexiconCase = "exact",
    lexicon_threshold: LexiconThreshold = 0.0,
    lexicon_share: LexiconShare = False,
    delta: Delta = 3,
    pattern: PatternText = None,
    lm: LmFile = None,
    lm_weight: LmWeight = 0.3,
    grammar: GrammarNames = None,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Measure a reader: whole sequences right, symbol errors, and the size of each set.

    A protocol with published results reads each set in all the columns of its table that the data allow: without a lexicon, with
    the pictures' own lexicons, with all labels of the set, with the task's lexicons.

    Example: `seqrec evaluate --task scene-text --data words/ --protocol alnum36 --report report/`
    """
    import dataclasses

    from seqrec.data.readers import open_dataset
    from seqrec.plugins import registry

    reader = task_options.configured(chosen_reader(task, model, "", device, threads), ctx)
    chosen = chosen_protocol(reader, protocol)
    folded = reader if chosen.alphabet is None else reader.folded(chosen.alphabet)
    free = with_decoding(
        folded,
        decoder,
        beam_width,
        n_best,
        "",
        "exact",
        "",
        lexicon_case,
        0.0,
        lexicon_share,
        delta,
        pattern,
        lm,
        lm_weight,
        grammar,
    ).decoding

    def held(words: "LexiconSource | None") -> "Decoding":
        mode: dict[str, object] = {"lexicon_mode": lexicon_mode, "lexicon_threshold": lexicon_threshold}
        return dataclasses.replace(free, lexicon=words, **mode)  # type: ignore[arg-type]

    paths = list(data or [])
    if samples:
        if reader.task is None or reader.task.samples is None or not reader.task.samples.is_dir():
            raise SeqrecError("--samples: this reader's task brings no sample pictures; give a data set with --data")
        paths.append(reader.task.samples)
    if not paths:
        raise SeqrecError("say what to measure on: --data PATH, or --samples for the pictures that come with the task")
    if chosen.benchmark is not None and lexicon:
        raise SeqrecError(f"--lexicon {lexicon}: protocol '{chosen.name}' says with which lexicons to read; leave the option out")
    readers = [offered for _, offered in registry().dataset_readers]
    stores = [(path, open_dataset(path, readers, format or None)) for path in paths]
    table = None
    groupings = _groupings(reader) if report else ()
    if chosen.benchmark is not None:
        held(())  # says now what is wrong with the options
        table = in_columns(reader, chosen, stores, lambda words: free if words is None else held(words), groupings)
        evaluations = [one for measured in table.sets for one in measured.evaluations.values()]
    elif (name := own_name(lexicon)) is not None:
        evaluations = with_own(reader, chosen, stores, lambda words: free if words is None else held(words), name, groupings)
    else:
        # The reader keeps its alphabet, so that labels beyond it are noticed; the lexicon is compiled for the protocol's.
        decoding = compiled(folded, held(lexicon or None))
        evaluations = at_once(dataclasses.replace(reader, decoding=decoding), chosen, stores, lexicon, groupings)
    if samples and table is None:
        print_rows(evaluations[-1])
    tell(evaluations, table)
    if report:
        from seqrec.report import write_evaluation_report

        title = f"{reader.card.task if reader.card else 'reader'}, protocol {chosen.name}"
        complain(f"report: {write_evaluation_report(report, evaluations, title, table)}")


def at_once(
    reader: "Recognizer",
    protocol: "Protocol",
    stores: "list[tuple[Path, Store]]",
    lexicon: str,
    groupings: "Sequence[Grouping]" = (),
) -> "list[Evaluation]":
    """Every set read with one decoding, whose lexicon was called so."""
    from seqrec import evaluation
    from seqrec.columns import in_words
    from seqrec.decoding.lexicon import Lexicon

    found = reader.decoding.lexicon
    told = in_words(reader.decoding, f"lexicon {lexicon}, {len(found):,} words" if isinstance(found, Lexicon) else "")
    evaluations = []
    with console().status("reading") as status:
        for path, store in stores:
            name = path.resolve().name
            progress = _progress(status.update, name)
            evaluations.append(
                evaluation.evaluate(
                    reader,
                    store,
                    protocol,
                    name=name,
                    on_progress=progress,
                    decoding=told,
                    metrics=_metrics(reader),
                    groupings=groupings,
                )
            )
    return evaluations


def with_own(
    reader: "Recognizer",
    protocol: "Protocol",
    stores: "list[tuple[Path, Store]]",
    decoding: "Callable[[LexiconSource | None], Decoding]",
    lexicon: str,
    groupings: "Sequence[Grouping]" = (),
) -> "list[Evaluation]":
    """Every set read with its pictures' own lexicons, of this name where one is given."""
    import dataclasses

    from seqrec import evaluation
    from seqrec.columns import in_words, outside, own_decoding
    from seqrec.data.lexicons import own_lexicon

    evaluations = []
    with console().status("reading") as status:
        for path, store in stores:
            name = path.resolve().name
            which, own = own_lexicon(store, path, lexicon)
            if protocol.alphabet is None and (dropped := outside(own, len(store), reader.alphabet)).count:
                complain(f"{name}, lexicon {which}: left out {dropped}")
            evaluations.append(
                evaluation.evaluate(
                    dataclasses.replace(reader, decoding=own_decoding(decoding, own, len(store), which)),
                    store,
                    protocol,
                    name=name,
                    on_progress=_progress(status.update, name),
                    lexicon_of=own,
                    decoding=in_words(decoding(()), f"lexicon {which}, the pictures' own"),
                    metrics=_metrics(reader),
                    groupings=groupings,
                )
            )
    return evaluations


def in_columns(
    reader: "Recognizer",
    protocol: "Protocol",
    stores: "list[tuple[Path, Store]]",
    decoding: "Callable[[LexiconSource | None], Decoding]",
    groupings: "Sequence[Grouping]" = (),
) -> "Table":
    """Every set read in every column of the protocol's benchmark."""
    from seqrec.columns import Columns

    columns = Columns(reader, protocol, decoding, complain, groupings)
    with console().status("reading") as status:
        measured = [
            columns.measure(store, path, lambda what, done, of: status.update(f"{what}: {done:,} of {of:,}"))
            for path, store in stores
        ]
    return columns.table(measured)


def _metrics(reader: "Recognizer") -> "Sequence[Metric]":
    """The task's own."""
    return reader.task.metrics if reader.task else ()


def _groupings(reader: "Recognizer") -> "Sequence[Grouping]":
    """The general ones, and the task's own."""
    from seqrec.groups import GENERAL

    return [*GENERAL, *(reader.task.groups if reader.task else ())]


def _progress(show: Callable[[str], None], name: str) -> Callable[[int, int], None]:
    return lambda done, of: show(f"{name}: {done:,} of {of:,}")


def chosen_protocol(reader: "Recognizer", name: str) -> "Protocol":
    """A protocol by name.

    Raises:
        SeqrecError: Neither `exact` nor one of the task's.
    """
    from seqrec.evaluation import EXACT

    known = {EXACT.name: EXACT} | {protocol.name: protocol for protocol in (reader.task.protocols if reader.task else ())}
    if name not in known:
        raise SeqrecError(f"--protocol {name}: this reader's task has no such protocol{nearest(name, list(known))}")
    return known[name]
