"""`seqrec export`: a reader as an ONNX file."""

from pathlib import Path
from typing import Annotated

import typer

from seqrec.cli.console import ModelPath, TaskName, chosen_reader, complain
from seqrec.errors import SeqrecError

PICTURES = 300
"""To which int8 is fitted."""


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, as `model.onnx`.", show_default=False)],
    task: TaskName = "",
    model: ModelPath = None,
    int8: Annotated[bool, typer.Option("--int8", help="Convolutions in int8: faster on CPUs, readings change a little.")] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="With `--int8`: fit it to pictures of your own, a data set, instead of held-out renderings.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a reader as an ONNX file, which is read without torch: `seqrec recognize --model model.onnx`.

    Any number of pictures of any width; alphabet, recipe, preprocessing and temperature are in its metadata.

    Example: `seqrec export --task scene-text -o model.onnx`
    """
    if out.suffix != ".onnx":
        raise SeqrecError(f"-o {out}: expected a file that ends in .onnx")
    if data is not None and not int8:
        raise SeqrecError("--data is for --int8, which has to be fitted to pictures; leave it out, or say --int8 as well")
    from seqrec.calibration import held_out_renderings
    from seqrec.data.readers import open_dataset
    from seqrec.export import export as write
    from seqrec.plugins import registry

    reader = chosen_reader(task, model, "", "cpu", 0)
    pictures = None
    if int8:
        offered = [one for _, one in registry().dataset_readers]
        store = open_dataset(data, offered, None) if data is not None else held_out_renderings(reader, PICTURES)
        places = range(0, len(store), -(-len(store) // PICTURES))  # spread over a large set
        pictures = (store.encoded(place) for place in places)
    write(reader, out, pictures)
    complain(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
