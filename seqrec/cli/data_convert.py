"""`seqrec data convert`: any format that a reader knows, as an LMDB set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import complain
from seqrec.cli.data_sets import Out
from seqrec.errors import SeqrecError

if TYPE_CHECKING:
    from seqrec.data.lexicons import OwnLexicon
    from seqrec.interfaces import Store


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
    shards: Annotated[
        int, typer.Option("--shards", help="So many sets side by side in the folder, for sets larger than one machine.", min=1)
    ] = 1,
    form: Annotated[str, typer.Option("--as", help="What shards are: `lmdb`, or `tar` as WebDataset has them.")] = "lmdb",
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
    if form not in ("lmdb", "tar"):
        raise SeqrecError(f"--as {form}: expected lmdb or tar")
    if shards > 1 or form == "tar":
        _write_shards(store, Path(source), out, shards, form)
        return
    written = write(store, Path(source), out)
    tell(written, out)
    if written.left_out:
        raise typer.Exit(1)


def _write_shards(store: "Store", source: Path, out: Path, shards: int, form: str) -> None:
    """Neighbouring samples in one shard, shards of one size; of several processes that torchrun started each writes its own."""
    from functools import partial

    import numpy as np

    from seqrec.cli.data_sets import lexicons_of
    from seqrec.data.convert import write_samples
    from seqrec.data.tar_store import write_index, write_tar

    if shards > len(store):
        raise SeqrecError(f"--shards {shards}: there are only {len(store):,} samples; write fewer shards")
    rank, world = process_place()
    parts = np.array_split(np.arange(len(store)), shards)
    lexicons = lexicons_of(store, source)
    first = dict(list(lexicons.items())[:1])
    if len(lexicons) > 1:
        complain(f"of the lexicons {', '.join(lexicons)} shards carry the first alone")
    left_out = 0
    for number in range(rank, shards, world):
        name = f"shard-{number:03d}"
        if form == "lmdb":
            written = write_samples(store, out / name, parts[number].tolist(), first)
            left_out += len(written.left_out)
        else:
            readable, lost = _readable(store, parts[number].tolist())
            left_out += lost
            write_tar(out / f"{name}.tar", readable, partial(_tar_sample, store, next(iter(first.values()), None)))
    if form == "tar" and rank == 0:
        files = [out / f"shard-{number:03d}.tar" for number in range(shards)]
        counts = {file.name: len(_readable(store, part.tolist())[0]) for file, part in zip(files, parts, strict=True)}
        write_index(out, counts)
    complain(f"{out}: {len(store) - left_out if world == 1 else len(store):,} samples in {shards} shards")
    if left_out:
        complain(f"{left_out:,} samples were left out: their pictures cannot be read; seqrec data audit names them")
        raise typer.Exit(1)


def _readable(store: "Store", indices: list[int]) -> tuple[list[int], int]:
    """Those of some samples whose pictures have a header that can be read, and how many have none."""
    from seqrec.pictures import picture_size

    found = []
    for index in indices:
        try:
            picture_size(store.encoded(index), store.key(index))
            store.label(index)
        except SeqrecError:
            continue
        found.append(index)
    return found, len(indices) - len(found)


def _tar_sample(store: "Store", lexicon: "OwnLexicon | None", index: int) -> tuple[bytes, str, str, list[str] | None]:
    import unicodedata

    from seqrec.pictures import picture_kind

    encoded = store.encoded(index)
    kind = picture_kind(encoded).partition(" ")[0].lower()
    ending = {"jpeg": ".jpg", "mpo": ".jpg", "tiff": ".tif", "jpeg2000": ".jp2", "ppm": ".ppm"}.get(kind, f".{kind or 'png'}")
    return encoded, ending, unicodedata.normalize("NFC", store.label(index)), lexicon(index) if lexicon else None


def process_place() -> tuple[int, int]:
    """Rank and number of the processes that torchrun started; 0 and 1 without it."""
    import os

    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
