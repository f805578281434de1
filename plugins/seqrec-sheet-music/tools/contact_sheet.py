"""Draws sample pictures of the renderer below each other into one PNG, to be looked at.

python tools/contact_sheet.py sheet.png --count 24 --seed 1 --difficulty 0.8 --held-out --boxes
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.data.sources import RenderedSource
from seqrec.interfaces import Sample
from seqrec_sheet_music.alphabets import ALPHABETS
from seqrec_sheet_music.renderer import SheetMusicRenderer

GAP_PX = 6
COLOURS = ((0, 0, 230), (230, 120, 0), (0, 150, 0))

Colour = npt.NDArray[np.uint8]


def tile(sample: Sample, boxes: bool, labels: bool, separator: str) -> Colour:
    """One sample, (H, W, 3), perhaps with its boxes and its label below it."""
    picture = np.repeat(sample.image[:, :, None], 3, axis=2)
    if boxes and sample.boxes is not None:
        for index, (left, right) in enumerate(sample.boxes.tolist()):
            top = 2 + 4 * (index % 3)
            cv2.rectangle(picture, (round(left), top), (max(round(right), round(left) + 1), top + 2), COLOURS[index % 3], -1)
    if labels:
        strip = np.full((14, picture.shape[1], 3), 255, np.uint8)
        text = sample.label.replace(separator, " ")
        cv2.putText(strip, text, (1, 10), cv2.FONT_HERSHEY_SIMPLEX, 0.32, (0, 0, 0), 1, cv2.LINE_AA)
        picture = np.concatenate([picture, strip])
    return picture


def sheet(tiles: list[Colour], width_px: int) -> Colour:
    """The tiles in rows, filled from the left."""
    rows: list[list[Colour]] = [[]]
    for one in tiles:
        if rows[-1] and sum(other.shape[1] + GAP_PX for other in rows[-1]) + one.shape[1] > width_px:
            rows.append([])
        rows[-1].append(one[:, :width_px])
    strips = []
    for row in rows:
        strip = np.full((max(one.shape[0] for one in row) + GAP_PX, width_px, 3), 120, np.uint8)
        left = 0
        for one in row:
            strip[: one.shape[0], left : left + one.shape[1]] = one
            left += one.shape[1] + GAP_PX
        strips.append(strip)
    return np.concatenate(strips)


def main() -> None:
    """Draw a contact sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=96)
    parser.add_argument("--difficulty", type=float, default=1.0)
    parser.add_argument("--max-bars", type=int, default=6)
    parser.add_argument("--alphabet", default="sheet-music", choices=[alphabet.name for alphabet in ALPHABETS])
    parser.add_argument("--held-out", action="store_true", help="tunes and font of validation")
    parser.add_argument("--boxes", action="store_true", help="mark the spans of the symbols")
    parser.add_argument("--labels", action="store_true")
    chosen = parser.parse_args()
    alphabet = next(one for one in ALPHABETS if one.name == chosen.alphabet)
    options = {"height_px": chosen.height, "difficulty": chosen.difficulty, "max_bars": chosen.max_bars}
    renderer = SheetMusicRenderer().configured(alphabet, options)
    source = RenderedSource(renderer.held_out() if chosen.held_out else renderer, chosen.seed)
    samples = [source.sample(index) for index in range(chosen.count)]
    tiles = [tile(sample, chosen.boxes, chosen.labels, alphabet.separator) for sample in samples]
    chosen.out.write_bytes(cv2.imencode(".png", sheet(tiles, chosen.width))[1].tobytes())


if __name__ == "__main__":
    main()
