"""Glyph pictures: a folder with a picture of each symbol, used as a font."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from seqrec.errors import DataError
from seqrec.rendering.dice import Dice
from seqrec.rendering.fonts import CACHED_GLYPHS, Glyph, Grey

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
NOISE = 0.12
"""Contrast below this part of a picture's highest is paper, not ink: what JPEG leaves there."""

_glyphs: dict[tuple[Path, int], Glyph] = {}


def glyph_symbols(folder: Path) -> dict[str, list[Path]]:
    """The symbols that a folder has pictures of, each with its pictures, sorted.

    A symbol is named by its file (`7.png`), or by a subfolder with several pictures of it (`7/first.png`). `U+002F` stands for
    the character of that code point, for those that a file's name cannot hold.

    Raises:
        DataError: No folder, or no picture in it.
    """
    if not folder.is_dir():
        raise DataError(f"'{folder}' is no folder; expected one with a picture of each symbol")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        name = path.name if path.is_dir() else path.stem
        pictures = sorted(path.iterdir()) if path.is_dir() else [path]
        pictures = [picture for picture in pictures if picture.suffix.lower() in ENDINGS]
        if pictures and not name.startswith("."):
            found.setdefault(_symbol(name), []).extend(pictures)
    if not found:
        raise DataError(f"'{folder}' holds no glyph pictures; expected files such as 7.png, or folders such as 7/ with pictures")
    return dict(sorted(found.items()))


def _symbol(name: str) -> str:
    if name.startswith("U+"):
        try:
            return "".join(chr(int(code, 16)) for code in name.removeprefix("U+").split("+"))
        except (ValueError, OverflowError):
            raise DataError(f"glyph picture '{name}': no code point; expected U+ and hexadecimal digits, as in U+002F") from None
    return name


@dataclass(frozen=True)
class GlyphFolder:
    """Glyph pictures, drawn as a font draws: dark or bright ink on even paper, or ink on transparency.

    All pictures are scaled so that the highest is as high as a capital; lower ones stand on the line, and room that a picture
    leaves around its ink is kept, so that a dot low in its picture is drawn low.

    Args:
        path: The folder, see `glyph_symbols`.
        picks: Symbol → which of its pictures is drawn; symbols that are not in it are drawn with their first.
    """

    path: Path
    picks: dict[str, int] = field(default_factory=dict)

    @cached_property
    def pictures(self) -> dict[str, list[Path]]:
        """Symbol → its pictures."""
        return glyph_symbols(self.path)

    @cached_property
    def tallest_px(self) -> int:
        """Height of the highest picture."""
        return max(len(_read(picture)) for pictures in self.pictures.values() for picture in pictures)

    def shuffled(self, dice: Dice) -> "GlyphFolder":
        """The same glyphs, of each symbol any of its pictures."""
        other = GlyphFolder(
            self.path, {symbol: dice.below(len(found)) for symbol, found in self.pictures.items() if len(found) > 1}
        )
        other.__dict__.update({name: value for name, value in self.__dict__.items() if name in ("pictures", "tallest_px")})
        return other

    def can_draw(self, piece: str) -> bool:
        """Whether there is a picture of a symbol."""
        return piece in self.pictures

    def has_ink(self, piece: str) -> bool:
        """Whether anything is seen of a symbol."""
        return bool(self.glyph(piece, self.tallest_px).mask.any())

    def size_px(self, letter_height_px: int) -> int:
        """The size at which the highest picture has a height: that height."""
        return letter_height_px

    def glyph(self, piece: str, size_px: int) -> Glyph:
        """The picture of a symbol at a size."""
        pictures = self.pictures[piece]
        path = pictures[self.picks.get(piece, 0) % len(pictures)]
        glyph = _glyphs.get((path, size_px))
        if glyph is None:
            if len(_glyphs) >= CACHED_GLYPHS:
                _glyphs.clear()
            glyph = _glyphs[path, size_px] = _scaled(_read(path), size_px / self.tallest_px)
        return glyph

    def kerning(self, first: str, second: str, size_px: int) -> float:
        """Pictures stand side by side as they are: 0."""
        return 0.0


def _scaled(coverage: Grey, scale: float) -> Glyph:
    """The glyph of a picture's ink, cut to its inked columns; all rows are kept."""
    height, width = coverage.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    mask = np.asarray(cv2.resize(coverage, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8)
    columns = np.flatnonzero(mask.any(axis=0))
    if not columns.size:
        return Glyph(np.zeros((0, 0), np.uint8), 0, 0, float(size[0]))
    inked = np.ascontiguousarray(mask[:, columns[0] : columns[-1] + 1])
    return Glyph(inked, int(columns[0]), -size[1], float(size[0]))


def _read(path: Path) -> Grey:
    """Coverage of the ink, (H, W), uint8: opacity where a picture has any transparency, else difference from its border.

    Raises:
        DataError: It is no picture.
    """
    try:
        with Image.open(path) as picture:
            picture.load()
            alpha = np.asarray(picture.convert("RGBA"))[:, :, 3]
            grey = np.asarray(picture.convert("L"), np.float32)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DataError(f"glyph picture '{path}' cannot be read: {error}; expected PNG, JPEG, WebP, BMP, TIFF or GIF") from error
    if alpha.min() < 255:
        return np.ascontiguousarray(alpha)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    contrast = np.abs(grey - np.median(border))
    highest = contrast.max()
    if highest < 1:
        return np.zeros(grey.shape, np.uint8)
    contrast = np.clip((contrast / highest - NOISE) / (1 - NOISE), 0, 1)
    return np.asarray(contrast * 255, np.uint8)
