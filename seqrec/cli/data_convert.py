"""`seqrec data convert`: any format that a reader knows, as an LMDB set."""

from collections.abc import Mapping
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
    from seqrec.data.convert import LEFT_OUT, inner_lexicon, write_samples
    from seqrec.data.tar_store import write_index, write_tar
    from seqrec.files import write_whole

    if shards > len(store):
        raise SeqrecError(f"--shards {shards}: there are only {len(store):,} samples; write fewer shards")
    rank, world = process_place()
    parts = np.array_split(np.arange(len(store)), shards)
    lexicons = lexicons_of(store, source)
    inside = inner_lexicon(lexicons, np.arange(len(store)))  # the same in every shard
    left_out: list[tuple[int, str, str]] = []
    counts: dict[int, int] = {}
    for number in range(rank, shards, world):
        name = f"shard-{number:03d}"
        if form == "lmdb":
            left_out += write_samples(store, out / name, parts[number].tolist(), lexicons, inside=inside).left_out
            continue
        readable, lost = _readable(store, parts[number].tolist())
        counts[number] = write_tar(out / f"{name}.tar", readable, partial(_tar_sample, store, lexicons))
        if lost:
            write_whole(out / f"{name}.{LEFT_OUT}", "".join(f"{place}\t{key}\t{reason}\n" for place, key, reason in lost))
        left_out += lost
    if form == "tar" and rank == 0:
        for number in set(range(shards)) - set(counts):  # written by other processes
            counts[number] = len(_readable(store, parts[number].tolist())[0])
        write_index(out, {f"shard-{number:03d}.tar": counts[number] for number in range(shards)})
    carried = f", with lexicons {', '.join(lexicons)}" if lexicons else ""
    complain(f"{out}: {len(store) - len(left_out) if world == 1 else len(store):,} samples in {shards} shards{carried}")
    if left_out:
        files = out / f"shard-*{'/' if form == 'lmdb' else '.'}{LEFT_OUT}"
        complain(f"{len(left_out):,} of {len(store):,} samples left out, all of them named in {files}:")
        for _, key, reason in left_out[:3]:
            complain(f"  {key}: {reason}")
        raise typer.Exit(1)


def _readable(store: "Store", indices: list[int]) -> tuple[list[int], list[tuple[int, str, str]]]:
    """Those of some samples whose pictures have a header that can be read; place, key and reason of each of the others."""
    from seqrec.pictures import picture_size

    found, lost = [], []
    for index in indices:
        try:
            picture_size(store.encoded(index), store.key(index))
            store.label(index)
        except SeqrecError as error:
            lost.append((index, " ".join(store.key(index).split()), " ".join(str(error).split())))
            continue
        found.append(index)
    return found, lost


def _tar_sample(store: "Store", lexicons: "Mapping[str, OwnLexicon]", index: int) -> tuple[bytes, str, str, dict[str, list[str]]]:
    import unicodedata

    from seqrec.pictures import picture_kind

    encoded = store.encoded(index)
    kind = picture_kind(encoded).partition(" ")[0].lower()
    ending = {"jpeg": ".jpg", "mpo": ".jpg", "tiff": ".tif", "jpeg2000": ".jp2", "ppm": ".ppm"}.get(kind, f".{kind or 'png'}")
    own = {name: words for name, lexicon in lexicons.items() if (words := lexicon(index))}
    return encoded, ending, unicodedata.normalize("NFC", store.label(index)), own


def process_place() -> tuple[int, int]:
    """Rank and number of the processes that torchrun started; 0 and 1 without it."""
    import os

    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
