"""What every command shares: messages to the user, and the choice of a reader."""

import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from seqrec.errors import SeqrecError

if TYPE_CHECKING:
    from rich.console import Console

    from seqrec.recognizer import Recognizer

TaskName = Annotated[str, typer.Option("--task", help="The task, as `seqrec plugins list` names it.", show_default=False)]
ModelPath = Annotated[
    Path | None,
    typer.Option("--model", help="A model file or a run folder, instead of a task's shipped reader.", show_default=False),
]
Device = Annotated[str, typer.Option("--device", help="`auto`, `cpu`, `cuda` or `cuda:N`.")]
Threads = Annotated[int, typer.Option("--threads", help="Threads for a network on CPUs and for decoding; 0: all cores.", min=0)]
AlphabetName = Annotated[
    str, typer.Option("--alphabet", help="Read with a smaller alphabet of the task, as `alnum36`.", show_default=False)
]

T = TypeVar("T")


def console() -> "Console":
    """A rich console on standard error, so that standard output holds nothing but results."""
    from rich.console import Console

    return Console(stderr=True)


def results_console() -> "Console":
    """A rich console on standard output; into a file or a pipe it writes lines wide enough for a table."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def complain(line: str) -> None:
    """One line on standard error."""
    print(" ".join(line.split()), file=sys.stderr)


def use_threads(threads: int) -> None:
    """Give torch as many threads, where a number was given."""
    if threads:
        from seqrec.model_file import require_torch

        require_torch()
        import torch

        torch.set_num_threads(threads)


def chosen_reader(task: str, model: Path | None, alphabet: str, device: str, threads: int) -> "Recognizer":
    """The reader of `--task` or `--model`.

    Raises:
        SeqrecError: Neither or both were given, or there is none.
    """
    if bool(task) == (model is not None):
        raise SeqrecError("say which reader: --task T for a task's shipped one, or --model FILE for a model file or run folder")
    if model is not None and not model.exists():
        raise SeqrecError(f"--model {model}: there is no such file or folder")
    from seqrec.recognizer import load

    reader = load(model if model is not None else task, alphabet=alphabet, device=device, threads=threads)
    return dataclasses.replace(reader, threads=threads or os.cpu_count() or 1)
