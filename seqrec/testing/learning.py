"""Learning by heart: a network that is right must be able to learn eight pictures without a single error, in seconds."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import SkipTest

from seqrec.alphabet import Alphabet
from seqrec.direction import Direction
from seqrec.errors import MissingExtraError
from seqrec.interfaces import Prepare, Sample
from seqrec.recipe import PictureRecipe, Recipe
from seqrec.testing.promise import CheckError, require

if TYPE_CHECKING:
    from seqrec.batch import Batch
    from seqrec.data.stream import Example
    from seqrec.network import Network
    from seqrec.plugins import Registry

PICTURES = 8
SMALL = (
    "backbone.name=fast",
    "backbone.channels=[16, 24, 32, 48, 64, 64, 96]",
    "sequence.name=bilstm",
    "sequence.hidden=64",
    "sequence.layers=1",
    "transcription.name=ctc",
)
"""Settings of a network that learns eight pictures on a CPU in seconds."""

_STEPS = 1600
_CALM_AFTER = 400  # steps, whereafter the rate falls, for those that have come near and leap about
_LOOK_EVERY = 20
_WARMUP = 20
_RATE = 3e-3
_ONNX_TOLERANCE = 2e-3  # sums in another order


def core_parts() -> "Registry":
    """The parts of the core and nothing of what is installed."""
    from seqrec import builtin
    from seqrec.plugins import build_registry

    return build_registry([("seqrec", "", lambda: builtin)])


def small_network(alphabet: Alphabet, recipe: Recipe) -> "Network":
    """A network of the core's own parts for an alphabet, with the weights of seed 1."""
    import torch

    from seqrec.network import build_network

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return build_network(recipe.with_settings(SMALL), alphabet, core_parts())


def learn_by_heart(
    network: "Network",
    alphabet: Alphabet,
    picture: PictureRecipe,
    samples: Sequence[Sample],
    before: Prepare | None = None,
    direction: Direction = "rightwards",
) -> None:
    """Nothing, if a network comes to read the eight narrowest of some pictures without error.

    Args:
        network: Is trained.
        alphabet: Of its head.
        picture: How pictures are scaled.
        samples: Eight or more, if there are so many; where boxes are given they guide it.
        before: What the task does to a picture before it is scaled, or None.
        direction: Which way the task's lines run.

    Raises:
        CheckError: Too few frames for every sample, or errors are left after 1,600 steps.
    """
    import torch

    examples = _examples(network, alphabet, picture, samples, before, direction)
    batch = _batch(examples)
    images, widths, targets, lengths, centres = (
        torch.from_numpy(array) for array in (batch.images, batch.widths, batch.targets, batch.target_lengths, batch.centres)
    )
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.0)
    expected = [alphabet.decode(example.target) for example in examples]
    right = 0
    for step in range(1, _STEPS + 1):
        network.train()
        for group in optimizer.param_groups:
            group["lr"] = _RATE * min(1.0, step / _WARMUP, _CALM_AFTER / step)
        loss, guidance = network(images, widths, targets, lengths, batch.padded, centres)
        optimizer.zero_grad()
        (loss + guidance).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        if step % _LOOK_EVERY == 0:
            found = _read(network, alphabet, picture, examples)
            right = sum(one == other for one, other in zip(found, expected, strict=True))
            if right == len(examples):
                return
    raise CheckError(
        f"after {_STEPS} steps it reads {right} of {len(examples)} pictures right; the loss is {float(loss.detach()):.3f}"
    )


def saved_and_loaded(
    network: "Network",
    alphabet: Alphabet,
    recipe: Recipe,
    samples: Sequence[Sample],
    before: Prepare | None = None,
    direction: Direction = "rightwards",
) -> None:
    """Nothing, if a network of the core's parts gives exactly the same from its model file.

    Raises:
        CheckError: Alphabet, recipe or log-probabilities are others.
    """
    import numpy as np

    from seqrec.engines.torch_engine import TorchEngine, load_engine
    from seqrec.model_file import ModelCard, read_card, save_model

    batch = _batch(_examples(network, alphabet, recipe.picture, samples, before, direction))
    unsaved = TorchEngine(network, alphabet, "cpu").run(batch.images, batch.widths)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.safetensors"
        save_model(file, network.state_dict(), ModelCard(recipe.task, "", alphabet, recipe))
        card = read_card(file)
        require(card.alphabet == alphabet and card.recipe == recipe, "its model file gives back another alphabet or recipe")
        loaded = load_engine(file, card, core_parts(), "cpu").run(batch.images, batch.widths)
    same = np.array_equal(unsaved[0], loaded[0]) and np.array_equal(unsaved[1], loaded[1])
    require(same, "from its model file it gives other log-probabilities")


def exported(
    network: "Network",
    alphabet: Alphabet,
    recipe: Recipe,
    samples: Sequence[Sample],
    before: Prepare | None = None,
    direction: Direction = "rightwards",
) -> None:
    """Nothing, if a network of the core's parts gives the same as ONNX, but for rounding.

    Raises:
        CheckError: Log-probabilities or frame lengths are others.
        unittest.SkipTest: What export needs is not installed.
    """
    import importlib

    import numpy as np

    from seqrec.engines.torch_engine import TorchEngine
    from seqrec.model_file import ModelCard
    from seqrec.recognizer import Recognizer, load

    batch = _batch(_examples(network, alphabet, recipe.picture, samples, before, direction))
    recipe = replace(recipe, picture=replace(recipe.picture, prepare=""))  # what is compared is prepared already
    engine = TorchEngine(network, alphabet, "cpu")
    reader = Recognizer(engine, recipe.picture, alphabet, card=ModelCard(recipe.task, "", alphabet, recipe))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        try:
            importlib.import_module("seqrec.export").export(reader, file)
            log_probs, lengths = load(file, device="cpu", plugins=core_parts()).engine.run(batch.images, batch.widths)
        except MissingExtraError as error:
            raise SkipTest(str(error)) from error
    expected, frames = engine.run(batch.images, batch.widths)
    require(np.array_equal(lengths, frames), f"as ONNX it gives {lengths.tolist()} frames; expected {frames.tolist()}")
    for row, length in enumerate(frames):
        apart = float(np.abs(log_probs[:length, row] - expected[:length, row]).max())
        require(apart <= _ONNX_TOLERANCE, f"as ONNX its log-probabilities differ by up to {apart:.2g}")


def _examples(
    network: "Network",
    alphabet: Alphabet,
    picture: PictureRecipe,
    samples: Sequence[Sample],
    before: Prepare | None,
    direction: Direction,
) -> "list[Example]":
    """The eight narrowest of those samples that have frames enough, scaled."""
    import torch

    from seqrec.data.sources import RenderedSource
    from seqrec.data.stream import Example, Preparation
    from seqrec.testing.bars import BarRenderer

    frames = network.backbone.frame_lengths(torch.arange(picture.max_width_px + 1)).clamp(min=0).numpy()
    unused = RenderedSource(BarRenderer(), 0)  # its own samples are not asked for
    step, needed = network.backbone.width_step_px, network.transcription.frames_needed
    preparation = Preparation(unused, alphabet, picture, frames, step, before, direction, needed)
    found = [example for example in map(preparation.example, samples) if isinstance(example, Example)]
    require(bool(found), f"none of {len(samples)} pictures has frames enough for its symbols")
    return sorted(found, key=lambda example: example.image.shape[1])[:PICTURES]


def _batch(examples: "Sequence[Example]") -> "Batch":
    from seqrec.batch import collate

    centres = [[] if example.boxes is None else example.boxes.mean(1).tolist() for example in examples]
    return collate(
        [example.image for example in examples], [example.target for example in examples], [""] * len(examples), centres
    )


def _read(network: "Network", alphabet: Alphabet, picture: PictureRecipe, examples: "Sequence[Example]") -> list[list[str]]:
    from seqrec.engines.torch_engine import TorchEngine
    from seqrec.recognizer import Recognizer

    reader = Recognizer(TorchEngine(network, alphabet, "cpu"), picture, alphabet)
    return [list(reading.symbols) for reading in reader.read([example.image for example in examples])]
