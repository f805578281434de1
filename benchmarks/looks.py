"""Ways to make one reading of several looks at a picture: words right, calibration error, area under risk over coverage.

    python benchmarks/looks.py --data "$SEQREC_DEV_DATA/iiit5k-train" --data "$SEQREC_DEV_DATA/icdar2015-train"

The network runs once a picture and look; only what is made of its readings differs. `--model` takes an exported reader, which is
much faster.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from decoding_measure import table
from rounds import preface

import seqrec
import seqrec.recognizer
from seqrec.agreement import Seen, agreed, surest
from seqrec.cli.evaluate import chosen_protocol
from seqrec.columns import RememberingEngine
from seqrec.data.readers import READERS, open_dataset
from seqrec.evaluation import evaluate
from seqrec.reading import Reading
from seqrec.reliability import risk_coverage

Way = Callable[[Sequence[Seen]], Reading]


def weights(seen: Sequence[Seen]) -> Counter[tuple[str, ...]]:
    """Confidence of all looks together, for each reading."""
    total: Counter[tuple[str, ...]] = Counter()
    for reading, prior in seen:
        total[reading.symbols] += reading.confidence * prior
    return total


def elected(seen: Sequence[Seen]) -> Reading:
    """The reading that has most confidence of all looks together, as sure as the look that is surest of it."""
    total = weights(seen)
    most = max(total, key=lambda symbols: (bool(symbols), total[symbols]))
    return surest([one for one in seen if one[0].symbols == most])


def shared(reading: Reading, seen: Sequence[Seen]) -> Reading:
    """A reading, its confidence times its share of all looks' confidence."""
    total = weights(seen)
    return replace(reading, confidence=reading.confidence * total[reading.symbols] / max(sum(total.values()), 1e-300))


def mean(reading: Reading, seen: Sequence[Seen]) -> Reading:
    """A reading, as sure as all looks are in the mean: those that read something else count as 0."""
    return replace(reading, confidence=weights(seen)[reading.symbols] / len(seen))


WAYS: dict[str, Way] = {
    "the first look alone": lambda seen: seen[0][0],
    "the surest": surest,
    "the surest, as sure as all looks in the mean": lambda seen: mean(surest(seen), seen),
    "the surest, times its share (ours)": agreed,
    "most confidence together": elected,
    "most confidence together, as sure as all looks in the mean": lambda seen: mean(elected(seen), seen),
    "most confidence together, times its share": lambda seen: shared(elected(seen), seen),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="scene-text", help="what `seqrec.load` takes")
    parser.add_argument("--data", type=Path, action="append", required=True, help="a labelled set; may be repeated")
    parser.add_argument("--protocol", default="alnum36")
    chosen = parser.parse_args()
    plain = seqrec.load(chosen.model)
    protocol = chosen_protocol(plain, chosen.protocol)
    rows = [[name] for name in WAYS]
    for path in chosen.data:
        store = open_dataset(path, READERS)
        reader = replace(plain, engine=RememberingEngine(plain.engine))
        for row, way in zip(rows, WAYS.values(), strict=True):
            seqrec.recognizer.agreed = way  # type: ignore[assignment]
            found = evaluate(reader, store, protocol, pictures=0)
            area = risk_coverage(*found.outcomes).area
            row += [f"{100 * one:.2f}" for one in (found.sequence_accuracy, found.calibration_error, area)]
            print(path.name, *row, sep=" | ", file=sys.stderr, flush=True)
    print(preface(("seqrec", "onnxruntime", "numpy"), f"Protocol {protocol.name}.\n"))
    names = [path.resolve().name for path in chosen.data]
    print(*table(("way", *(f"{name}, {rate}" for name in names for rate in ("right", "error", "area"))), rows), sep="\n")


if __name__ == "__main__":
    main()
