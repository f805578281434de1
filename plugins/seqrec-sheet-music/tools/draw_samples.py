"""Draws the plugin's sample pictures: held-out font and tunes, from clean to photographed.

python tools/draw_samples.py
"""

from pathlib import Path

import cv2
import numpy as np

from seqrec_sheet_music.renderer import SheetMusicOptions, SheetMusicRenderer

FOLDER = Path(__file__).parent.parent / "seqrec_sheet_music" / "samples"
COUNT, SEED = 12, 20261128


def main() -> None:
    """Write pictures and labels."""
    FOLDER.mkdir(exist_ok=True)
    lines = []
    for number in range(COUNT):
        difficulty = number / (COUNT - 1)
        options = SheetMusicOptions(height_px=128, difficulty=difficulty, min_notes=6, max_notes=20, max_bars=4, rare=0.0)
        sample = SheetMusicRenderer(options=options, validation=True).render(np.random.default_rng((SEED, number)))
        name = f"sample-{number + 1:02}.png"
        cv2.imwrite(str(FOLDER / name), sample.image)
        lines.append(f"{name}\t{sample.label}\n")
    (FOLDER / "gt.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
