"""Images/s in training, and the share of each stage of a step.

    python benchmarks/training_speed.py [--threads 2] [--steps 12]

Prints one row for each recipe and precision. The first row, the paper's network in float32 with plain memory layout, is the
baseline of the ratios. Pictures are random, so that drawing does not count; how long a real run waits for pictures stands in
its progress line and its metrics.jsonl (`data_share`).
"""

import argparse
import time
from collections.abc import Callable

import torch

from seqrec.cli.train import CORE_RECIPES
from seqrec.network import Network, build_network
from seqrec.plugins import registry
from seqrec.recipe import load_recipe

STAGES = ("forward", "loss", "backward", "optimiser")


def measured(
    recipe_name: str, bfloat16: bool, channels_last: bool, steps: int, width: int
) -> tuple[float, dict[str, float], float]:
    """Images/s, share of each stage, millions of parameters."""
    recipe = load_recipe(CORE_RECIPES / f"{recipe_name}.toml")
    plugins = registry()
    alphabet = plugins.task("scene-text").alphabet_named("alnum36")
    network: Network = build_network(recipe, alphabet, plugins)
    if channels_last:
        network.to(memory_format=torch.channels_last)
    adadelta = recipe.train.optimizer == "adadelta"
    parameters = list(network.parameters())
    optimizer = torch.optim.Adadelta(parameters) if adadelta else torch.optim.AdamW(parameters, fused=True)
    size = 64
    images = torch.randint(0, 255, (size, 1, 32, width), dtype=torch.uint8)
    widths = torch.full((size,), width)
    targets, lengths = torch.randint(1, 37, (size, 6)), torch.full((size,), 6)
    spent = dict.fromkeys(STAGES, 0.0)

    def timed(stage: str, work: Callable[[], torch.Tensor | None]) -> torch.Tensor | None:
        start = time.perf_counter()
        result = work()
        spent[stage] += time.perf_counter() - start
        return result

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            frames = timed("forward", lambda: network.frames(images, None))
            assert frames is not None
            frame_lengths = network.backbone.frame_lengths(widths)
            loss = timed("loss", lambda: network.transcription.loss(frames, frame_lengths, targets, lengths).mean())
        assert loss is not None
        timed("backward", lambda: loss.backward())
        timed("optimiser", update)

    def update() -> None:
        optimizer.step()
        optimizer.zero_grad()

    for _ in range(3):
        step()
    for stage in STAGES:
        spent[stage] = 0.0
    for _ in range(steps):
        step()
    total = sum(spent.values())
    shares = {stage: seconds / total for stage, seconds in spent.items()}
    return size * steps / total, shares, sum(p.numel() for p in parameters) / 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--width", type=int, default=100)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    print(f"torch {torch.__version__}, {chosen.threads} threads, 64 pictures of 32×{chosen.width} a step, 37 classes\n")
    print(f"{'recipe':28} {'M param.':>8} {'images/s':>9} {'ratio':>6}  " + "  ".join(f"{stage:>9}" for stage in STAGES))
    baseline = 0.0
    for recipe, bfloat16, channels_last in (
        ("paper", False, False),
        ("paper", False, True),
        ("paper", True, True),
        ("fast", False, True),
        ("fast", True, True),
    ):
        rate, shares, parameters = measured(recipe, bfloat16, channels_last, chosen.steps, chosen.width)
        baseline = baseline or rate
        name = f"{recipe}, {'bfloat16' if bfloat16 else 'float32'}{', channels-last' if channels_last else ''}"
        row = "  ".join(f"{shares[stage]:9.0%}" for stage in STAGES)
        print(f"{name:28} {parameters:8.2f} {rate:9.0f} {rate / baseline:6.2f}  {row}", flush=True)


if __name__ == "__main__":
    main()
