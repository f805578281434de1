"""Draws the README's picture: held-out renderings, what a reader reads in them, and how sure it is.

python draw_readme.py MODEL_OR_RUN OUT.png
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import seqrec
from seqrec.data.sources import RenderedSource
from seqrec_scene_text.renderer import SceneTextRenderer

SEED = 30_000_001
COLUMNS, ROWS, CARD = 5, 5, (216, 92)
SCALE = 2


def main() -> None:
    """Write the picture."""
    reader = seqrec.load(sys.argv[1])
    source = RenderedSource(SceneTextRenderer().held_out(), SEED)
    fonts = Path(__file__).parent.parent / "seqrec_scene_text" / "fonts"
    large = ImageFont.truetype(fonts / "inter-400-normal.woff2", 15 * SCALE)
    small = ImageFont.truetype(fonts / "inter-400-normal.woff2", 10 * SCALE)
    width, height = CARD[0] * SCALE, CARD[1] * SCALE
    page = Image.new("RGB", (COLUMNS * width, ROWS * height), "white")
    pen = ImageDraw.Draw(page)
    drawn = [sample for sample in map(source.sample, range(4 * COLUMNS * ROWS)) if 60 < sample.image.shape[1] <= 190]
    chosen = drawn[: COLUMNS * ROWS]
    readings = reader.read([sample.image for sample in chosen])
    for place, (sample, reading) in enumerate(zip(chosen, readings, strict=True)):
        x, y = place % COLUMNS * width + 8 * SCALE, place // COLUMNS * height + 8 * SCALE
        picture = Image.fromarray(np.ascontiguousarray(sample.image))
        page.paste(picture.resize((picture.width * SCALE, picture.height * SCALE), Image.Resampling.BICUBIC), (x, y))
        right = reading.text == sample.label
        pen.text((x, y + 36 * SCALE), reading.text, fill="#17612f" if right else "#a4211c", font=large)
        note = f"{reading.confidence:.0%}" + ("" if right else f" · it says {sample.label}")
        pen.text((x, y + 57 * SCALE), note, fill="#666666", font=small)
    page.quantize(128).save(sys.argv[2], optimize=True)


if __name__ == "__main__":
    main()
