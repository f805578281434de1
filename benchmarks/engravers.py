"""Staves drawn by engravers that no reader was trained on, as labelled sets: abcm2ps, LilyPond and MuseScore, from Debian.

    apt-get install abcm2ps librsvg2-bin lilypond musescore3
    python benchmarks/engravers.py -o measured/engravers --count 150
    seqrec evaluate --task sheet-music --data measured/engravers/abcm2ps --data measured/engravers/lilypond

Tunes are the composer's, of those that training never sees. With `--photographed` each picture lies before the renderer's camera;
with `--chords` half of the notes are the highest of a chord, of which the labels say nothing.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from engraver_abcm2ps import by_abcm2ps
from engraver_lilypond import by_lilypond
from engraver_musescore import by_musescore
from engraver_tunes import Tune, below

from seqrec.rendering import Dice, camera
from seqrec_sheet_music.composer import Wishes, compose

ENGRAVERS = {"abcm2ps": by_abcm2ps, "lilypond": by_lilypond, "musescore": by_musescore}


def main() -> None:
    """Draw a set with each engraver."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the sets; a new one")
    parser.add_argument("--count", type=int, default=150, help="staves an engraver")
    parser.add_argument("--seed", type=int, default=1, help="of the tunes")
    parser.add_argument("--photographed", action="store_true", help="as the renderer's camera sees them")
    parser.add_argument("--chords", action="store_true", help="half of the notes with others below them")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    wishes = Wishes(bars=(1, 4), notes=(3, 20), rare=0.0)
    composed = [compose(rng, wishes, held_out=True) for _ in range(arguments.count)]
    tunes: list[Tune] = [(tokens, below(tokens, rng) if arguments.chords else {}) for tokens in composed]
    for name, draw in ENGRAVERS.items():
        folder = arguments.out / name
        folder.mkdir(parents=True)
        for number, (tokens, picture) in enumerate(zip(composed, draw(tunes, folder), strict=True)):
            dice = Dice(np.random.default_rng((arguments.seed, number)), 1.0)
            seen = camera.photographed(camera.lit(picture, dice), dice, 7.0) if arguments.photographed else picture
            cv2.imwrite(str(folder / f"staff-{number:03}.png"), seen)
            (folder / f"staff-{number:03}.gt.txt").write_text("\t".join(tokens), encoding="utf-8")
        for leftover in (*folder.glob("page*"), *folder.glob("tunes*")):
            leftover.unlink()
        print(f"{folder}: {len(tunes)} staves")


if __name__ == "__main__":
    main()
