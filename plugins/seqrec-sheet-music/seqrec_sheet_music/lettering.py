"""Lettering: words beside the staff, in the typeface that comes with verovio."""

import base64
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from seqrec_sheet_music.drawing import NOTE_SIGN
from seqrec_sheet_music.errors import needed
from seqrec_sheet_music.ink import Grey

_FACE = re.compile(r"base64,([A-Za-z0-9+/=]+)[^}]*?font-weight:\s*(\w+);[^}]*?font-style:\s*(\w+);")
_STYLES = {
    ("normal", "normal"): "regular",
    ("bold", "normal"): "bold",
    ("normal", "italic"): "italic",
    ("bold", "italic"): "bold italic",
}
Face = ImageFont.FreeTypeFont | ImageFont.ImageFont
LEAST_PX = 5
"""Smaller letters are drawn at this size."""


@cache
def _files() -> dict[str, bytes]:
    """Style → font file: Liberation Serif as the installed verovio has it for its own SVG; empty where it has none."""
    sheet = Path(needed("verovio").__file__).parent / "data" / "Liberation.css"
    if not sheet.is_file():
        return {}
    found = _FACE.findall(sheet.read_text(encoding="utf-8"))
    return {_STYLES[weight, slant]: base64.b64decode(data) for data, weight, slant in found if (weight, slant) in _STYLES}


@cache
def _face(style: str, size_px: int) -> Face:
    data = _files().get(style)
    return ImageFont.truetype(io.BytesIO(data), size_px) if data else ImageFont.load_default(size_px)


def write(coverage: Grey, words: str, x: float, y: float, size_px: float, style: str = "regular", middle: bool = False) -> None:
    """Write words into a picture's ink, in place.

    Args:
        coverage: (H, W), uint8.
        words: Text.
        x: Start of the text, or its middle, px.
        y: Baseline, px.
        size_px: Font size.
        style: `regular`, `italic`, `bold` or `bold italic`.
        middle: Whether x is the middle.
    """
    size = max(LEAST_PX, round(size_px))
    face = _face(style, size)
    before, sign, behind = words.partition(NOTE_SIGN)
    pen = x - (float(face.getlength(words)) / 2 if middle else 0)
    pen += _line(coverage, before, pen, y, face)
    if sign:
        pen += _note_sign(coverage, pen, y, size)
        _line(coverage, behind, pen, y, face)


def _line(coverage: Grey, words: str, x: float, y: float, face: Face) -> float:
    """Write plain words; how far the pen moves."""
    left, top, right, bottom = (round(side) for side in face.getbbox(words, anchor="ls"))
    if words and right > left and bottom > top:
        picture = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(picture).text((-left, -top), words, fill=255, font=face, anchor="ls")
        paste(coverage, np.asarray(picture, np.uint8), round(x) + left, round(y) + top)
    return float(face.getlength(words))


def _note_sign(coverage: Grey, x: float, y: float, size: int) -> float:
    """Draw a quarter note as high as letters; how far the pen moves."""
    fine = 4
    picture = Image.new("L", (fine * size, fine * size))
    pencil = ImageDraw.Draw(picture)
    pencil.ellipse((0.1 * fine * size, 0.72 * fine * size, 0.48 * fine * size, fine * size - 1), fill=255)
    pencil.rectangle((0.43 * fine * size, 0.08 * fine * size, 0.48 * fine * size, 0.86 * fine * size), fill=255)
    mask = np.asarray(picture.resize((size, size), Image.Resampling.BOX), np.uint8)
    paste(coverage, mask, round(x), round(y) - size + 1)
    return 0.6 * size


def paste(coverage: Grey, mask: Grey, x: int, y: int) -> None:
    """Add ink to a picture's ink, in place; what lies outside is left out."""
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + mask.shape[1], coverage.shape[1]), min(y + mask.shape[0], coverage.shape[0])
    if x1 > x0 and y1 > y0:
        area = coverage[y0:y1, x0:x1]
        np.maximum(area, mask[y0 - y : y1 - y, x0 - x : x1 - x], out=area)
