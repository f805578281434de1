"""Words a second that the scene-text renderer draws on one core, by difficulty.

Run with `python benchmarks/rendering.py`; processor time is counted, so that other work on the machine matters little.
The first words of a process are slower, for typefaces are loaded and glyphs drawn when they are first used.
"""

import argparse
import time

import cv2
import numpy as np

from seqrec_scene_text.alphabets import ascii95
from seqrec_scene_text.renderer import SceneTextRenderer


def words_per_second(difficulty: float, count: int, warm_up: int) -> float:
    """Words a second of processor time, after so many words to warm up."""
    renderer = SceneTextRenderer().configured(ascii95, {"difficulty": difficulty})
    rng = np.random.default_rng(0)
    for _ in range(warm_up):
        renderer.render(rng)
    start = time.process_time()
    for _ in range(count):
        renderer.render(rng)
    return count / (time.process_time() - start)


def main() -> None:
    """Print one line a difficulty."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="words to measure")
    parser.add_argument("--warm-up", type=int, default=3000, help="words to draw before that")
    arguments = parser.parse_args()
    cv2.setNumThreads(0)
    print(f"first {arguments.count} words of a process: {words_per_second(1.0, arguments.count, 0):.0f} words/s")
    for difficulty in (0.0, 0.5, 1.0):
        print(f"difficulty {difficulty}: {words_per_second(difficulty, arguments.count, arguments.warm_up):.0f} words/s")


if __name__ == "__main__":
    main()
