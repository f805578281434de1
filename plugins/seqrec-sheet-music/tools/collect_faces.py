"""Take the outlines of digits and of the letter C out of fonts: `seqrec_sheet_music/faces/faces.npz`, with licences beside it.

    python tools/collect_faces.py ../seqrec-scene-text/seqrec_scene_text/fonts

The folder holds woff2 files, `fonts.json` and `LICENSES/`, as the plugin for scene text ships them; one face of each family is
taken. Needs fonttools and brotli.
"""

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

from seqrec_sheet_music.faces import CHARACTERS, STEPS_OF_HEIGHT
from seqrec_sheet_music.outlines import contours

ORNAMENTAL = """
allerta-stencil black-ops-one codystar creepster dotgothic16 ewert fascinate faster-one new-rocker press-start-2p ribeye rye
saira-stencil-one sancreek stardos-stencil unifrakturcook vt323 wallpoet
"""
"""Families whose digits are made of pieces or dots, or full of ornament."""


def outline(font: TTFont, character: str) -> list[np.ndarray] | None:
    """Contours of a character in steps of its height, from its upper left corner; None where the font lacks it."""
    name = font.getBestCmap().get(ord(character))
    if name is None:
        return None
    glyphs = font.getGlyphSet()
    pen = SVGPathPen(glyphs)
    recording = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(recording)
    recording.replay(pen)
    found = contours(pen.getCommands())
    if not found:
        return None
    points = np.concatenate(found)
    (left, bottom), (_, top) = points.min(axis=0), points.max(axis=0)
    scale = STEPS_OF_HEIGHT / (top - bottom)
    made = [np.round((contour - (left, top)) * (scale, -scale)) for contour in found]
    fewer = [cv2.approxPolyDP(contour.astype(np.int32), 0.7, True)[:, 0] for contour in made]
    return [np.clip(contour, 0, 255).astype(np.uint8) for contour in fewer if len(contour) > 2]


def main() -> None:
    """Write the file and its licences."""
    source, target = Path(sys.argv[1]), Path(__file__).parent.parent / "seqrec_sheet_music" / "faces"
    points: list[np.ndarray] = []
    counts: list[int] = []  # of contours, character by character
    lengths: list[int] = []  # of points, contour by contour
    families: dict[str, str] = {}
    for face in json.loads((source / "fonts.json").read_text(encoding="utf-8")):
        if face["family_id"] in (*families, *ORNAMENTAL.split()) or face["license"] != "OFL-1.1" or face["style"] != "normal":
            continue
        font = TTFont(source / face["file"])
        shapes = [outline(font, character) for character in CHARACTERS]
        if None in shapes:
            continue
        families[face["family_id"]] = face["family"]
        for shape in shapes:
            counts.append(len(shape))
            lengths += map(len, shape)
            points += shape
    with (target / "faces.npz").open("wb") as file:
        np.savez_compressed(file, points=np.concatenate(points), counts=np.uint8(counts), lengths=np.uint16(lengths))
    shutil.copy(source / "LICENSES" / "OFL-1.1.txt", target / "OFL-1.1.txt")
    blocks = (source / "LICENSES" / "COPYRIGHTS.txt").read_text(encoding="utf-8").split("\n\n")
    kept = [block.strip() for block in blocks if any(f"({family}-*" in block for family in families)]
    assert len(kept) == len(families)
    head = "Outlines of digits and of the letter C in faces.npz come from these families, under the SIL Open Font License 1.1."
    (target / "COPYRIGHTS.txt").write_text("\n\n".join([head, *kept]) + "\n", encoding="utf-8")
    print(f"{len(families)} families, {(target / 'faces.npz').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
