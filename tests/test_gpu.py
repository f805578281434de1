"""The CUDA paths; skipped where there is no CUDA device."""

from pathlib import Path

import numpy as np
import pytest
import torch

from seqrec.alphabet import Alphabet
from seqrec.engines.torch_engine import TorchEngine
from seqrec.interfaces import Renderer, Sample
from seqrec.network import build_network
from seqrec.plugins import build_registry, registry
from seqrec.recipe import Recipe
from seqrec.task import Task
from seqrec.training import Progress, begin, fit

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

ALPHABET = Alphabet("bars", ["a", "b", "c"])


class Bars(Renderer):
    """Symbols as bars of different grey: enough to learn from, and quick to draw."""

    def render(self, rng: np.random.Generator) -> Sample:
        ids = rng.integers(0, 3, rng.integers(1, 5))
        image = np.full((32, 20 * len(ids) + 20), 255, np.uint8)
        for place, symbol in enumerate(ids):
            image[4:28, 20 * place + 12 : 20 * place + 24] = 80 * symbol
        boxes = np.array([[20 * place + 12, 20 * place + 24] for place in range(len(ids))], np.float32)
        return Sample(image, "".join(ALPHABET.symbols[symbol] for symbol in ids), boxes)


def test_cuda_reads_as_the_cpu_does() -> None:
    network = build_network(Recipe(), ALPHABET, registry())
    images = np.random.default_rng(1).integers(0, 255, (4, 1, 32, 160), np.uint8)
    widths = np.array([100, 120, 160, 132], np.int64)
    on_cpu, lengths = TorchEngine(network, ALPHABET, "cpu").run(images, widths)
    on_cuda, cuda_lengths = TorchEngine(network, ALPHABET, "cuda").run(images, widths)
    np.testing.assert_array_equal(lengths, cuda_lengths)
    for sample, length in enumerate(lengths):
        np.testing.assert_allclose(on_cpu[:length, sample], on_cuda[:length, sample], atol=5e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_network_learns_on_cuda(precision: str, tmp_path: Path) -> None:
    plugins = registry()
    tasks = build_registry([("bars", "1", lambda: _Plugin())])
    plugins = type(plugins)(**{**vars(plugins), "tasks": tasks.tasks})
    settings = [
        f"train.precision={precision}",
        "train.steps=60",
        "train.minutes=0.0",
        "data.chunk=128",
        "data.workers=0",
        "data.held_out=16",
    ]
    training = begin(Recipe(task="bars").with_settings(settings), tmp_path / "run", plugins, device="cuda")
    with training.stream:
        losses = [event.loss for event in fit(training) if isinstance(event, Progress)]
    assert losses[-1] < losses[0]
    assert (tmp_path / "run" / "model.safetensors").is_file()


class _Plugin:
    from seqrec.hookspecs import hookimpl

    @hookimpl
    def seqrec_tasks(self) -> list[Task]:
        return [Task("bars", ALPHABET, renderer=Bars())]
