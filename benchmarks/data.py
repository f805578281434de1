"""How fast pictures are read and decoded on one core from LMDB sets: as published, stored 32 high, and as raw bytes.

$ python benchmarks/data.py "$SEQREC_DEV_DATA/iiit5k-train"

Each figure is the best of several rounds over the whole set, pictures in a random order, and counts the processor's time that
this process used, so that what else runs on the machine matters little. `wall` says what the clock said.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from seqrec.data.convert import write_samples
from seqrec.data.readers import open_dataset
from seqrec.data.store import LmdbStore
from seqrec.data.writer import LmdbWriter
from seqrec.interfaces import Store
from seqrec.pictures import encode_png, fit_height, open_picture


def measured(name: str, goal: int, store: Store, use: Callable[[bytes, int], object], rounds: int) -> None:
    """One line of the table."""
    order = np.random.default_rng(1).permutation(len(store)).tolist()
    best, wall = float("inf"), float("inf")
    for _ in range(rounds):
        began, clock = time.process_time(), time.perf_counter()
        for index in order:
            use(store.encoded(index), index)
        best, wall = min(best, time.process_time() - began), min(wall, time.perf_counter() - clock)
    print(f"| {name} | {len(store) / best:,.0f} | {len(store) / wall:,.0f} | {goal:,} |")


def main() -> None:
    """Write the sets, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", help="a data set, as IIIT5K's training part")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    source = open_dataset(chosen.path)
    with tempfile.TemporaryDirectory() as folder:
        write_samples(source, Path(folder) / "original")
        with LmdbWriter(Path(folder) / "small") as writer:
            for index in range(len(source)):
                image = fit_height(open_picture(source.encoded(index)), 32, 4)
                writer.add(encode_png(image), source.label(index), image.shape[::-1])
        original, small = LmdbStore(Path(folder) / "original"), LmdbStore(Path(folder) / "small")
        print("| pictures a second | processor | wall | goal |\n| --- | --- | --- | --- |")
        measured("as published, read and decoded", 3000, original, lambda encoded, _: open_picture(encoded), chosen.rounds)
        measured("stored 32 high, read and decoded", 10_000, small, lambda encoded, _: open_picture(encoded), chosen.rounds)
        measured("raw bytes", 50_000, original, lambda encoded, _: len(encoded), chosen.rounds)


if __name__ == "__main__":
    main()
