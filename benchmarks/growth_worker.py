"""One point of `benchmarks/growth.py`: reading in a process of its own, so that its peak of memory is its own.

    python benchmarks/growth_worker.py '{"model": "reader.onnx", "width": 400, "batch": 16}'

It answers requests, one JSON object a line on standard input, with one on standard output: `{"seconds": 1}` has it read so long.
"""

import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

import seqrec
from seqrec.decoding import load_lexicon
from seqrec.pictures import PictureSource
from seqrec_scene_text.renderer import SceneTextRenderer


@dataclass(frozen=True)
class Point:
    """What is read.

    Attributes:
        model: An exported reader.
        width: Of the pictures, pixels.
        batch: Pictures given at a time.
        lexicon: A compiled lexicon's file, or nothing.
        alphabet: A smaller one to read with.
        threads: Of the network; of one the processor's time is measured, of more the clock's.
    """

    model: str
    width: int = 100
    batch: int = 64
    lexicon: str = ""
    alphabet: str = ""
    threads: int = 2


def line(rng: np.random.Generator, width_px: int) -> npt.NDArray[np.uint8]:
    """Drawn words beside each other, 32 pixels high, cut off at a width."""
    renderer, pieces = SceneTextRenderer(), [np.zeros((32, 0), np.uint8)]
    while sum(piece.shape[1] for piece in pieces) < width_px:
        pieces.append(renderer.render(rng).image)
    return np.ascontiguousarray(np.concatenate(pieces, 1)[:, :width_px])


def main() -> None:
    """Answer until the input ends: pictures, seconds, and the most memory so far."""
    point = Point(**json.loads(sys.argv[1]))
    reader = seqrec.load(point.model, device="cpu", threads=point.threads, alphabet=point.alphabet)
    lexicon = load_lexicon(Path(point.lexicon)) if point.lexicon else None
    rng = np.random.default_rng(0)
    pictures = cast(list[PictureSource], [line(rng, point.width) for _ in range(point.batch)])
    for _ in range(2):
        reader.read(pictures, lexicon=lexicon)
    print(json.dumps({"ready": True}), flush=True)
    for request in sys.stdin:
        clock = time.process_time if point.threads == 1 else time.perf_counter
        most, passes, start = json.loads(request)["seconds"], 0, clock()
        while not passes or clock() - start < most:
            reader.read(pictures, lexicon=lexicon)
            passes += 1
        seconds = clock() - start
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"pictures": passes * point.batch, "seconds": seconds, "peak_mb": peak_mb}), flush=True)


if __name__ == "__main__":
    main()
