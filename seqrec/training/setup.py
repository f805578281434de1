"""Assembling a run: data, network, optimiser and Fabric, fresh or from where an earlier one stopped."""

import dataclasses
import logging
import os
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import torch
from lightning_fabric import Fabric

from seqrec.alphabet import Alphabet
from seqrec.data.stream import Stream
from seqrec.engines.torch_engine import chosen_device
from seqrec.errors import RecipeError
from seqrec.model_file import ModelCard, find_model, read_card, read_weights
from seqrec.network import Network, build_network
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.task import Task
from seqrec.training.average import Average
from seqrec.training.material import gather
from seqrec.training.run_folder import RunFolder
from seqrec.training.training import Training

_NAMED = 20  # new symbols named when a run starts from other weights


def begin(
    recipe: Recipe,
    folder: Path,
    plugins: Registry,
    *,
    data: Sequence[tuple[Path, float]] = (),
    validation: Sequence[Path] = (),
    resume: bool = False,
    init: Path | None = None,
    device: str = "auto",
    devices: int = 0,
    nodes: int = 1,
) -> Training:
    """A run that is ready for `seqrec.training.fit`.

    Args:
        recipe: What to train; with `resume` the run's own, which may have a new length.
        folder: The run folder.
        plugins: Tasks and parts.
        data: Data sets with weights, beside the task's renderer, instead of the recipe's `data.sets`.
        validation: Data sets to validate on, instead of the recipe's `data.validation`.
        resume: Go on with the run that lies in the folder.
        init: A model file or run folder whose weights to start from; head rows are copied by symbol.
        device: `auto`, `cpu` or `cuda`.
        devices: Processes on this machine, 0 for what torchrun says, else 1.
        nodes: Machines.

    Raises:
        SeqrecError: Whatever is wrong with recipe, data, plugin or folder, before anything is trained.
    """
    began = time.perf_counter()
    recipe = _with_data(recipe, data, validation)
    if init:
        recipe = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, curriculum=0))
    recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, precision=resolved_precision(recipe, device)))
    task = plugins.task(recipe.task)
    alphabet = task.alphabet_named(recipe.alphabet)
    fabric = _fabric(recipe, device, devices, nodes)
    torch.manual_seed(recipe.train.seed)
    network = build_network(recipe, alphabet, plugins)
    _try_loss(network)
    messages = _adopt(network, alphabet, init) if init else []
    run = RunFolder(folder)
    if not resume:
        run.refuse_if_used()
    material = gather(recipe, task, alphabet, network, plugins)
    if fabric.is_global_zero and not resume:
        run.begin(recipe)
    stream = Stream(
        material.preparation,
        recipe.data,
        recipe.train.batch_size,
        recipe.train.seed,
        rank=fabric.global_rank,
        world=fabric.world_size,
        workers=drawing_workers(recipe.data.workers, fabric.world_size // nodes),
    )
    network.to(memory_format=torch.channels_last)
    optimizer = _optimizer(network, recipe)
    average = Average(network, recipe.train.ema_decay) if recipe.train.ema_decay else None
    wrapped, wrapped_optimizer = fabric.setup(network, optimizer)
    if average:
        average.network.to(fabric.device)
    training = Training(
        recipe,
        alphabet,
        card_of(recipe, task, alphabet, plugins),
        run,
        fabric,
        wrapped,
        network,
        wrapped_optimizer,
        average,
        stream,
        material.validation,
        messages=[*messages, *material.messages],
        adopted=init is not None,
        _since=began,
    )
    if resume:
        state = run.load_state()
        training.restore(state)
        if fabric.is_global_zero:
            run.recipe_file.write_text(recipe.to_toml(), encoding="utf-8")
            run.forget_after(training.step)
    return training


def _with_data(recipe: Recipe, data: Sequence[tuple[Path, float]], validation: Sequence[Path]) -> Recipe:
    """The recipe with these data sets in the place of its own, where any are given: a run remembers what it learns from."""
    changed = recipe.data
    if data:
        changed = dataclasses.replace(changed, sets=tuple(f"{path}={weight}" for path, weight in data))
    if validation:
        changed = dataclasses.replace(changed, validation=tuple(map(str, validation)))
    return dataclasses.replace(recipe, data=changed)


def _fabric(recipe: Recipe, device: str, devices: int, nodes: int) -> Fabric:
    """Fabric for one process, or for those that torchrun started."""
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", devices or 1))
    where = chosen_device(device)
    if where.type not in ("cpu", "cuda", "mps"):
        raise RecipeError(f"device '{device}' cannot be trained on; say cpu, cuda or cuda:N, or leave it at auto")
    single = processes * nodes == 1
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces the precision; so do we
    fabric = Fabric(
        accelerator=where.type,
        devices=processes if where.index is None or not single else [where.index],
        num_nodes=nodes,
        strategy="auto" if single else "ddp",
        precision="bf16-mixed" if recipe.train.precision == "bfloat16" else "32-true",
    )
    fabric.launch()
    return fabric


def drawing_workers(asked: int, processes: int) -> int:
    """Processes that draw or read for one process of training: what the recipe says, else its share of this machine's cores.

    Args:
        asked: `data.workers`; below 0 for a share of the cores.
        processes: That train on this machine.
    """
    return asked if asked >= 0 else max(1, (os.cpu_count() or 1) // max(processes, 1))


def resolved_precision(recipe: Recipe, device: str) -> Literal["float32", "bfloat16"]:
    """What `auto` means on this device: `bfloat16` where it has instructions for it, else `float32`.

    On x86 CPUs these are avx512_bf16 and AMX: with them a training step takes about half the time, without them longer.
    """
    if recipe.train.precision != "auto":
        return recipe.train.precision
    if chosen_device(device).type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")  # torch has no public name for them
    fast = any(getattr(torch.cpu, probe, bool)() for probe in probes)
    return "bfloat16" if fast else "float32"


def _optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    train = recipe.train
    if train.optimizer == "adadelta":
        return torch.optim.Adadelta(network.parameters(), train.learning_rate, rho=train.adadelta_rho)
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": train.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, train.learning_rate, fused=True)


def _try_loss(network: Network) -> None:
    """Nothing, where the loss can be computed: what it needs may not be installed, as torchaudio for a transducer's.

    Raises:
        MissingExtraError: That is so.
    """
    target, one = torch.ones(1, 1, dtype=torch.int64), torch.ones(1, dtype=torch.int64)
    frames = torch.zeros(max(network.transcription.frames_needed([1]), 1), 1, network.sequence.features)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        network.transcription.loss(frames, one * len(frames), target, one)


def _adopt(network: Network, alphabet: Alphabet, init: Path) -> list[str]:
    """Start from another model's weights; the head's rows are copied by symbol.

    Returns:
        What to tell the user.

    Raises:
        RecipeError: The weights are of another architecture.
    """
    file = find_model(init)
    card = read_card(file)
    weights = read_weights(file)
    prefix = "transcription."
    head = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    body = {name: value for name, value in weights.items() if not name.startswith(prefix)}
    try:
        missing, unexpected = network.load_state_dict(body, strict=False)
        if unexpected or any(not name.startswith(prefix) for name in missing):
            raise RuntimeError(f"layers differ: {', '.join([*unexpected, *missing][:3])}")
        fresh = network.transcription.adopt(alphabet, head, card.alphabet)
    except (RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise RecipeError(
            f"--init {init}: its weights do not fit this recipe: {reason}; use the recipe it was trained with"
        ) from error
    if card.alphabet.symbols == alphabet.symbols:
        return [f"starting from {init}"]
    kept = len(alphabet) - len(fresh)
    more = f" and {len(fresh) - _NAMED:,} more" if len(fresh) > _NAMED else ""
    new = f"; new: {' '.join(fresh[:_NAMED])}{more}" if fresh else ""
    return [f"starting from {init}: {kept} of {len(alphabet)} symbols keep their head rows{new}"]


def card_of(recipe: Recipe, task: Task, alphabet: Alphabet, plugins: Registry) -> ModelCard:
    """What a model file of a task says before its weights have learnt anything."""
    owner = plugins.tasks.owner(task)
    versions: dict[str, str] = {"torch": torch.__version__}
    for name in dict.fromkeys(("seqrec", owner)):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "unknown"
    plugin = f"{owner} {versions[owner]}"
    return ModelCard(task.name, plugin, alphabet, recipe, task.turn_tall, versions, direction=task.direction)
