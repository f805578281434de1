"""Comparisons in rounds: workers that wait for each other, so that other work on the machine meets all of them, and ratios."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from decoding_measure import processor

ENVIRONMENTS = Path.home() / ".cache" / "seqrec-benchmarks"
"""Where peers are installed, each into an environment of its own."""


class Worker:
    """A process that waits while another one works: it answers one JSON object a line with one.

    Args:
        name: For messages and tables.
        command: What to start; it says a first line when it is ready.
        variables: Of its environment, beside those of this process.
    """

    def __init__(self, name: str, command: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> None:
        self.name = name
        environment = {**os.environ, **(variables or {})}
        self.process = subprocess.Popen(
            [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.first = self.answer()
        print(f"{name}: ready", file=sys.stderr, flush=True)

    def ask(self, **request: object) -> dict[str, Any]:
        """Have something done, and wait for what it says of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line.

        Raises:
            ChildProcessError: The process has ended.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ChildProcessError(f"{self.name}: stopped with exit code {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait()


def environment(folder: Path, packages: Sequence[str], without_their_needs: Sequence[str] = ()) -> Path:
    """The interpreter of an environment with the packages, which is made where it is not there yet.

    Args:
        folder: Where it is or will be.
        packages: What to install, as pip takes it.
        without_their_needs: Packages to install without what they ask for.
    """
    python = folder / "bin" / "python"
    if not (folder / ".installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        if without_their_needs:
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", *without_their_needs], check=True)
        (folder / ".installed").touch()
    return python


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, and in brackets the least and the greatest."""
    low, middle, high = (f"{one:,.{digits}f}" for one in (min(values), float(np.median(values)), max(values)))
    return f"{middle} ({low}–{high})"


def ratios(ours: Sequence[float], theirs: Sequence[float], digits: int = 1) -> str:
    """How often more, round by round: `spread` of the ratios of each round."""
    return spread([one / other for one, other in zip(ours, theirs, strict=True)], digits)


def preface(packages: Sequence[str], *facts: str) -> str:
    """Command, date, machine, versions, and whatever else must be known to read the table."""
    versions = ", ".join(f"{one} {importlib.metadata.version(one)}" for one in packages)
    command = " ".join([sys.argv[0], *sys.argv[1:]])
    machine = f"{os.cpu_count()} cores of {processor()} ({platform.system()} {platform.machine()}), load {os.getloadavg()[1]:.1f}"
    told = f"`python {command}`, {date.today().isoformat()}, {machine}, Python {platform.python_version()}, {versions}."
    return " ".join([told, *facts])
