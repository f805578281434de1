"""`seqrec data convert`: any format that a reader knows, as an LMDB set."""

from pathlib import Path
from typing import Annotated

import typer

from seqrec.cli.console import complain
from seqrec.cli.data_sets import Out


def convert(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A data set in any format that a reader knows.", show_default=False)
    ],
    out: Out,
    format: Annotated[
        str, typer.Option("--format", "--data-format", help="Its format, where it is not found by itself.", show_default=False)
    ] = "",
    crop: Annotated[
        str,
        typer.Option(
            "--crop",
            help="How to cut words out of whole scenes: `box`, the rectangle around a word, or `upright`, its quadrilateral "
            "warped to a rectangle.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Write a data set as LMDB: the pictures' own bytes, labels in NFC, sizes, names and lexicons.

    A conversion that was cut off is gone on with by the same command. Pictures that cannot be read are left out and named, and
    the exit code is 1.

    Example: `seqrec data convert photographs/ -o photographs.lmdb`
    """
    from seqrec.cli.data_sets import opened, tell, write
    from seqrec.data.scenes import SceneStore, with_cut

    store = opened(source, format)
    if crop:
        store = with_cut(store, crop)
    if isinstance(store, SceneStore) and store.left_out:
        key, reason = store.left_out[0]
        complain(f"{len(store.left_out):,} regions have no label, as '{key}': {reason}; they are not among the samples")
    written = write(store, Path(source), out)
    tell(written, out)
    if written.left_out:
        raise typer.Exit(1)
