"""Which road to the tokens of sheet music reads best after equal training: the network, what it reads, its head, straightening.

    python benchmarks/music_roads.py -o runs/roads

Trains a network for each road with recipe `fast` from nothing, one after the other (or `--only NAME`), then reads the same
fragments with each: 3 to 20 notes, in the font and of tunes that training never draws. Whatever a network reads is turned into
semantic tokens by rules before it is compared; ties are left out.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from decoding_measure import table
from sheet_music import Read, Tokens, fragments

import seqrec
from seqrec.metrics import sequence_accuracy, symbol_error_rate
from seqrec_sheet_music.alphabets import read_tokens
from seqrec_sheet_music.deduction import to_semantic
from seqrec_sheet_music.metrics import pitch_error_rate, without_ties

LSTM = ["sequence.name=bilstm", "sequence.hidden=192", "sequence.layers=2"]
ROADS: dict[str, list[str]] = {
    "convolutions: shapes, parts": [],
    "convolutions: shapes, a row a class": ["transcription.compose=false"],
    "convolutions: shapes, not straightened": ["picture.prepare="],
    "convolutions: semantic, parts": ["alphabet=sheet-music"],
    "convolutions: agnostic": ["alphabet=sheet-music-agnostic"],
    "LSTM: shapes, parts": LSTM,
    "LSTM: shapes, a row a class": [*LSTM, "transcription.compose=false"],
    "LSTM: semantic, parts": [*LSTM, "alphabet=sheet-music"],
    "LSTM: agnostic": [*LSTM, "alphabet=sheet-music-agnostic"],
}
"""What differs from the recipe."""


def folder_of(road: str, out: Path) -> Path:
    """The run folder of a road."""
    return out / road.replace(",", "").replace(":", "").replace(" ", "-")


def trained(road: str, out: Path, steps: int, threads: int) -> None:
    """Train a road, or go on where it was stopped."""
    folder = folder_of(road, out)
    command = [sys.executable, "-m", "seqrec", "train", "--task", "sheet-music", "--steps", str(steps), "--threads", str(threads)]
    if (folder / "state.pt").exists():
        command += ["--resume"]
    else:
        command += [word for setting in ROADS[road] for word in ("--set", setting)]
    subprocess.run([*command, "-o", str(folder)], check=True, stdout=subprocess.DEVNULL)


def row(road: str, out: Path, count: int) -> list[str]:
    """What a road's network reads."""
    folder = folder_of(road, out)
    reader = seqrec.load(folder)
    rules = to_semantic if "agnostic" in road else None
    found: list[str] = []
    for difficulty in (0.0, 1.0):
        samples = fragments(difficulty, count, 0.0, 0, pitch=False)
        readings: list[Tokens] = [list(one.symbols) for one in reader.read([sample.image for sample in samples])]
        readings = [rules(one)[0] if rules else one for one in readings]
        labels = [read_tokens(sample.label) for sample in samples]
        compared = Read([without_ties(one) for one in readings], [without_ties(one) for one in labels])
        found += [
            f"{symbol_error_rate(compared.readings, compared.labels):.1%}",
            f"{sequence_accuracy(compared.readings, compared.labels):.1%}",
            f"{pitch_error_rate(readings, labels):.1%}",
        ]
    steps = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    last = [record for record in steps if record["event"] == "train"][-1]
    return [road, f"{last['pictures']:,}", f"{last['minutes']:.1f}", *found]


def main() -> None:
    """Train, read, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--count", type=int, default=400, help="fragments a condition")
    parser.add_argument("--only", action="append", choices=sorted(ROADS), help="train these; the table has all that are there")
    chosen = parser.parse_args()
    for road in chosen.only or ROADS:
        trained(road, chosen.out, chosen.steps, chosen.threads)
    rows = [row(road, chosen.out, chosen.count) for road in ROADS if folder_of(road, chosen.out).exists()]
    heads = ["the network reads", "pictures shown", "minutes", "clean: symbol errors", "all right", "pitch errors"]
    heads += ["camera: symbol errors", "all right", "pitch errors"]
    print("\n".join(table(heads, rows)))


if __name__ == "__main__":
    main()
