"""Times, percentiles and tables of `benchmarks/decoding.py`."""

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

REPETITIONS = 3
"""Each work is done so often, and the quickest time counts: other work on the machine only adds."""
TIMES = ("median ms", "90 %", "99 %", "max")
"""The columns of `spread`."""
BUDGET_S = 60.0
"""Time for one row of a table that may be slow."""
_PACKAGES = ("seqrec", "numpy", "numba", "torch", "torchaudio", "flashlight-text", "pybktree", "rapidfuzz")
_REPORTED_S = 10.0


def timed(work: Callable[[], T], repetitions: int = REPETITIONS) -> tuple[T, float]:
    """What a piece of work gives, and the milliseconds of its quickest repetition."""
    least = float("inf")
    for _ in range(repetitions):
        start = time.perf_counter()
        result = work()
        least = min(least, time.perf_counter() - start)
    return result, least * 1e3


def times_ms(work: Callable[[T], object], items: Sequence[T], name: str) -> list[float]:
    """Milliseconds of the work on each item; no more items are taken after `BUDGET_S`.

    The first item is worked on once before, which compiles what was not yet.
    """
    work(items[0])
    start, times = time.monotonic(), []
    for item in watched(items, name):
        times.append(timed(lambda: work(item))[1])  # noqa: B023
        if time.monotonic() - start > BUDGET_S:
            break
    return times


def figure(value: float) -> str:
    """Three digits that count: `0.184`, `12.3`, `1,520`."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def spread(times_ms: Sequence[float] | npt.NDArray[np.float64], percentiles: Sequence[float] = (50, 90, 99, 100)) -> list[str]:
    """Cells of a table: percentiles of times, in milliseconds."""
    return [figure(float(np.percentile(times_ms, one))) for one in percentiles]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; all but its first column stand to the right."""
    lines = [list(header), [":--", *["--:"] * (len(header) - 1)], *[list(row) for row in rows]]
    return ["", *["| " + " | ".join(line) + " |" for line in lines], ""]


def watched(items: Sequence[T], name: str) -> Iterator[T]:
    """The items, with a line on stderr every ten seconds."""
    start = reported = time.monotonic()
    for place, item in enumerate(items):
        if time.monotonic() - reported > _REPORTED_S:
            reported = time.monotonic()
            print(f"{name}: {place:,} of {len(items):,}, {reported - start:.0f} s", file=sys.stderr, flush=True)
        yield item


def evenly(items: Sequence[T], count: int) -> list[T]:
    """So many of the items, evenly spread; all of them where there are not more."""
    if len(items) <= count:
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]


def processor() -> str:
    """Its kind; no name of the machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return facts.get("model name", platform.machine())


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def preface(command: str) -> list[str]:
    """Command, date, machine and versions."""
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return [
        f"`{command}`, {date.today().isoformat()}, one core of {processor()} ({platform.system()} {platform.machine()}), "
        f"Python {platform.python_version()}, {versions}. All in one thread unless said otherwise; each time is the least of "
        f"{REPETITIONS} repetitions for each picture, for other work on the machine can only add.",
        "",
    ]
