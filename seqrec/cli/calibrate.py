"""`seqrec calibrate`: make confidences mean what they say."""

from pathlib import Path
from typing import Annotated

import typer

from seqrec.cli.console import Device, ModelPath, TaskName, Threads, chosen_reader, complain, console, results_console
from seqrec.errors import SeqrecError


def calibrate(
    task: TaskName = "",
    model: ModelPath = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Labelled pictures of your own, instead of fresh held-out renderings.", show_default=False),
    ] = None,
    count: Annotated[int, typer.Option("--count", help="How many pictures to draw.", min=100)] = 4000,
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Fit the temperature of a reader's confidences and store it in the model file. Readings do not change.

    With `--task` the temperature of the shipped reader is only printed: it belongs to the plugin.

    Example: `seqrec calibrate --model runs/plates --data labelled/`
    """
    from seqrec.calibration import calibrate as fitted
    from seqrec.calibration import held_out_renderings
    from seqrec.data.readers import open_dataset
    from seqrec.model_file import find_model, store_temperature
    from seqrec.plugins import registry

    if model is not None and model.suffix == ".onnx":
        raise SeqrecError(f"--model {model}: an exported reader keeps its temperature; calibrate its model file and export that")
    reader = chosen_reader(task, model, "", device, threads)
    if data is not None:
        store = open_dataset(data, [offered for _, offered in registry().dataset_readers], None)
    else:
        store = held_out_renderings(reader, count)
    with console().status("reading"):
        found = fitted(reader, store, str(data) if data else "held-out renderings")
    results_console().print(str(found), markup=False)
    if model is None:
        complain("the shipped reader is left as it is")
        return
    file = find_model(model)
    store_temperature(file, round(found.temperature, 3))
    complain(f"{file}: temperature {found.temperature:.3f}")
