"""Take the glyphs of notation out of music fonts: `seqrec_sheet_music/music_fonts/glyphs.npz`, with licences beside it.

    npm pack @vexflow-fonts/sebastian && tar xzf vexflow-fonts-sebastian-*.tgz
    python tools/collect_glyphs.py package …

Each folder is an unpacked package with one OpenType font and its licence. Petaluma must not be among them, it is held out. Needs
fonttools.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont

from seqrec_sheet_music.music_fonts import UNITS_PER_EM
from seqrec_sheet_music.outlines import contours

TARGET = Path(__file__).parent.parent / "seqrec_sheet_music" / "music_fonts"
RANGES = (
    (0xE044, 0xE044), (0xE050, 0xE050), (0xE05C, 0xE05C), (0xE062, 0xE062), (0xE080, 0xE08B), (0xE0A0, 0xE0A4),
    (0xE240, 0xE247), (0xE260, 0xE264), (0xE26A, 0xE26B), (0xE4A0, 0xE4AD), (0xE4C0, 0xE4C1), (0xE4E1, 0xE4E8),
    (0xE520, 0xE53F), (0xE566, 0xE56D),
)  # fmt: skip
"""Codes: repeat dots, clefs, digits of meters, noteheads, flags, accidentals and their brackets, articulation, fermatas, rests,
dynamics, ornaments. Source: SMuFL 1.4."""
_NEAR = 2.0  # units that a polygon may lie off its curve, 1/125 of a staff space


def outline(font: TTFont, code: int) -> list[np.ndarray]:
    """Contours of a glyph, none where the font lacks it."""
    name = font.getBestCmap().get(code)
    if name is None:
        return []
    glyphs = font.getGlyphSet()
    pen, recording = SVGPathPen(glyphs), DecomposingRecordingPen(glyphs)
    glyphs[name].draw(recording)
    recording.replay(pen)
    scale = UNITS_PER_EM / font["head"].unitsPerEm
    made = [np.round(contour * scale).astype(np.int32) for contour in contours(pen.getCommands())]
    fewer = [cv2.approxPolyDP(contour, _NEAR, True)[:, 0] for contour in made]
    return [contour.astype(np.int16) for contour in fewer if len(contour) > 2]


def main() -> None:
    """Write the file and its licences."""
    points, lengths, counts, fonts, codes = [], [], [], [], []
    blocks = ["Outlines of glyphs in glyphs.npz come from these music fonts, under the licences named."]
    for folder in map(Path, sys.argv[1:]):
        (file,) = folder.glob("*.otf")
        font = TTFont(file)
        for code in (code for low, high in RANGES for code in range(low, high + 1)):
            shape = outline(font, code)
            if shape:
                points += shape
                lengths += map(len, shape)
                counts.append(len(shape))
                fonts.append(file.stem)
                codes.append(f"{code:04X}")
        (licence,) = folder.glob("LICEN*")
        own = licence.read_text(encoding="utf-8").strip()
        terms = "SIL Open Font License 1.1, see OFL-1.1.txt" if "OPEN FONT LICENSE" in own.upper() else own
        rights = font["name"].getDebugName(0) or ""
        blocks.append("\n".join([font["name"].getDebugName(1), *([rights] if rights else []), terms]))
    with (TARGET / "glyphs.npz").open("wb") as target:
        np.savez_compressed(
            target,
            points=np.concatenate(points),
            lengths=np.uint16(lengths),
            counts=np.uint8(counts),
            fonts=np.array(fonts),
            codes=np.array(codes),
        )
    (TARGET / "COPYRIGHTS.txt").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    print(f"{len(set(fonts))} fonts, {len(codes)} glyphs, {(TARGET / 'glyphs.npz').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
