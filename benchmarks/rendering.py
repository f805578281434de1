"""Words and staves a second that the renderers draw on one core, by difficulty.

Run with `python benchmarks/rendering.py`; processor time is counted, so that other work on the machine matters little.
The first pictures of a process are slower, for typefaces are loaded and glyphs drawn when they are first used.
"""

import argparse
import time

import cv2
import numpy as np

from seqrec import Renderer
from seqrec_scene_text.alphabets import ascii95
from seqrec_scene_text.renderer import SceneTextRenderer
from seqrec_sheet_music.alphabets import semantic
from seqrec_sheet_music.renderer import SheetMusicRenderer
from seqrec_sheet_music.straightening import straightened


def per_second(renderer: Renderer, count: int, warm_up: int, straighten: bool = False) -> float:
    """Pictures a second of processor time, after so many pictures to warm up; straightened, as training wants them, or not."""
    rng = np.random.default_rng(0)
    start = 0.0
    for number in range(warm_up + count):
        if number == warm_up:
            start = time.process_time()
        picture = renderer.render(rng).image
        if straighten:
            straightened(picture)
    return count / (time.process_time() - start)


def main() -> None:
    """Print one line a renderer and difficulty."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="words to measure")
    parser.add_argument("--warm-up", type=int, default=3000, help="words to draw before that")
    parser.add_argument("--staves", type=int, default=400, help="staves to measure")
    chosen = parser.parse_args()
    cv2.setNumThreads(0)
    words, staves = SceneTextRenderer(), SheetMusicRenderer()
    print(f"first {chosen.count} words of a process: {per_second(words, chosen.count, 0):.0f} words/s")
    for difficulty in (0.0, 0.5, 1.0):
        found = per_second(words.configured(ascii95, {"difficulty": difficulty}), chosen.count, chosen.warm_up)
        print(f"difficulty {difficulty}: {found:.0f} words/s")
    for difficulty in (0.0, 0.5, 1.0):
        drawn = staves.configured(semantic, {"difficulty": difficulty})
        plain, finished = (per_second(drawn, chosen.staves, 50, straighten) for straighten in (False, True))
        print(f"difficulty {difficulty}: {plain:.0f} staves/s, {finished:.0f} straightened")


if __name__ == "__main__":
    main()
