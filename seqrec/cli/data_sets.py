"""What the commands of `seqrec data` share: opening a data set, progress, and writing one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import complain, console

if TYPE_CHECKING:
    from seqrec.data.convert import Written
    from seqrec.data.lexicons import OwnLexicon
    from seqrec.interfaces import Store

DataPath = Annotated[
    str, typer.Argument(metavar="PATH", help="A data set in any format that a reader knows.", show_default=False)
]
DataFormat = Annotated[
    str, typer.Option("--data-format", help="Its format, where it is not found by itself.", show_default=False)
]
Out = Annotated[Path, typer.Option("--out", "-o", help="The LMDB set to write.", show_default=False)]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same choice.", min=0)]


def opened(path: "str | Path", format: str = "") -> "Store":
    """The data set at a path."""
    from seqrec.data.readers import open_dataset
    from seqrec.plugins import registry

    return open_dataset(path, [reader for _, reader in registry().dataset_readers], format or None)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal; what it gives is told how many samples are done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = console()
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done) if done % 64 == 0 or done == total else None


def write(store: "Store", path: "str | Path", out: Path, indices: Sequence[int] | None = None) -> "Written":
    """A set of some samples of a data set, with all the lexicons of their pictures."""
    from seqrec.data.convert import write_samples

    with progress(f"writing {out}", len(store) if indices is None else len(indices)) as done:
        return write_samples(store, out, indices, lexicons_of(store, path), done)


def lexicons_of(store: "Store", path: "str | Path") -> "Mapping[str, OwnLexicon]":
    """The pictures' own lexicons by name."""
    from seqrec.data.lexicons import own_lexicons

    return own_lexicons(store, Path(path))


def tell(written: "Written", out: Path) -> None:
    """What was written, and what could not be."""
    from seqrec.data.convert import LEFT_OUT

    lexicons = f", with lexicons {', '.join(written.lexicons)}" if written.lexicons else ""
    complain(f"{out}: {written.samples:,} samples{lexicons}")
    if written.renormalised:
        complain(f"{written.renormalised:,} labels brought to Unicode's normal form NFC")
    if written.left_out:
        total = written.samples + len(written.left_out)
        complain(f"{len(written.left_out):,} of {total:,} samples left out, all of them named in {out / LEFT_OUT}:")
        for _, key, reason in written.left_out[:3]:
            complain(f"  {key}: {reason}")
