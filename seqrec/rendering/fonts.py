"""Fonts: a typeface file, what it cannot draw, and the pictures of its glyphs, kept per process."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from seqrec.errors import DataError

Grey = npt.NDArray[np.uint8]
"""Grey values or coverage, (H, W), 0..255."""

CACHED_GLYPHS = 60_000
"""Glyphs kept in a process; about 1 kB each at a letter height of 36 px."""
CACHED_PAIRS = 1500
"""Kerned pairs kept for a font and size."""
PROBE_PX = 32
NO_CHARACTER = "\U0010fffe"
"""Stands in no font: what a font draws for it is its sign for 'missing'."""

_faces: dict[tuple[str, int], ImageFont.FreeTypeFont] = {}
_glyphs: dict[tuple[str, int, str], "Glyph"] = {}
_kernings: dict[tuple[str, int], dict[str, float]] = {}
_sizes: dict[tuple[str, int], int] = {}


@dataclass(frozen=True, eq=False)
class Glyph:
    """The picture of one piece of text.

    Attributes:
        mask: Coverage of its ink, (H, W), uint8; (0, 0) where it has none.
        left: x of the mask's first column from the pen, px.
        top: y of the mask's first row from the baseline, px; negative above it.
        advance: Way of the pen to the next piece, px.
    """

    mask: Grey
    left: int
    top: int
    advance: float


@dataclass(frozen=True, eq=False)
class Font:
    """A typeface file. It pickles: what is loaded from the file stays in the process that loaded it.

    Args:
        path: A file that FreeType reads: TTF, OTF, WOFF2.
        family: Name of the family it belongs to.
        missing: Characters that it cannot draw, or None to find out by drawing.
        caps_only: Whether its small letters look like capitals.
        weight: 100 thin to 900 heavy.
        category: Kind of face, as `sans` or `script`; empty where it is not known.
    """

    path: Path
    family: str = ""
    missing: str | None = None
    caps_only: bool = False
    weight: int = 400
    category: str = ""

    def can_draw(self, piece: str) -> bool:
        """Whether the font has every character of a piece.

        Where nobody said which are missing, a character counts as missing if it looks like the sign for 'missing'.
        """
        if self.missing is not None:
            return not any(character in self.missing for character in piece)
        nothing = self.glyph(NO_CHARACTER, PROBE_PX).mask
        return all(
            character.isspace() or not np.array_equal(self.glyph(character, PROBE_PX).mask, nothing) for character in piece
        )

    def has_ink(self, piece: str) -> bool:
        """Whether anything is seen of a piece."""
        return bool(self.glyph(piece, PROBE_PX).mask.size)

    def size_px(self, letter_height_px: int) -> int:
        """The font size at which a capital H is so many pixels high; the tallest ink counts in a font without H."""
        key = (str(self.path), letter_height_px)
        if key not in _sizes:
            probe = self.glyph("H" if self.can_draw("H") else "\u28ff", 100).mask.shape[0]
            _sizes[key] = max(4, round(letter_height_px * 100 / probe)) if probe else letter_height_px
        return _sizes[key]

    def glyph(self, piece: str, size_px: int) -> Glyph:
        """The picture of one piece of text at a font size."""
        key = (str(self.path), size_px, piece)
        glyph = _glyphs.get(key)
        if glyph is None:
            if len(_glyphs) >= CACHED_GLYPHS:
                _glyphs.clear()
            glyph = _glyphs[key] = _draw(self._face(size_px), piece)
        return glyph

    def kerning(self, first: str, second: str, size_px: int) -> float:
        """What two neighbours move together (negative) or apart, px."""
        pairs = _kernings.setdefault((str(self.path), size_px), {})
        pair = f"{first}\0{second}"
        value = pairs.get(pair)
        if value is None:
            apart = self.glyph(first, size_px).advance + self.glyph(second, size_px).advance
            value = float(self._face(size_px).getlength(first + second)) - apart
            if abs(value) > 0.35 * size_px:  # a ligature, which is not drawn
                value = 0.0
            if len(pairs) < CACHED_PAIRS:
                pairs[pair] = value
        return value

    def _face(self, size_px: int) -> ImageFont.FreeTypeFont:
        key = (str(self.path), size_px)
        face = _faces.get(key)
        if face is None:
            try:
                face = ImageFont.truetype(str(self.path), size_px)
            except OSError as error:
                raise DataError(f"font '{self.path}' cannot be read ({error}); expected a TTF, OTF or WOFF2") from error
            _faces[key] = face
        return face


def _draw(face: ImageFont.FreeTypeFont, piece: str) -> Glyph:
    left, top, right, bottom = (round(value) for value in face.getbbox(piece, anchor="ls"))
    advance = float(face.getlength(piece))
    if right <= left or bottom <= top:
        return Glyph(np.zeros((0, 0), np.uint8), 0, 0, advance)
    picture = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(picture).text((-left, -top), piece, fill=255, font=face, anchor="ls")
    mask = np.array(picture, np.uint8)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return Glyph(np.zeros((0, 0), np.uint8), 0, 0, advance)
    mask = np.ascontiguousarray(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return Glyph(mask, left + int(columns[0]), top + int(rows[0]), advance)
