"""`seqrec data audit`: whether a data set is safe to train on."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import Device, Threads, chosen_reader, complain, results_console
from seqrec.cli.data_sets import DataFormat, DataPath, opened, progress

if TYPE_CHECKING:
    from seqrec.alphabet import Alphabet
    from seqrec.data.examination import Examination
    from seqrec.task import Task

_LISTED = 12


def audit(
    path: DataPath,
    task: Annotated[str, typer.Option("--task", help="The task that is to learn from it.", show_default=False)],
    format: DataFormat = "",
    alphabet: Annotated[
        str, typer.Option("--alphabet", help="Of the task, by name; its default where none is given.", show_default=False)
    ] = "",
    recipe: Annotated[
        str, typer.Option("--recipe", help="Whose network must have frames enough for each label; a name or a TOML file.")
    ] = "fast",
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            help="A model file or run folder that reads every picture: its worst losses come first.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="Another set, of which no picture may be in this one.", show_default=False)
    ] = None,
    tolerate: Annotated[float, typer.Option("--tolerate", help="Share of samples that may be unusable.", min=0.0, max=1.0)] = 0.0,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write `report.html` and `audit.json` into this folder.", show_default=False)
    ] = None,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Look at every sample, and say whether training on them is safe: exit code 0 if so, 1 if not.

    Not safe are samples that cannot be used, one picture with different labels, and, with `--against`, pictures that are in both
    sets. Copies, odd labels and improbable ones are told and are no fault.

    Example: `seqrec data audit photographs/train --task scene-text --against photographs/test --report audit/`
    """
    from seqrec.data.examination import examine, find_leaks
    from seqrec.plugins import registry

    chosen = registry().task(task)
    symbols = chosen.alphabet_named(alphabet)
    frames_for, frames_needed = _frames(chosen, symbols, recipe)

    def examined(where: "str | Path", name: str) -> "Examination":
        store = opened(where, name)
        with progress(f"looking at {where}", len(store)) as done:
            return examine(store, symbols, frames_for, frames_needed, done)

    found = examined(path, format)
    other = examined(against, "") if against is not None else None
    if other is not None:
        found = dataclasses.replace(found, leaks=find_leaks(found, other))
    if model is not None:
        from seqrec.label_losses import label_losses

        reader = chosen_reader("", model, "", device, threads)
        usable = found.found.usable.tolist()
        with progress("reading", 2 * len(usable)) as done:
            found = dataclasses.replace(found, losses=label_losses(reader, found.store, usable, done))
    reasons = found.reasons(tolerate)
    _tell(str(path), found, reasons, against)
    if report is not None:
        from seqrec.audit_report import write_audit_report

        complain(f"report: {write_audit_report(report, f'Audit of {path}', found, reasons, other)}")
    if reasons:
        raise typer.Exit(1)


def _frames(
    task: "Task", alphabet: "Alphabet", recipe: str
) -> "tuple[Callable[[int, int], int], Callable[[Sequence[int]], int]] | tuple[None, None]":
    """Frames for a picture's size, and for a target; None for both where torch, which builds networks, is not installed."""
    from seqrec.cli.train import chosen_recipe
    from seqrec.errors import MissingExtraError
    from seqrec.model_file import require_torch

    plan = chosen_recipe(task, recipe)
    try:
        require_torch()
    except MissingExtraError as error:
        complain(f"whether labels fit into their pictures is not checked: {error}")
        return None, None
    from seqrec.network import frame_counters
    from seqrec.plugins import registry

    frames, needed = frame_counters(plan, alphabet, registry())
    return (lambda width, height: frames(height, width)) if task.direction == "downwards" else frames, needed


def _tell(path: str, found: "Examination", reasons: list[str], against: Path | None) -> None:
    shown = results_console()

    def line(text: str) -> None:
        shown.print(text, markup=False)

    exact, near = found.copies
    line(f"{path}: {found.found.total:,} samples, {len(found.found.usable):,} can be used")
    for what, (least, low, middle, high, greatest) in (
        ("width, pixels", found.widths),
        ("height, pixels", found.heights),
        ("label, symbols", found.lengths),
    ):
        line(f"{what}: {least:,.0f} to {greatest:,.0f}, median {middle:,.0f}, nine of ten {low:,.0f} to {high:,.0f}")
    line("pictures: " + ", ".join(f"{kind} ×{count:,}" for kind, count in found.kinds.items()))
    line("symbols: " + " ".join(f"{symbol!r}×{count:,}" for symbol, count in list(found.symbols.items())[:40]))
    if found.unused:
        line(f"never: {' '.join(map(repr, found.unused[:40]))}{' …' if len(found.unused) > 40 else ''}")
    for problem in found.found.summary():
        line(problem.replace(" skipped:", ":", 1))
    for one in found.strangers[:_LISTED]:
        line(f"  {one.symbol!r}: {one.codes}, {one.count:,} times, as in {', '.join(one.keys)}")
    line(f"copies: {exact:,} of the same bytes, {near:,} equal or nearly so")
    if found.duplicates.bound:
        line(found.duplicates.bound)
    for group in found.contradictions[:_LISTED]:
        labels = ", ".join(f"'{found.store.key(index)}' {found.store.label(index)!r}" for index in group[:4])
        line(f"  one picture, different labels: {labels}")
    if found.odd_labels:
        index, why = found.odd_labels[0]
        line(f"odd labels: {len(found.odd_labels):,}, as of '{found.store.key(index)}', which {why}")
    for loss in found.losses[:_LISTED]:
        key, label = found.store.key(loss.index), found.store.label(loss.index)
        line(f"  {loss.nats:.2f} nats a symbol: '{key}' is labelled {label!r} and read as {loss.reading!r}")
    if against is not None:
        line(f"in {against} too: {len({here for here, _ in found.leaks}):,} pictures")
        for here, _ in found.leaks[:_LISTED]:
            line(f"  '{found.store.key(here)}' {found.store.label(here)!r}")
    line("not safe to train on: " + "; ".join(reasons) if reasons else "safe to train on")
