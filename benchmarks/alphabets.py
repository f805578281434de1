"""Four ways for a reader of many symbols to read as if it had fewer, on the same posteriors.

    python benchmarks/alphabets.py --data "$SEQREC_DEV_DATA/iiit5k-train" --data "$SEQREC_DEV_DATA/icdar2015-train"

Read, then reduce: greedy in the reader's own alphabet, the text brought to the smaller one. Fold: before decoding, probabilities
of symbols that become the same are added and all else goes to the blank, which is what protocols and `Recognizer.folded` do.
Restrict: the same, but what has no place in the smaller alphabet is struck out, and the rest is made to add up to 1. Fold, beam:
summed over paths too.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
from decoding_measure import table

import seqrec
from seqrec.alphabet import Alphabet
from seqrec.cli.evaluate import chosen_protocol
from seqrec.columns import RememberingEngine
from seqrec.data.readers import READERS, open_dataset
from seqrec.decoding.choice import Decoding
from seqrec.evaluation import EXACT, evaluate
from seqrec.metrics import sequence_accuracy
from seqrec.recognizer import Engine


class Restricted:
    """An engine without the symbols that have no place in a smaller alphabet."""

    def __init__(self, engine: Engine, smaller: Alphabet) -> None:
        self.engine = engine
        self.alphabet, self.gives, self.width_step_px = engine.alphabet, engine.gives, engine.width_step_px
        self.frame_stride_px, self.frame_offset_px = engine.frame_stride_px, engine.frame_offset_px
        self.at_once, self.frames, self.log_probs = 1, engine.frames, engine.log_probs
        self.kept = np.array([True, *(bool(smaller.reduce(symbol)) for symbol in engine.alphabet.symbols)])

    def run(
        self, images: npt.NDArray[np.uint8], widths: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """As the engine's, the symbols struck out."""
        log_probs, lengths = self.engine.run(images, widths)
        kept = np.where(self.kept, log_probs, -np.inf)
        return (kept - np.logaddexp.reduce(kept, axis=2, keepdims=True)).astype(np.float32), lengths


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="scene-text", help="what `seqrec.load` takes")
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--protocol", default="alnum36")
    chosen = parser.parse_args()
    plain = seqrec.load(chosen.model)
    protocol = chosen_protocol(plain, chosen.protocol)
    if protocol.alphabet is None:
        raise SystemExit(f"protocol {protocol.name} has no alphabet of its own; name one that has")
    rows: dict[str, list[str]] = {"read, then reduce": [], "fold": [], "restrict": [], "fold, beam of 10": []}
    for path in chosen.data:
        store = open_dataset(path, READERS)
        reader = dataclasses.replace(plain, engine=RememberingEngine(plain.engine))
        own = evaluate(reader, store, EXACT, pictures=0)
        pairs = [(protocol.alphabet.reduce(row.text), protocol.alphabet.reduce(row.label)) for row in own.rows]
        readings, labels = zip(*pairs, strict=True)
        restricted = dataclasses.replace(reader, engine=Restricted(reader.engine, protocol.alphabet))
        beam = dataclasses.replace(reader, decoding=Decoding(decoder="beam"))
        found = [evaluate(one, store, protocol, pictures=0).sequence_accuracy for one in (reader, restricted, beam)]
        for cells, accuracy in zip(rows.values(), [sequence_accuracy(readings, labels), *found], strict=True):
            cells.append(f"{100 * accuracy:.2f}")
    print(
        *table(("way", *(path.resolve().name for path in chosen.data)), [[name, *cells] for name, cells in rows.items()]),
        sep="\n",
    )


if __name__ == "__main__":
    main()
