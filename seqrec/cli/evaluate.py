"""`seqrec evaluate`: measure a reader on labelled pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import Device, ModelPath, TaskName, Threads, chosen_reader, complain, console, results_console
from seqrec.errors import SeqrecError, nearest

if TYPE_CHECKING:
    from seqrec.evaluation import Evaluation
    from seqrec.recognizer import Recognizer
    from seqrec.task import Protocol


def evaluate(
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
        typer.Option("--report", help="Write `report.html` and `evaluation.json` into this folder.", show_default=False),
    ] = None,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Measure a reader: whole sequences right, symbol errors, and the size of each set.

    Example: `seqrec evaluate --task scene-text --data words/ --protocol alnum36 --report report/`
    """
    from seqrec import evaluation
    from seqrec.data.readers import open_dataset
    from seqrec.plugins import registry

    reader = chosen_reader(task, model, "", device, threads)
    chosen = chosen_protocol(reader, protocol)
    paths = list(data or [])
    if samples:
        if reader.task is None or reader.task.samples is None or not reader.task.samples.is_dir():
            raise SeqrecError("--samples: this reader's task brings no sample pictures; give a data set with --data")
        paths.append(reader.task.samples)
    if not paths:
        raise SeqrecError("say what to measure on: --data PATH, or --samples for the pictures that come with the task")
    readers = [offered for _, offered in registry().dataset_readers]
    stores = [(path, open_dataset(path, readers, format or None)) for path in paths]
    evaluations = []
    with console().status("reading") as status:
        for path, store in stores:
            name = path.resolve().name
            evaluations.append(
                evaluation.evaluate(
                    reader,
                    store,
                    chosen,
                    name=name,
                    on_progress=lambda done, of, name=name: status.update(f"{name}: {done:,} of {of:,}"),  # type: ignore[misc]
                )
            )
    if samples:
        print_rows(evaluations[-1])
    print_table([*evaluations, *([evaluation.total(evaluations)] if len(evaluations) > 1 else [])])
    for one in evaluations:
        for skip in one.skipped[:3]:
            complain(f"{one.name}: {len(one.skipped)} skipped; '{skip.key}': {skip.reason}")
    if report:
        from seqrec.report import write_evaluation_report

        page = write_evaluation_report(
            report, evaluations, f"{reader.card.task if reader.card else 'reader'}, protocol {chosen.name}"
        )
        complain(f"report: {page}")


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


def print_table(evaluations: "list[Evaluation]") -> None:
    """One row a data set."""
    from rich import box
    from rich.table import Table

    table = Table(title=f"protocol {evaluations[0].protocol}, alphabet {evaluations[0].alphabet}", box=box.SIMPLE)
    table.add_column("data set", overflow="fold", no_wrap=True)
    for column in ("samples", "right", "95 % interval", "symbol errors", "1 − NED", "images/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in evaluations:
        low, high = one.interval
        table.add_row(
            one.name,
            f"{one.samples:,}" if one.samples == one.size else f"{one.samples:,} of {one.size:,}",
            f"{one.sequence_accuracy:.2%}",
            f"{low:.1%}–{high:.1%}",
            f"{one.symbol_error_rate:.2%}",
            f"{one.one_minus_ned:.4f}",
            f"{one.images_per_s:,.0f}",
        )
    results_console().print(table)


def print_rows(evaluation: "Evaluation") -> None:
    """Each reading beside its label."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"readings of '{evaluation.name}'")
    for column in ("picture", "label", "reading", "confidence", ""):
        table.add_column(column)
    for row in evaluation.rows:
        table.add_row(Text(row.key), Text(row.label), Text(row.text), f"{row.confidence:.0%}", "✓" if row.right else "✗")
    results_console().print(table)
