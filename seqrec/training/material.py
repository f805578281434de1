"""What a run learns from and is validated on."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from seqrec.alphabet import Alphabet
from seqrec.data.audit import audit
from seqrec.data.readers import open_dataset
from seqrec.data.sharded import ShardedSource
from seqrec.data.sources import Mixture, RenderedSource, Source, StoredSource
from seqrec.data.stream import Example, Preparation, Skip
from seqrec.errors import DataError
from seqrec.interfaces import Renderer
from seqrec.network import Network
from seqrec.notation import Notation
from seqrec.pictures import fitted_width
from seqrec.plugins import Registry
from seqrec.recipe import Recipe
from seqrec.task import Task

_HELD_OUT_SEED = 1_000_003  # added to the run's: held-out pictures are drawn by other random numbers


@dataclass(frozen=True)
class Material:
    """Pictures of a run.

    Attributes:
        preparation: Stream index → training example.
        validation: Examples to validate on.
        messages: What the user should know of samples that cannot be used.
    """

    preparation: Preparation
    validation: list[Example]
    messages: list[str]


def gather(
    recipe: Recipe,
    task: Task,
    alphabet: Alphabet,
    network: Network,
    plugins: Registry,
) -> Material:
    """The task's renderer and the recipe's data sets as one mixture; samples that cannot be used are found here.

    Raises:
        DataError: A data set is missing or holds nothing that can be used, or there is nothing to train or validate on.
        RecipeError: A renderer option that the renderer does not have.
    """
    readers = [reader for _, reader in plugins.dataset_readers]
    renderer = task.renderer.configured(alphabet, recipe.renderer) if task.renderer else None
    size, backbone, needed = recipe.picture, network.backbone, network.transcription.frames_needed
    step = backbone.width_step_px
    before, notation = task.preparation_named(size.prepare), task.notation_of(alphabet)
    frames = backbone.frame_lengths(torch.arange(size.max_width_px + 1)).clamp(min=0).numpy().astype(np.int64)

    def frames_for(width: int, height: int) -> int:
        along, across = (height, width) if task.direction == "downwards" else (width, height)
        fitted = fitted_width(along, across, size.height_px, size.min_width_px, step, size.width_px)
        return int(frames[min(fitted, size.max_width_px)])

    sources: list[Source] = []
    weights: list[float] = []
    messages: list[str] = []
    held_out: list[tuple[str, Source, int]] = []
    if renderer and recipe.data.render_weight > 0:
        sources.append(RenderedSource(renderer, recipe.train.seed, recipe.data.curriculum))
        weights.append(recipe.data.render_weight)
    for path, weight in map(weighted, recipe.data.sets):
        store = open_dataset(path, readers)
        if notation:
            notation.check_written()
        shards = getattr(store, "shards", ())
        if shards:  # too many to be looked at before: what cannot be used is found when it is drawn
            messages.append(f"{path}: {len(store):,} samples in {len(shards):,} shards")
            sources.append(ShardedSource(shards, recipe.train.seed, notation))
            weights.append(weight)
            continue
        found = audit(
            store, notation.meaning if notation else alphabet, None if before else frames_for, frames_needed=needed
        )  # what is prepared is measured when it is
        messages += [f"{path}: {line}" for line in found.summary()]
        if not len(found.usable):
            raise DataError(f"{path}: none of its {len(store)} samples can be used: {found.summary()[0]}")
        usable = found.usable.tolist()
        if renderer is None and not recipe.data.validation:
            usable, apart = _kept_and_held_out(usable, recipe)
            held_out.append((f"held-out pictures of {path}", StoredSource(store, apart, 0, notation), len(apart)))
            messages.append(f"{path}: {len(apart)} of its pictures are kept out of training to validate on; --val names others")
        sources.append(StoredSource(store, usable, recipe.train.seed, notation))
        weights.append(weight)
    if not sources:
        raise DataError(f"nothing to train on: task '{task.name}' draws no pictures and no --data is given")
    mixture = sources[0] if len(sources) == 1 else Mixture(sources, weights, recipe.train.seed)
    preparation = Preparation(mixture, alphabet, size, frames, step, before, task.direction, needed)
    examples: list[Example] = []
    for name, source, count in held_out or _validation_sources(recipe, renderer, plugins, notation):
        prepared = dataclasses.replace(preparation, source=source).pieces(0, count)
        skipped = [item for item in prepared if isinstance(item, Skip)]
        if skipped:
            first = skipped[0]
            messages.append(f"{name}: {len(skipped)} of {count} validation samples skipped: '{first.key}': {first.reason}")
        examples += [item for item in prepared if isinstance(item, Example)]
    if not examples:
        raise DataError(f"no validation sample can be used; {messages[-1]}")
    numbered = [dataclasses.replace(example, key=f"{place}: {example.key}") for place, example in enumerate(examples)]
    return Material(preparation, numbered, messages)


def _kept_and_held_out(usable: list[int], recipe: Recipe) -> tuple[list[int], list[int]]:
    """Samples of a data set to learn from and, a tenth of them and at most `data.held_out`, to validate on; by chance, by seed.

    Raises:
        DataError: There is only one.
    """
    if len(usable) < 2:
        raise DataError("nothing to validate on: there is one sample and no renderer; give a labelled data set with --val")
    count = max(1, min(recipe.data.held_out, len(usable) // 10))
    mixed = np.random.default_rng(recipe.train.seed).permutation(len(usable))
    return [usable[place] for place in sorted(mixed[count:])], [usable[place] for place in sorted(mixed[:count])]


def weighted(text: str) -> tuple[Path, float]:
    """Path and weight of `PATH` (weight 1) or `PATH=WEIGHT`.

    Raises:
        DataError: The weight is no number above 0.
    """
    path, found, weight = text.rpartition("=")
    if not found or Path(text).exists():
        return Path(text), 1.0
    try:
        value = float(weight)
    except ValueError:
        raise DataError(f"data set '{text}': '{weight}' is no number; write PATH or PATH=WEIGHT, as in words=0.5") from None
    if not 0 < value < float("inf"):
        raise DataError(f"data set '{text}': a weight is above 0; leave the data set out instead")
    return Path(path), value


def _validation_sources(
    recipe: Recipe, renderer: Renderer | None, plugins: Registry, notation: Notation | None
) -> list[tuple[str, Source, int]]:
    """Name, source and number of samples of each set to validate on; held-out renderings where none is given."""
    if recipe.data.validation:
        readers = [reader for _, reader in plugins.dataset_readers]
        stores = [(name, open_dataset(name, readers)) for name in recipe.data.validation]
        return [(name, StoredSource(store, range(len(store)), 0, notation), len(store)) for name, store in stores]
    assert renderer is not None  # else samples of the data sets were kept out
    source = RenderedSource(renderer.held_out(), recipe.train.seed + _HELD_OUT_SEED)
    return [("held-out renderings", source, recipe.data.held_out)]
