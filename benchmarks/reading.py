"""Reading speed and accuracy of the shipped scene-text reader beside RapidOCR's recognisers, on real words in memory.

    python benchmarks/reading.py [--threads 2] [--rounds 5] [--model FILE]

Needs `SEQREC_DEV_DATA` (for the 2,000 words of IIIT5K's training part) and, for its first run, a package index: each peer is
installed into an environment of its own below `--environments`. Every reader is a process that waits while another one works.
In each round all read the same share of the words, many at a time and then some one by one, so that other work on the machine
meets all of them; ratios are those of one round. Each peer reads in batches of the size that is quickest here.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from decoding_measure import table
from rounds import ENVIRONMENTS, Worker, environment, preface, ratios, spread

PEERS = {
    "rapidocr-v4": ("RapidOCR PP-OCRv4 mobile", ["rapidocr-onnxruntime==1.4.4"]),
    "rapidocr-v6": ("RapidOCR PP-OCRv6 small", ["rapidocr==3.10.0", "onnxruntime"]),
}
BATCHES = (6, 8, 16, 32)
"""Of the peers, tried before the rounds; 6 is their default."""
ALONE = 40
"""Pictures read one by one in a round."""
WORKER = Path(__file__).with_name("reading_worker.py")


@dataclass
class Reader:
    """A process that reads, and what was measured of it."""

    name: str
    worker: Worker
    batch: int = 64
    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)

    def rate(self, start: int, step: int, most: int, batch: int, seconds: float = 1.0) -> float:
        """Pictures a second."""
        answer = self.worker.ask(start=start, step=step, most=most, batch=batch, seconds=seconds)
        return float(answer["pictures"]) / float(answer["wall_s"])

    def measure(self, start: int, step: int) -> None:
        """One round."""
        many = self.worker.ask(start=start, step=step, most=1_000_000, batch=self.batch, seconds=1.0)
        alone = self.worker.ask(start=start, step=step, most=ALONE, batch=1, seconds=0.0)
        self.rates.append(many["pictures"] / many["wall_s"])
        self.processor_ms.append(1e3 * many["processor_s"] / many["pictures"])
        self.latencies_ms.append(1e3 * alone["wall_s"] / alone["pictures"])
        for place, text in enumerate(many["texts"]):
            self.texts[start + place * step] = text


def started(name: str, python: Path, which: str, data: Path, threads: int) -> Reader:
    """A reader whose pictures are in memory and which has read some."""
    command = [str(python), str(WORKER), which, str(data), str(threads)]
    return Reader(name, Worker(name, command, {"OMP_NUM_THREADS": str(threads)}))


def right(reader: Reader, labels: Sequence[str]) -> float:
    """Percent of words read right, reduced to a–z and 0–9."""
    pairs = [(reader.texts[place], label) for place, label in enumerate(labels)]
    return 100 * float(np.mean([reduced(text) == reduced(label) for text, label in pairs]))


def reduced(text: str) -> str:
    """Letters and digits of ASCII, in lower case: what protocol `alnum36` compares."""
    return "".join(one for one in text.lower() if one.isascii() and one.isalnum())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="scene-text", help="what `seqrec.load` takes, instead of the shipped reader")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS)
    chosen = parser.parse_args()
    data = os.environ.get("SEQREC_DEV_DATA")
    if not data:
        raise SystemExit("SEQREC_DEV_DATA is not set; it names the folder that holds iiit5k-train")
    words = Path(data) / "iiit5k-train"
    labels = [line.split(maxsplit=1)[1] for line in (words / "train.tags").read_text(encoding="utf-8").splitlines()]

    with tempfile.TemporaryDirectory() as scratch:
        own = exported(chosen.model, Path(scratch))
        mine = [started(name, Path(sys.executable), which, words, chosen.threads) for name, which in own.items()]
        theirs = []
        for which, (name, packages) in PEERS.items():
            python = environment(chosen.environments / which, packages)
            theirs.append(started(name, python, which, words, chosen.threads))
    for reader in theirs:
        rates = {batch: max(reader.rate(start, 20, 100, batch) for start in (0, 1)) for batch in BATCHES}
        reader.batch = max(rates, key=lambda batch: rates[batch])
    for start in range(chosen.rounds):
        for reader in (*mine, *theirs):
            reader.measure(start, chosen.rounds)
        print(f"round {start + 1} of {chosen.rounds}", file=sys.stderr, flush=True)

    about = f"{chosen.threads} threads. {len(labels):,} words in memory, {chosen.rounds} rounds; median (least–greatest)."
    print(preface(("seqrec", "torch", "onnxruntime", "numpy"), about))
    rows = []
    for reader in (*mine, *theirs):
        rows.append(
            [
                f"{reader.name}, batches of {reader.batch}" if reader in theirs else reader.name,
                spread(reader.rates),
                spread(reader.latencies_ms, 1),
                spread(reader.processor_ms, 2),
                f"{right(reader, labels):.2f}",
            ]
        )
    print(*table(("reader", "pictures/s", "one picture, ms", "processor ms a picture", "words right, %"), rows), sep="\n")
    rows = []
    for reader in mine:
        row = [reader.name]
        for peer in theirs:
            row += [ratios(reader.rates, peer.rates), ratios(peer.latencies_ms, reader.latencies_ms)]
        rows.append(row)
    header = [f"{what} {peer.name}" for peer in theirs for what in ("throughput ×", "latency ÷")]
    print(*table(("reader", *header), rows), sep="\n")
    for reader in (*mine, *theirs):
        reader.worker.stop()


def exported(model: str, folder: Path) -> dict[str, str]:
    """Name → what to load: the reader in torch, and exported in both precisions."""
    which = ["--model", model] if Path(model).exists() else ["--task", model]
    for name, options in (("float32", []), ("int8", ["--int8"])):
        command = [sys.executable, "-m", "seqrec", "export", *which, "-o", str(folder / f"{name}.onnx"), *options]
        subprocess.run(command, check=True)
    return {
        "seqrec, ONNX int8": str(folder / "int8.onnx"),
        "seqrec, ONNX float32": str(folder / "float32.onnx"),
        "seqrec, torch float32": model,
    }


if __name__ == "__main__":
    main()
