"""Training in one process and in two (gloo, on CPUs), and what the exchange of gradients costs.

    python benchmarks/data_parallel.py [--rounds 5] [--seconds 4] [--recipe fast] [--recipe paper]

Every measurement is a start of its own, the two processes by `torchrun` as users start them; in each round all ways are
measured in turn, and ratios are those of one round. Steps are those of `seqrec train` (`seqrec.training`), on pictures of 32×100
that are ready: what drawing costs stands in `benchmarks/training_speed.py`.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from decoding_measure import table
from rounds import preface, ratios, spread

from seqrec.batch import Batch, collate
from seqrec.cli.train import CORE_RECIPES
from seqrec.plugins import registry
from seqrec.recipe import load_recipe
from seqrec.training import begin
from seqrec.training.training import Training

WAYS = {"one process, one thread": (1, 1), "one process, two threads": (1, 2), "two processes, one thread each": (2, 1)}
"""Way → processes, threads of each."""
STEPS = 4
"""Taken at a time, with gradients exchanged and without in turn."""


def launched(recipe: str, processes: int, threads: int, seconds: float) -> dict[str, float]:
    """Measure one way in processes of its own."""
    with tempfile.TemporaryDirectory() as folder:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        command = launcher if processes > 1 else [sys.executable]
        options = [__file__, "--worker", folder, "--recipe", recipe, "--seconds", str(seconds)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "GLOO_SOCKET_IFNAME": "lo"}
        done = subprocess.run([*command, *options], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def work(recipe_name: str, folder: Path, seconds: float) -> None:
    """One process of a measurement; the first says what came out."""
    recipe = load_recipe(CORE_RECIPES / f"{recipe_name}.toml").with_settings(
        ["task=scene-text", "alphabet=alnum36", "data.held_out=4", "data.workers=0", "train.steps=1000000", "train.guide_steps=0"]
    )
    training = begin(recipe, folder / "run", registry(), device="cpu")
    rng = np.random.default_rng(training.fabric.global_rank)
    count = recipe.train.batch_size
    pictures = [rng.integers(0, 256, (32, 100), dtype=np.uint8) for _ in range(count)]
    batch = collate(pictures, [rng.integers(1, 37, 6).tolist() for _ in range(count)], [""] * count)
    for _ in range(3):
        training.learn(batch)
    several = training.fabric.world_size > 1
    spent: dict[bool, list[float]] = {exchange: [] for exchange in ((True, False) if several else (True,))}
    while sum(spent[True]) < seconds:
        for exchange, own in spent.items():
            own.append(timed(training, batch, exchange))
    if training.fabric.is_global_zero:
        step_s = float(np.mean(spent[True])) / STEPS
        alone_s = float(np.mean(spent.get(False, spent[True]))) / STEPS
        parameters = sum(one.numel() for one in training.bare.parameters())
        rate = count * training.fabric.world_size / step_s
        print(json.dumps({"rate": rate, "exchange_ms": 1e3 * (step_s - alone_s), "parameters": parameters}))
    training.part()


def timed(training: Training, batch: Batch, exchange: bool) -> float:
    """Seconds of some steps, the same in all processes; with gradients exchanged or without."""
    training.fabric.barrier()
    start = time.perf_counter()
    for _ in range(STEPS):
        with contextlib.nullcontext() if exchange else training.fabric.no_backward_sync(training.network):
            training.learn(batch)
    training.fabric.barrier()
    spent = torch.tensor(time.perf_counter() - start)
    return float(training.fabric.all_reduce(spent, reduce_op="max"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each way in each round")
    parser.add_argument("--recipe", action="append", dest="recipes", help="fast and paper by default")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    recipes = chosen.recipes or ["fast", "paper"]
    if chosen.worker:
        work(recipes[0], chosen.worker, chosen.seconds)
        return
    print(preface(("seqrec", "torch"), f"{chosen.rounds} rounds; median (least–greatest)."), flush=True)
    rows = []
    for recipe in recipes:
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for number in range(chosen.rounds):
            for way, (processes, threads) in WAYS.items():
                found[way].append(launched(recipe, processes, threads, chosen.seconds))
            print(f"{recipe}: round {number + 1} of {chosen.rounds}", file=sys.stderr, flush=True)
        rates = {way: [one["rate"] for one in own] for way, own in found.items()}
        for way, (processes, _) in WAYS.items():
            exchange = spread([one["exchange_ms"] for one in found[way]], 1) if processes > 1 else ""
            gradient = f"{found[way][0]['parameters'] * 4 / 1e6:.1f} MB" if processes > 1 else ""
            against = ratios(rates[way], rates["one process, two threads"], 2)
            rows.append([f"`{recipe}`, {way}", spread(rates[way]), against, exchange, gradient])
    header = ("way", "images/s", "ratio to one process, two threads", "exchange, ms a step", "gradient, float32")
    print(*table(header, rows), sep="\n")


if __name__ == "__main__":
    main()
