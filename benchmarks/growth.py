"""How time and memory of reading and training grow with width, batch, alphabet and lexicon; and whether there is a cliff.

    python benchmarks/growth.py [width] [batch] [symbols] [lexicon] [--rounds 3] [--seconds 1] [-o docs/images/growth.svg]

Every point is a process of its own, whose peak of memory is counted from its start. Of the rounds the quickest counts, for other
work on the machine only adds. A *cliff* is where the cost of a call (time, or memory beyond that of the first point) grows by
more than `CLIFF` times as much as what it is measured against.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from decoding_material import large_alphabet, many_words
from decoding_measure import figure, table
from growth_plot import svg
from rounds import Worker, preface

from seqrec.charts import chart
from seqrec.cli.train import CORE_RECIPES
from seqrec.decoding import Lexicon, save_lexicon
from seqrec.model_file import ModelCard, save_model
from seqrec.network import build_network
from seqrec.plugins import registry
from seqrec.recipe import load_recipe
from seqrec_scene_text.alphabets import alnum36

AXES = {
    "width": (100, 200, 400, 800, 1600, 3200, 6400),
    "batch": (1, 4, 16, 64, 256),
    "symbols": (36, 100, 300, 1000, 3000, 7000),
    "lexicon": (1_000, 10_000, 100_000, 1_000_000),
}
NAMES = {"width": "pixels of width", "batch": "pictures at a time", "symbols": "symbols", "lexicon": "words in the lexicon"}
CLIFF = 1.5
"""Noise of a busy machine included."""
NOTHING_MB = 30
"""So much more memory is no growth that says anything."""
TRAINED_TO_PX = 3200
"""Recipes train on pictures up to this width."""
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Cost:
    """Of one point.

    Attributes:
        call_ms: Of the pictures given at a time, or of a step.
        picture_ms: Of one of them.
        peak_mb: Of the process.
    """

    call_ms: float
    picture_ms: float
    peak_mb: float


def measured(worker: Worker, count: int, rounds: int, seconds: float) -> Cost:
    """The cost of a worker's calls of so many pictures; the worker is stopped."""
    picture_s, peak_mb = float("inf"), 0.0
    for _ in range(rounds):
        answer = worker.ask(seconds=seconds)
        spent = answer["seconds"] if "seconds" in answer else sum(answer["spent"].values())
        picture_s, peak_mb = min(picture_s, spent / answer["pictures"]), answer["peak_mb"]
    worker.stop()
    return Cost(1e3 * picture_s * count, 1e3 * picture_s, peak_mb)


class Readers:
    """Exported readers, made where they are first asked for.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def shipped(self) -> Path:
        """The scene-text reader."""
        return self._exported("shipped", ["--task", "scene-text"])

    def fresh(self, symbols: int) -> Path:
        """A network of the fast recipe with fresh weights and so many symbols."""
        file = self.folder / f"{symbols}.safetensors"
        if not file.exists():
            recipe, alphabet = load_recipe(CORE_RECIPES / "fast.toml"), large_alphabet(symbols)
            network = build_network(recipe, alphabet, registry())
            save_model(file, network.state_dict(), ModelCard("growth", "seqrec-growth 1.0", alphabet, recipe))
        return self._exported(str(symbols), ["--model", str(file)])

    def lexicon(self, words: int) -> Path:
        """A compiled lexicon of so many words."""
        file = self.folder / f"{words}.lex"
        if not file.exists():
            save_lexicon(file, Lexicon.compile(many_words(words), alnum36))
        return file

    def _exported(self, name: str, which: Sequence[str]) -> Path:
        file = self.folder / f"{name}.onnx"
        if not file.exists():
            command = [sys.executable, "-m", "seqrec", "export", *which, "-o", str(file)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return file


def reading(readers: Readers, axis: str, x: int, threads: int) -> Worker:
    """A worker that reads: 64 pictures of 100 pixels, but for what grows; 16 where it is the width."""
    point: dict[str, object] = {"model": str(readers.fresh(x) if axis == "symbols" else readers.shipped()), "threads": threads}
    if axis == "width":
        point |= {"width": x, "batch": 16}
    elif axis == "batch":
        point["batch"] = x
    elif axis == "lexicon":
        point |= {"lexicon": str(readers.lexicon(x)), "alphabet": "alnum36"}
    return Worker(f"reading, {x:,} {NAMES[axis]}", [sys.executable, HERE / "growth_worker.py", json.dumps(point)])


def training(axis: str, x: int, threads: int) -> Worker:
    """A worker that trains the fast recipe: 32 pictures of 100 pixels, but for what grows; 8 where it is the width."""
    from training_worker import Setup

    setup = Setup(threads=threads)
    if axis == "width":
        setup = dataclasses.replace(setup, width=x, batch=8, length=x // 16)
    elif axis == "batch":
        setup = dataclasses.replace(setup, batch=x)
    elif axis == "symbols":
        setup = dataclasses.replace(setup, symbols=x)
    command = [sys.executable, HERE / "training_worker.py", json.dumps(dataclasses.asdict(setup))]
    return Worker(f"training, {x:,} {NAMES[axis]}", command)


def count(axis: str, x: int, kind: str) -> int:
    """Pictures of a call."""
    if axis == "batch":
        return x
    return {"reading": 16, "training": 8}[kind] if axis == "width" else {"reading": 64, "training": 32}[kind]


def steepest(points: Sequence[tuple[float, float]]) -> float:
    """The greatest growth of y between neighbours, as a part of that of x."""
    return max((y_high / y_low) / (x_high / x_low) for (x_low, y_low), (x_high, y_high) in pairwise(points))


def beyond_first(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What x and y are beyond the first point: what a process needs anyway is left out, and what is next to nothing."""
    (x_first, y_first), *others = points
    return [(x - x_first, y - y_first) for x, y in others if y - y_first > NOTHING_MB]


def axis_of(axis: str, points: Mapping[str, Mapping[int, Cost]]) -> Iterator[str]:
    """The table of one axis, and what it says of cliffs."""
    kinds = list(points)
    header = [what for kind in kinds for what in (f"{kind}: ms a call", "ms a picture", "pictures/s", "peak, MB")]
    rows = []
    for x in sorted({x for own in points.values() for x in own}):
        row = [f"{x:,}"]
        for kind in kinds:
            cost = points[kind].get(x)
            row += (
                [figure(cost.call_ms), figure(cost.picture_ms), figure(1e3 / cost.picture_ms), f"{cost.peak_mb:,.0f}"]
                if cost
                else ["–"] * 4
            )
        rows.append(row)
    yield f"### {axis}"
    yield from table((NAMES[axis], *header), rows)
    for kind, costs in points.items():
        time = steepest([(x, one.call_ms) for x, one in sorted(costs.items())])
        needed = beyond_first([(x, one.peak_mb) for x, one in sorted(costs.items())])
        memory = steepest(needed) if len(needed) > 1 else 0.0
        found = "a cliff" if max(time, memory) > CLIFF else "no cliff"
        yield (
            f"{kind}, {axis}: {found}; from one point to the next the time of a call grows by at most {time:.2f} times as much "
            f"as {NAMES[axis]}, and memory by at most {memory:.2f} times as much.\n"
        )


def plotted(found: Mapping[str, Mapping[str, Mapping[int, Cost]]]) -> str:
    """Two charts an axis: milliseconds a call, and the peak of memory."""
    charts = []
    for axis, points in found.items():
        for title, unit, cost in (
            ("Time", "ms a call", lambda one: one.call_ms),
            ("Peak of memory", "MB", lambda one: one.peak_mb),
        ):
            lines = [(kind, [(float(x), cost(one)) for x, one in sorted(costs.items())]) for kind, costs in points.items()]
            drawn = chart(f"{title} by {NAMES[axis]}", unit, lines, log=True, log_x=True)
            charts.append({**(drawn or {}), "x_name": f"{NAMES[axis]}, log scale"})
    return svg(charts)


def main() -> None:
    """Print the tables and draw the charts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("axes", nargs="*", metavar="AXIS", help=f"{', '.join(AXES)}; all of them by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--out", type=Path, help="an SVG file to draw the charts into")
    chosen = parser.parse_args()
    for axis in chosen.axes:
        if axis not in AXES:
            parser.error(f"no axis '{axis}'; there are {', '.join(AXES)}")
    clock = "One thread, seconds of the processor" if chosen.threads == 1 else f"{chosen.threads} threads"
    about = f"{clock}, quickest of {chosen.rounds} rounds of {chosen.seconds:g} s."
    print(preface(("seqrec", "torch", "onnxruntime", "numpy"), about), "\n", flush=True)
    found: dict[str, dict[str, dict[int, Cost]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        readers = Readers(Path(folder))
        for axis in chosen.axes or AXES:
            kinds: dict[str, Callable[[int], Worker]] = {
                "reading": partial(reading, readers, axis, threads=chosen.threads),
                "training": partial(training, axis, threads=chosen.threads),
            }
            if axis == "lexicon":
                del kinds["training"]
            found[axis] = {
                kind: {
                    x: measured(start(x), count(axis, x, kind), chosen.rounds, chosen.seconds)
                    for x in AXES[axis]
                    if kind == "reading" or axis != "width" or x <= TRAINED_TO_PX
                }
                for kind, start in kinds.items()
            }
            for line in axis_of(axis, found[axis]):
                print(line, flush=True)
    if chosen.out:
        chosen.out.write_text(plotted(found), encoding="utf-8")


if __name__ == "__main__":
    main()
