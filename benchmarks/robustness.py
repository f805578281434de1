"""What a reader bears: words read right under margins, turns, the other polarity, and from 12 to 300 pixels of height.

    python benchmarks/robustness.py --data "$SEQREC_DEV_DATA/iiit5k-train" --data "$SEQREC_DEV_DATA/icdar2015-train"

Every picture of a set is changed in the same way and read again. Margins are shares of the picture's height, on all four sides,
filled with the edge's pixels or with the picture's mirror image; turned pictures are shown in the upright box around them, the
corners filled with the edge's pixels; sizes are made by averaging or cubic splines. Where the task takes second looks, a column
says what would be read without them. `--model` takes an exported reader, which is much faster.
"""

import argparse
import dataclasses
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from decoding_measure import processor, table

import seqrec
from seqrec.cli.evaluate import chosen_protocol
from seqrec.columns import RememberingEngine
from seqrec.data.readers import READERS, open_dataset
from seqrec.evaluation import evaluate
from seqrec.interfaces import Picture, Store
from seqrec.perturbation import PerturbedStore, at_height, inverted, rotated, with_margin

CONDITIONS: dict[str, Callable[[Picture], Picture] | None] = {
    "as published": None,
    "negative": inverted,
    **{f"margin {share} %, edge repeated": partial(with_margin, share=share / 100) for share in (5, 10, 20, 30, 40)},
    **{f"margin {share} %, mirrored": partial(with_margin, share=share / 100, border="reflect") for share in (10, 20, 40)},
    **{f"turned by {degrees:+d}°": partial(rotated, degrees=degrees) for degrees in (-10, -5, -2, 2, 5, 10)},
    **{f"{height} pixels high": partial(at_height, height_px=height) for height in (12, 16, 20, 24, 32, 64, 128, 300)},
}


@dataclass(frozen=True)
class Every:
    """Every n-th sample of a set."""

    store: Store
    step: int

    def __len__(self) -> int:
        return -(-len(self.store) // self.step)

    def key(self, index: int) -> str:
        """As the set's."""
        return self.store.key(index * self.step)

    def label(self, index: int) -> str:
        """As the set's."""
        return self.store.label(index * self.step)

    def encoded(self, index: int) -> bytes:
        """As the set's."""
        return self.store.encoded(index * self.step)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="scene-text", help="what `seqrec.load` takes")
    parser.add_argument("--data", type=Path, action="append", required=True, help="a labelled set; may be repeated")
    parser.add_argument("--protocol", default="alnum36")
    parser.add_argument("--every", type=int, default=1, help="read only every n-th picture")
    parser.add_argument("--only", default="", help="only conditions whose name holds this")
    chosen = parser.parse_args()
    reader = seqrec.load(chosen.model)
    protocol = chosen_protocol(reader, chosen.protocol)
    sets = [(path.resolve().name, Every(open_dataset(path, READERS), chosen.every)) for path in chosen.data]
    once = reader.task and reader.task.second_looks and dataclasses.replace(reader.task, second_looks=None)
    rows = []
    for name, change in CONDITIONS.items():
        if chosen.only in name:
            rows.append([name])
            for _, store in sets:
                shown = store if change is None else PerturbedStore(store, change)
                remembering = dataclasses.replace(reader, engine=RememberingEngine(reader.engine))
                ways = [dataclasses.replace(remembering, task=once), remembering] if once else [remembering]
                found = [evaluate(one, shown, protocol, pictures=0) for one in ways]
                rows[-1] += [f"{100 * one.sequence_accuracy:.2f}" for one in found]
            print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    versions = ", ".join(f"{one} {importlib.metadata.version(one)}" for one in ("seqrec", "opencv-python-headless", "numpy"))
    sizes = ", ".join(f"{name} {len(store):,}" for name, store in sets)
    print(
        f"`python {' '.join(sys.argv)}`, {date.today().isoformat()}, {os.cpu_count()} cores of {processor()} "
        f"({platform.system()} {platform.machine()}), {versions}. Words right in percent, protocol {protocol.name}; {sizes}.\n"
    )
    header = [part for name, _ in sets for part in ([f"{name}, one look"] if once else []) + [name]]
    print(*table(("pictures", *header), rows), sep="\n")


if __name__ == "__main__":
    main()
