"""Images/s in training, the share of each stage of a step, what was tried to be faster, and how long real runs wait for pictures.

    python benchmarks/training_speed.py [recipes] [staves] [tried] [run] [--rounds 5] [--seconds 3] [--threads 2]

Tables `recipes`, `staves` and `tried` train on random pictures that are ready, each way in a process of its own that waits while
another one works; ratios are those of one round. With `--threads 1` the processor's seconds count, which other work on the
machine hardly changes; with more the clock's. Table `run` starts `seqrec train`, which draws its pictures at the same time.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from decoding_measure import table
from rounds import Worker, preface, ratios, spread
from training_worker import STAGES, Setup

WORKER = Path(__file__).with_name("training_worker.py")
WORDS = Setup(alphabet="alnum36")
STAVES = Setup(task="sheet-music", width=480, length=20)
HUGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1"}
LSTM = ("sequence.name=bilstm", "sequence.hidden=192", "sequence.layers=2")
AT_A_TIME = 4


@dataclass
class Way:
    """One way to train, and what was measured of it.

    Attributes:
        name: Of its row.
        setup: What is trained, and how.
        variables: Of its process's environment.
        rates: Pictures a second, in each round.
    """

    name: str
    setup: Setup
    variables: Mapping[str, str] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    about: Mapping[str, float] = field(default_factory=dict)

    def shares(self) -> list[str]:
        """Of each stage in a step."""
        total = sum(self.spent.values())
        return [f"{seconds / total:.0%}" for seconds in self.spent.values()]


def ways_of(name: str) -> list[Way]:
    """The ways that a table compares; the first one is what ratios are taken to."""
    words, staves = WORDS, STAVES
    change = dataclasses.replace
    kept = change(words, keep_memory=True)
    if name == "recipes":
        plain = change(words, recipe="paper", bfloat16=False, channels_last=False)
        return [
            Way("`paper`, float32, plain memory layout", plain),
            Way("`paper`, float32, channels-last", change(plain, channels_last=True)),
            Way("`paper`, bfloat16, channels-last, as `seqrec train` does", change(kept, recipe="paper")),
            Way("`fast`, float32, channels-last", change(kept, bfloat16=False)),
            Way("`fast`, bfloat16, channels-last, as `seqrec train` does", kept),
            Way("… with two bidirectional LSTMs of 192", change(kept, settings=LSTM)),
        ]
    if name == "staves":
        return [
            Way("`fast` of sheet-music, float32, plain layout, torch's CTC", change(
                staves, bfloat16=False, channels_last=False, plain_ctc=True)),
            Way("`fast` of sheet-music, bfloat16, channels-last, torch's CTC", change(staves, plain_ctc=True)),
            Way("`fast` of sheet-music, bfloat16, channels-last", staves),
        ]  # fmt: skip
    words = kept
    return [
        Way("`fast`, batches of 64, bfloat16, channels-last, freed memory kept", words),
        Way("… freed memory not kept", WORDS),
        Way("… not kept, huge pages by torch (`THP_MEM_ALLOC_ENABLE=1`)", WORDS, HUGE_PAGES),
        Way("two bidirectional LSTMs of 192", change(words, settings=LSTM)),
        Way("… in float32", change(words, settings=LSTM, float32_lstm=True)),
        Way("batches of 32", change(words, batch=32)),
        Way("plain memory layout", change(words, channels_last=False)),
        Way("AdamW not fused", change(words, fused=False)),
        Way("batches of 16", change(words, batch=16)),
        Way("batches of 128", change(words, batch=128)),
        Way("float32, products in bfloat16 by oneDNN", change(words, bfloat16=False, bfloat16_products=True)),
        Way("numbers next to 0 as 0 (`torch.set_flush_denormal`)", change(words, flush_denormal=True)),
        Way("backbone through `torch.compile` (inductor)", change(words, compiled=True)),
    ]


def measure(ways: Sequence[Way], rounds: int, seconds: float, threads: int) -> None:
    """Fill in what was measured."""
    workers = []
    for way in ways:
        setup = dataclasses.asdict(dataclasses.replace(way.setup, threads=min(threads, way.setup.threads)))
        worker = Worker(way.name, [sys.executable, WORKER, json.dumps(setup)], way.variables)
        way.about = worker.first
        workers.append(worker)
    for number in range(rounds):
        for way, worker in zip(ways, workers, strict=True):
            answer = worker.ask(seconds=seconds)
            way.rates.append(answer["pictures"] / sum(answer["spent"].values()))
            for stage, spent in answer["spent"].items():
                way.spent[stage] += spent
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    for worker in workers:
        worker.stop()


def compared(name: str, rounds: int, seconds: float, threads: int) -> Iterator[str]:
    """A table of ways. Few wait at a time, for each takes a gigabyte; the first one is measured with each few."""
    first, *others = ways_of(name)
    rows = []
    yield f"### {name}"
    for start in range(0, len(others), AT_A_TIME):
        base, few = dataclasses.replace(first, rates=[], spent=dict.fromkeys(STAGES, 0.0)), others[start : start + AT_A_TIME]
        measure([base, *few], rounds, seconds, threads)
        for way in [base, *few] if start == 0 else few:
            size = [f"{way.about['parameters'] / 1e6:.1f} M", f"{way.about['classes']:,}", f"{way.about['batch']}"]
            against = ratios(way.rates, base.rates, 2)
            rows.append([way.name, *(size if name != "tried" else []), spread(way.rates), against, *way.shares()])
    about = [] if name == "tried" else ["parameters", "classes", "batch"]
    yield from table(("way", *about, "images/s", "ratio to the first row", *STAGES), rows)


def run(steps: int, threads: int) -> Iterator[str]:
    """A table of real runs: pictures a second, the share of the time in which training waited for pictures, and memory."""
    rows = []
    for task in ("scene-text", "sheet-music"):
        with tempfile.TemporaryDirectory() as folder:
            settings = ["--set", "data.held_out=32", "--set", "train.validate_every=1000000"]
            command = [sys.executable, "-m", "seqrec", "train", "--task", task, "--steps", str(steps), "-o", f"{folder}/run"]
            process = subprocess.Popen([*command, *settings, "--threads", str(threads)], stderr=subprocess.DEVNULL)
            _, status, used = os.wait4(process.pid, 0)
            if status:
                raise SystemExit(f"{' '.join(command)}: failed")
            lines = (Path(folder) / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        records = [one for one in map(json.loads, lines) if one["event"] == "train"]
        first, later = records[0], records[1:]
        shares = [100 * one["data_share"] for one in later]
        rates = spread([one["images_per_s"] for one in later])
        whole = np.average(shares, weights=[1 / one["images_per_s"] for one in later])
        waits = [f"{whole:.1f}", spread(shares, 1), f"{100 * first['data_share']:.0f}"]
        rows.append([f"`{task}`, {steps:,} steps", rates, *waits, f"{used.ru_maxrss / 1024:,.0f}"])
    yield "### run"
    waits = ("waits for pictures, %", "by 20 steps, %", "in the first 20 steps, %")
    header = ("`seqrec train --recipe fast`", "images/s", *waits, "most memory, MB")
    yield from table(header, rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("recipes", "staves", "tried", "run")
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"{', '.join(names)}; all of them by default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each way in each round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=400, help="of table run")
    chosen = parser.parse_args()
    for name in chosen.tables:
        if name not in names:
            parser.error(f"no table '{name}'; there are {', '.join(names)}")
    clock = "one thread, seconds of the processor" if chosen.threads == 1 else f"{chosen.threads} threads"
    about = f"{clock}, {chosen.rounds} rounds of {chosen.seconds:g} s each; median (least–greatest)."
    print(preface(("seqrec", "torch"), about), "\n", flush=True)
    for name in chosen.tables or names:
        lines = (
            run(chosen.steps, chosen.threads) if name == "run" else compared(name, chosen.rounds, chosen.seconds, chosen.threads)
        )
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
