"""`seqrec train`: fit a network and say how it goes."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqrec.cli.console import Device, Threads, complain, console, use_threads
from seqrec.errors import RecipeError, RunError, SeqrecError, nearest
from seqrec.memory import keep_freed_memory
from seqrec.model_file import find_model, read_card, require_torch
from seqrec.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from seqrec.plugins import Registry
    from seqrec.rows import Row
    from seqrec.task import Task
    from seqrec.training import Progress, Validation
    from seqrec.training.fit import Event
    from seqrec.training.training import Training

CORE_RECIPES = Path(__file__).parent.parent / "recipes"
DEFAULT_RECIPE = "fast"


def train(
    task: Annotated[str, typer.Option("--task", help="The task, as `seqrec plugins list` names it.", show_default=False)] = "",
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            help="A recipe of the task or the core by name, or a TOML file. Without it and with --init, the layers and the size "
            "of pictures are those of the model.",
            show_default=DEFAULT_RECIPE,
        ),
    ] = "",
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", metavar="PATH[=WEIGHT]", help="A labelled data set to mix in; may be repeated.", show_default=False
        ),
    ] = None,
    val: Annotated[
        list[Path] | None,
        typer.Option("--val", help="A labelled data set to validate on, instead of held-out renderings.", show_default=False),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the recipe; may be repeated.", show_default=False),
    ] = None,
    steps: Annotated[
        int, typer.Option("--steps", help="Length of the run in steps, a total also when resuming.", min=0, show_default=False)
    ] = 0,
    minutes: Annotated[
        float,
        typer.Option("--minutes", help="Length of the run in minutes, a total also when resuming.", min=0, show_default=False),
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The run folder; `runs/TASK-RECIPE` by default.", show_default=False)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that lies in the run folder.")] = False,
    init: Annotated[
        str,
        typer.Option(
            "--init",
            help="Start from the weights of a model file or run, of the task's `pretrained` reader, or of another task's, by its "
            "name.",
            show_default=False,
        ),
    ] = "",
    device: Device = "auto",
    devices: Annotated[
        int, typer.Option("--devices", help="Processes on this machine; torchrun sets it.", min=0, show_default=False)
    ] = 0,
    nodes: Annotated[int, typer.Option("--nodes", help="Machines.", min=1)] = 1,
    threads: Threads = 0,
) -> None:
    """Train a reader.

    Pictures come from the task's renderer, from labelled data sets, or from a mixture of both. The run folder holds the best
    weights, what `--resume` needs, the metrics and a report.

    Example: `seqrec train --task scene-text --recipe quick --minutes 5 -o runs/first`
    """
    require_torch()
    use_threads(threads)
    keep_freed_memory()
    import dataclasses

    from seqrec.plugins import registry
    from seqrec.training import begin
    from seqrec.training.material import weighted
    from seqrec.training.run_folder import RunFolder

    plugins = registry()
    start: Path | None = None
    if resume:
        if out is None:
            raise RunError("--resume needs the run folder: -o RUN")
        chosen = RunFolder(out).recipe()
        if task and task != chosen.task:
            raise RunError(f"the run in '{out}' is of task '{chosen.task}', not '{task}'")
        named = chosen.task
    else:
        if not task:
            raise SeqrecError("say what to train: --task T, as `seqrec plugins list` names it")
        named = recipe or DEFAULT_RECIPE
        chosen = dataclasses.replace(chosen_recipe(plugins.task(task), named), task=task)
        start = _init_path(init, plugins, task)
        if start and not recipe:
            chosen = chosen.with_layers_of(read_card(find_model(start)).recipe)
    chosen = with_length(chosen.with_settings(settings or []), steps, minutes)
    folder = out or Path("runs") / f"{task.rpartition(':')[2]}-{Path(named).stem}"
    training = begin(
        chosen,
        folder,
        plugins,
        data=[weighted(text) for text in data or []],
        validation=val or [],
        resume=resume,
        init=start,
        device=device,
        devices=devices,
        nodes=nodes,
    )
    reason = follow(training)
    training.part()
    if training.fabric.is_global_zero and reason == "interrupted":
        complain(f"stopped and saved; go on with: seqrec train --task {chosen.task} -o {folder} --resume")
        raise typer.Exit(130)


def chosen_recipe(task: "Task", name: str) -> Recipe:
    """A recipe by name, the task's before the core's, or from a TOML file.

    Raises:
        RecipeError: No such recipe.
    """
    path = Path(name)
    if path.suffix == ".toml":
        return load_recipe(path)
    files = {file.stem: file for file in sorted(CORE_RECIPES.glob("*.toml"))} | dict(task.recipes)
    if name not in files:
        raise RecipeError(f"task '{task.name}' has no recipe '{name}'{nearest(name, list(files))}; or give a TOML file")
    return load_recipe(files[name])


def with_length(recipe: Recipe, steps: int, minutes: float) -> Recipe:
    """The recipe with another length, where one is given.

    Raises:
        RecipeError: Both were given.
    """
    if steps and minutes:
        raise RecipeError("a run has one length: give --steps or --minutes, not both")
    if steps:
        return recipe.with_settings([f"train.steps={steps}", "train.minutes=0.0"])
    if minutes:
        return recipe.with_settings(["train.steps=0", f"train.minutes={minutes}"])
    return recipe


def _init_path(init: str, plugins: "Registry", task: str) -> Path | None:
    """The model that `--init` means: a path; or `pretrained`, the task's own reader; or another task, whose reader it is then."""
    if init != "pretrained" and (Path(init).exists() or init not in plugins.tasks.names()):
        return Path(init) if init else None
    named = task if init == "pretrained" else init
    weights = plugins.task(named).weights
    if weights is None or not weights.is_file():
        raise SeqrecError(f"--init {init}: task '{named}' ships no reader; give a model file or run folder")
    return weights


def follow(training: "Training") -> str:
    """Run `fit` with a progress bar, write the report, and return the reason of the end."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from seqrec.report import write_run_report
    from seqrec.training import Stopped, Validation, fit

    shown = console()
    first = training.fabric.is_global_zero
    if first:
        introduce(training)
    rows: list[Row] = []
    reason = "finished"
    share = TextColumn("{task.percentage:>3.0f} %")
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=16), share, TimeElapsedColumn())
    writer = tensorboard(training)
    with training.stream, Bar(*columns, console=shown, disable=not first) as bar:
        line = bar.add_task("drawing the first pictures", total=1.0)
        say = bar.console.print if shown.is_terminal else complain
        for event in fit(training):
            if isinstance(event, Stopped):
                reason = event.reason
            elif isinstance(event, Validation):
                rows = event.rows or rows
                if first:
                    say(validation_line(event))
            elif first:
                bar.update(line, completed=event.done, description=progress_line(event))
                if event.hint:
                    say(f"hint: {event.hint}")
                if not shown.is_terminal and event.step % 200 == 0:
                    say(progress_line(event))
            writer(event)
    if first:
        rows = rows or training.validate()[1]  # a session too short for a validation has readings in its report all the same
        metrics = list(training.run.metrics())
        page = write_run_report(training.run.path, training.recipe.to_toml(), metrics, rows)
        for skip in skipped_lines(training):
            complain(skip)
        complain(f"{reason} after {training.step:,} steps, {training.pictures:,} pictures, {training.seconds / 60:.1f} minutes")
        complain(f"weights: {training.run.model_file}   report: {page}")
    return reason


def introduce(training: "Training") -> None:
    """What is trained, and on what."""
    import torch

    recipe, fabric = training.recipe, training.fabric
    parameters = sum(parameter.numel() for parameter in training.bare.parameters())
    parts = f"{recipe.backbone.name} + {recipe.sequence.name} + {recipe.transcription.name}"
    where = f"{fabric.device} × {fabric.world_size}, {torch.get_num_threads()} threads, {recipe.train.precision}"
    complain(f"{recipe.task}: {parts}, {parameters / 1e6:.1f} M parameters, {len(training.alphabet)} symbols; {where}")
    for message in training.messages:
        complain(message)


def progress_line(event: "Progress") -> str:
    """One line of progress: loss in nats a symbol, share of frames read as blank, share of time spent waiting for pictures."""
    return (
        f"step {event.step:,} · loss {event.loss:.3f} · {event.images_per_s:.0f} images/s · "
        f"blanks {event.blank_share:.0%} · waiting {event.data_share:.0%}"
    )


def validation_line(event: "Validation") -> str:
    """One line of validation."""
    mark = "  (kept)" if event.kept else ""
    return (
        f"{event.minutes:6.1f} min, step {event.step:,}: {event.sequence_accuracy:.1%} of held-out pictures read right, "
        f"symbol error rate {event.symbol_error_rate:.1%}{mark}"
    )


def skipped_lines(training: "Training") -> list[str]:
    """What was left out of training, counted and named."""
    stream = training.stream
    if not stream.skipped:
        return []
    named = "; ".join(f"'{skip.key}': {skip.reason}" for skip in list(stream.skips.values())[:3])
    return [f"{stream.skipped} samples skipped ({len(stream.skips)} different): {named}"]


def tensorboard(training: "Training") -> "Callable[[Event], None]":
    """A function that writes events to TensorBoard where it is installed, else does nothing."""
    import dataclasses
    import importlib.util

    if importlib.util.find_spec("tensorboard") is None or not training.fabric.is_global_zero:
        return lambda event: None
    from torch.utils.tensorboard import SummaryWriter

    board = SummaryWriter(str(training.run.path / "tensorboard"))

    def write(event: "Event") -> None:
        for field in dataclasses.fields(event):
            value = getattr(event, field.name)
            if isinstance(value, float):
                board.add_scalar(f"{type(event).__name__.lower()}/{field.name}", value, event.step)

    return write
