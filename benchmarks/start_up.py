"""How long one command takes from its start to its end, beside `import torch` alone.

    python benchmarks/start_up.py [--rounds 7]

Compiled kernels are cached before anything is measured. In each round all commands are run in turn; differences are those of
one round.
"""

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from decoding_measure import processor, table

from seqrec.plugins import registry


def seconds(command: Sequence[str | Path]) -> float:
    """Wall clock of a command."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def spread(values: Sequence[float]) -> list[str]:
    """Least, median, greatest."""
    return [f"{one:.2f}" for one in (min(values), float(np.median(values)), max(values))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    samples = registry().task("scene-text").samples
    assert samples is not None
    picture = min(samples.glob("*.png"))
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / "model.onnx"
        seconds(["-m", "seqrec", "export", "--task", "scene-text", "-o", model])
        commands: dict[str, list[str | Path]] = {
            "`seqrec --help`": ["-m", "seqrec", "--help"],
            "`python -c 'import torch'`": ["-c", "import torch"],
            "`seqrec recognize --task scene-text one.png`, torch": ["-m", "seqrec", "recognize", "--task", "scene-text", picture],
            "`seqrec recognize --model model.onnx one.png`": ["-m", "seqrec", "recognize", "--model", model, picture],
        }
        measured: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, command in commands.items():
                taken = seconds(command)
                if number:  # the first round fills caches
                    measured[name].append(taken)
    _, torch_s, with_torch, _ = measured.values()
    more = [one - other for one, other in zip(with_torch, torch_s, strict=True)]
    versions = ", ".join(f"{one} {importlib.metadata.version(one)}" for one in ("seqrec", "torch", "onnxruntime", "numba"))
    print(
        f"`python {' '.join(sys.argv)}`, {date.today().isoformat()}, {os.cpu_count()} cores of {processor()} "
        f"({platform.system()} {platform.machine()}), load {os.getloadavg()[1]:.1f}, Python {platform.python_version()}, "
        f"{versions}."
    )
    rows = [[name, *spread(values)] for name, values in measured.items()]
    rows.append(["the third less the second", *spread(more)])
    print(*table(("command", "least, s", "median", "greatest"), rows), sep="\n")


if __name__ == "__main__":
    main()
