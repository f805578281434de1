"""One way to train, in a process of its own, for `benchmarks/training_speed.py` and `benchmarks/growth.py`.

    python benchmarks/training_worker.py '{"recipe": "fast", "bfloat16": true}'

It takes steps on pictures that are ready, as `seqrec.training` takes them. It answers requests, one JSON object a line on
standard input, with one on standard output: `{"seconds": 3}` has it train so long.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from decoding_material import large_alphabet
from torch import Tensor, nn

import seqrec.transcriptions.ctc
from seqrec.alphabet import BLANK
from seqrec.cli.train import CORE_RECIPES
from seqrec.memory import keep_freed_memory
from seqrec.network import build_network
from seqrec.plugins import registry
from seqrec.recipe import load_recipe
from seqrec.training.average import Average

STAGES = ("forward", "loss", "backward", "optimiser")
T = TypeVar("T")


@dataclass(frozen=True)
class Setup:
    """What is trained, and how.

    Attributes:
        task: Whose alphabet, and whose recipe where it has one of that name.
        recipe: Its network, optimiser and batch size.
        settings: What differs from the recipe, as `seqrec train --set` takes it.
        alphabet: The recipe's by default.
        symbols: Use a made-up alphabet of so many symbols instead.
        batch: Pictures a step; the recipe's number by default.
        width: Of the pictures, pixels.
        length: Symbols of each label.
        threads: Of torch; of one the processor's time is measured, of more the clock's.
        bfloat16: Autocast, as `train.precision = "bfloat16"`.
        bfloat16_products: Tensors in float32, of which oneDNN multiplies bfloat16 copies.
        channels_last: Memory layout of pictures and convolutions.
        fused: AdamW in one kernel; else torch's default.
        plain_ctc: torch's CTC over all classes instead of ours over a label's.
        float32_lstm: The sequence model without autocast.
        compiled: The backbone through torch.compile.
        flush_denormal: Numbers next to 0 count as 0.
        keep_memory: glibc keeps freed memory for what is asked for next, instead of giving large pieces back to the system.
    """

    task: str = "scene-text"
    recipe: str = "fast"
    settings: tuple[str, ...] = ()
    alphabet: str = ""
    symbols: int = 0
    batch: int = 0
    width: int = 100
    length: int = 6
    threads: int = 2
    bfloat16: bool = True
    bfloat16_products: bool = False
    channels_last: bool = True
    fused: bool = True
    plain_ctc: bool = False
    float32_lstm: bool = False
    compiled: bool = False
    flush_denormal: bool = False
    keep_memory: bool = False


class Float32(nn.Module):
    """A sequence model that is left out of autocast."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, frames: Tensor, frame_lengths: Tensor | None) -> Tensor:
        """As the sequence model's."""
        with torch.autocast("cpu", enabled=False):
            result: Tensor = self.inner(frames.float(), frame_lengths)
            return result


def plain_ctc_loss(logits: Tensor, frame_lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """`seqrec.transcriptions.ctc.ctc_loss` as one writes it with torch alone."""
    log_probs = logits.float().log_softmax(2)
    return nn.functional.ctc_loss(log_probs, targets, frame_lengths, target_lengths, blank=BLANK, reduction="none")


class Step:
    """A step of training, with the time that its stages took so far.

    Args:
        setup: What is trained, and how.
    """

    def __init__(self, setup: Setup) -> None:
        torch.set_num_threads(setup.threads)
        if setup.keep_memory:
            keep_freed_memory()
        torch.set_flush_denormal(setup.flush_denormal)
        if setup.bfloat16_products:
            torch.backends.mkldnn.set_flags(_fp32_precision="bf16")
        if setup.plain_ctc:
            seqrec.transcriptions.ctc.ctc_loss = plain_ctc_loss
        plugins = registry()
        task = plugins.task(setup.task)
        self.setup = setup
        written = load_recipe(task.recipes.get(setup.recipe, CORE_RECIPES / f"{setup.recipe}.toml"))
        self.recipe = recipe = written.with_settings(setup.settings)
        alphabet = large_alphabet(setup.symbols) if setup.symbols else task.alphabet_named(setup.alphabet or recipe.alphabet)
        torch.manual_seed(0)
        self.network = network = build_network(recipe, alphabet, plugins)
        if setup.channels_last:
            network.to(memory_format=torch.channels_last)
        if setup.compiled:
            network.backbone.compile()
        if setup.float32_lstm:
            network.sequence = Float32(network.sequence)
        parameters = list(network.parameters())
        self.parameters = sum(one.numel() for one in parameters)
        self.classes = alphabet.classes
        self.optimizer: torch.optim.Optimizer
        if recipe.train.optimizer == "adadelta":
            self.optimizer = torch.optim.Adadelta(parameters)
        else:
            self.optimizer = torch.optim.AdamW(parameters, fused=setup.fused or None)
        self.average = Average(network, recipe.train.ema_decay) if recipe.train.ema_decay else None
        self.batch = setup.batch or recipe.train.batch_size
        size = (self.batch, 1, recipe.picture.height_px, setup.width)
        self.images = torch.randint(0, 256, size, dtype=torch.uint8)
        self.widths = torch.full((self.batch,), setup.width)
        self.lengths = torch.full((self.batch,), setup.length)
        self.targets = torch.randint(1, self.classes, (self.batch, setup.length))
        self.steps = 0
        self.clock = time.process_time if setup.threads == 1 else time.perf_counter
        self.spent = dict.fromkeys(STAGES, 0.0)

    def timed(self, stage: str, work: Callable[[], T]) -> T:
        """Count the time of a stage."""
        start = self.clock()
        result = work()
        self.spent[stage] += self.clock() - start
        return result

    def take(self) -> None:
        """One step."""
        network = self.network
        with torch.autocast("cpu", torch.bfloat16, enabled=self.setup.bfloat16):
            frames = self.timed("forward", lambda: network.frames(self.images, None))
            frame_lengths = network.backbone.frame_lengths(self.widths)
            losses = self.timed(
                "loss", lambda: network.transcription.loss(frames, frame_lengths, self.targets, self.lengths).mean()
            )
        self.timed("backward", losses.backward)
        self.timed("optimiser", self.update)

    def update(self) -> None:
        """What follows the gradient."""
        if self.recipe.train.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.train.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps += 1
        if self.average:
            self.average.update(self.network, self.steps)

    def train(self, seconds: float) -> dict[str, object]:
        """Pictures, the seconds of each stage, and the most memory so far."""
        self.spent = dict.fromkeys(STAGES, 0.0)
        first, start = self.steps, self.clock()
        while self.steps == first or self.clock() - start < seconds:
            self.take()
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"pictures": (self.steps - first) * self.batch, "spent": self.spent, "peak_mb": peak_mb}


def main() -> None:
    """Answer until the input ends."""
    step = Step(Setup(**json.loads(sys.argv[1])))
    for _ in range(2):
        step.take()
    print(json.dumps({"parameters": step.parameters, "classes": step.classes, "batch": step.batch}), flush=True)
    for line in sys.stdin:
        print(json.dumps(step.train(json.loads(line)["seconds"])), flush=True)


if __name__ == "__main__":
    main()
