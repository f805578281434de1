"""`seqrec plugins new`: write a plugin for a new symbol set."""

from pathlib import Path
from typing import Annotated

import typer

from seqrec.cli.console import complain
from seqrec.errors import SeqrecError

_DIGITS = "0123456789"


def new(
    name: Annotated[str, typer.Argument(help="Of the distribution, as `my-symbols`.", show_default=False)],
    font: Annotated[
        list[Path] | None,
        typer.Option("--font", help="Draw practice pictures in this font; may be repeated.", show_default=False),
    ] = None,
    symbols: Annotated[
        str,
        typer.Option(
            "--symbols",
            help="The symbols to draw: as they stand (`0123456789`), code points (`U+2800-U+283F`), or a file of lines.",
            show_default=False,
        ),
    ] = "",
    glyphs: Annotated[
        Path | None,
        typer.Option(
            "--glyphs",
            help="Put practice pictures together from a folder with a picture of each symbol, `7.png`, or several, `7/a.png`.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Learn from this labelled data set alone; its labels say what the symbols are.", show_default=False
        ),
    ] = None,
    separator: Annotated[
        str,
        typer.Option(
            "--separator", help="What stands between the symbols of a label of --data, where one is longer than a character."
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder to write; ./NAME by default.", show_default=False)
    ] = None,
) -> None:
    """Write a plugin for a new symbol set: a distribution that installs, passes its own tests, and trains at once.

    Its practice pictures are drawn in fonts or put together from glyph pictures, or it learns from a labelled data set. With
    none of these it reads digits in a plain font, to be changed.

    Example: `seqrec plugins new my-runes --font runes.ttf --symbols U+16A0-U+16EA`
    """
    from seqrec.plugins import registry
    from seqrec.scaffold import from_data, from_fonts, from_glyphs, read_symbols, write_plugin
    from seqrec.scaffold.write import task_and_package

    if sum((bool(font), glyphs is not None, data is not None)) > 1:
        raise SeqrecError("a new plugin has one origin: give --font, --glyphs or --data")
    if symbols and (glyphs or data):
        raise SeqrecError("--symbols goes with --font; those of --glyphs and --data are named by their files and labels")
    if font and not symbols:
        raise SeqrecError("--font: say which symbols to draw: --symbols 0123456789, --symbols U+2800-U+283F, or a file of lines")
    if separator and not data:
        raise SeqrecError("--separator is about the labels of --data")
    task, package = task_and_package(name)
    found = registry()
    if task in found.tasks.names():
        owners = ", ".join(f"'{owner}'" for owner, offer in found.tasks if offer.name == task)
        raise SeqrecError(f"task '{task}' is there already, from {owners}; choose another name")
    if glyphs:
        source = from_glyphs(glyphs)
    elif data:
        from seqrec.data.readers import open_dataset

        source = from_data(data, open_dataset(data, [reader for _, reader in found.dataset_readers]), separator)
    else:
        source = from_fonts(font or [], read_symbols(symbols or _DIGITS))
    folder = out or Path(name)
    files = write_plugin(name, folder, source)
    complain(f"{folder}: {len(files)} files, a task of {len(source.symbols)} symbols in {package}/__init__.py")
    learnt = f" --data {data}" if data else ""
    for line in (
        f"pip install -e {folder}",
        f"pytest {folder}",
        f"seqrec train --task {task}{learnt} --minutes 10 -o runs/{task}",
    ):
        typer.echo(line)
