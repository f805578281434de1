"""How often the staff of a practice picture is found, and what straightening cuts off, by difficulty; held-out font and tunes.

python benchmarks/straightening.py --count 1000 [--data measured/engravers/abcm2ps]

With `--data`, how often the lines that are found leave those of the staff, as beams tempt them to: they bend then by more than
paper does. And how often one staff of a set is taken for two, and two, one above the other, are told: as they are, and as the
renderer's camera sees them.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from decoding_measure import table

from seqrec import Prepared, Sample
from seqrec.data.readers import open_dataset
from seqrec.interfaces import Picture
from seqrec.pictures import open_picture
from seqrec.plugins import registry
from seqrec.rendering import Dice, camera
from seqrec.threads import one_thread_each
from seqrec_sheet_music.renderer import SheetMusicOptions, SheetMusicRenderer
from seqrec_sheet_music.staff_lines import find_staff
from seqrec_sheet_music.straightening import straightened

FARTHEST = 0.4
"""From a parabola, in staff spaces; the camera of the renderer bends paper by less."""


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


def above_each_other(one: Picture, other: Picture) -> Picture:
    """Both on one page."""
    width = max(one.shape[1], other.shape[1])
    pages = [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=255) for part in (one, other)]
    return np.asarray(np.vstack(pages), np.uint8)


def photographed(picture: Picture, number: int) -> Picture:
    """As the renderer's camera sees it."""
    dice = Dice(np.random.default_rng(number), 1.0)
    return camera.photographed(camera.lit(picture, dice), dice, 7.0)


def told(pictures: Sequence[Picture]) -> str:
    """On how many a second staff is found."""
    found = [find_staff(picture) for picture in pictures]
    return f"{sum(lines is not None and lines.another for lines in found)} of {len(pictures)}"


def strayed(picture: Picture) -> bool:
    """Whether no lines are found, or such as are far from any parabola."""
    lines = find_staff(picture)
    if lines is None:
        return True
    parabola = np.polyval(np.polyfit(lines.x, lines.middle, 2), lines.x)
    return bool((np.abs(lines.middle - parabola) > FARTHEST * lines.space).any())


def row_of_set(path: Path) -> list[str]:
    """A set's staves alone and in pairs."""
    store = open_dataset(path, [one for _, one in registry().dataset_readers])
    alone = [open_picture(store.encoded(place)) for place in range(len(store))]
    pairs = [above_each_other(*pair) for pair in pairwise(alone)]
    lain = [[photographed(one, number) for number, one in enumerate(given)] for given in (alone, pairs)]
    astray = [f"{sum(map(strayed, pictures))} of {len(pictures)}" for pictures in (alone, lain[0])]
    return [path.name, *astray, told(alone), told(lain[0]), told(pairs), told(lain[1])]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="pictures a difficulty")
    parser.add_argument("--data", type=Path, action="append", default=[], help="a labelled set of single staves, too")
    chosen = parser.parse_args()
    count = chosen.count
    one_thread_each()
    heads = ["difficulty", "pictures", "staff found", "a symbol cut off", "ms each", "median size before", "after"]
    if count:
        print("\n".join([*table(heads, [row(difficulty, count) for difficulty in (0.0, 0.5, 1.0)]), ""]))
    if chosen.data:
        heads = ["set", "lines astray", "photographed", "two staves told of one", "photographed", "of two", "photographed"]
        print("\n".join(table(heads, list(map(row_of_set, chosen.data)))))


if __name__ == "__main__":
    main()
