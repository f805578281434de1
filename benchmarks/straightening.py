"""How often the staff of a practice picture is found, and what straightening cuts off, by difficulty; held-out font and tunes.

python benchmarks/straightening.py --count 1000
"""

import argparse
import time

import cv2
import numpy as np
from decoding_measure import table

from seqrec import Prepared, Sample
from seqrec_sheet_music.renderer import SheetMusicOptions, SheetMusicRenderer
from seqrec_sheet_music.staff_lines import find_staff
from seqrec_sheet_music.straightening import straightened


def cut_off(sample: Sample, prepared: Prepared) -> bool:
    """Whether the middle of any symbol lies outside of what is kept."""
    assert sample.boxes is not None
    middles = sample.boxes.mean(1)
    return bool((middles < prepared.start_px).any() or (middles > prepared.start_px + prepared.width_px).any())


def row(difficulty: float, count: int) -> list[str]:
    """One difficulty's figures."""
    renderer = SheetMusicRenderer(options=SheetMusicOptions(difficulty=difficulty), validation=True)
    samples = [renderer.render(np.random.default_rng(number)) for number in range(count)]
    straightened(samples[0].image)  # compiles
    start = time.process_time()
    prepared = [straightened(sample.image) for sample in samples]
    milliseconds = 1000 * (time.process_time() - start) / count
    found = sum(find_staff(sample.image) is not None for sample in samples)
    cut = sum(map(cut_off, samples, prepared))
    widths = np.median([sample.image.shape[1] for sample in samples]), np.median([one.image.shape[1] for one in prepared])
    return [
        f"{difficulty:g}",
        f"{count:,}",
        f"{found / count:.1%}",
        f"{cut / count:.1%}",
        f"{milliseconds:.1f}",
        f"{widths[0]:.0f} × {samples[0].image.shape[0]}",
        f"{widths[1]:.0f} × {prepared[0].image.shape[0]}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="pictures a difficulty")
    count = parser.parse_args().count
    cv2.setNumThreads(0)
    heads = ["difficulty", "pictures", "staff found", "a symbol cut off", "ms each", "median size before", "after"]
    print("\n".join(table(heads, [row(difficulty, count) for difficulty in (0.0, 0.5, 1.0)])))


if __name__ == "__main__":
    main()
