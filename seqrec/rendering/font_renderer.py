"""A ready renderer: symbols of any alphabet in given fonts or glyph pictures, on plain paper, moderately photographed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from seqrec.alphabet import Alphabet
from seqrec.errors import AlphabetError
from seqrec.interfaces import Renderer, Sample
from seqrec.rendering import camera, degrade
from seqrec.rendering.dice import Dice
from seqrec.rendering.fonts import Font, Grey
from seqrec.rendering.glyph_folder import GlyphFolder
from seqrec.rendering.layout import Line, lay_out
from seqrec.rendering.options import require, with_options
from seqrec.rendering.surface import texture
from seqrec.rendering.warps import Bend, Warp, corners, scale_and_shift, tilt

LETTER_SHARE = 0.9
"""Height of a capital when it is set, as a part of the picture's height."""


@dataclass(frozen=True)
class FontOptions:
    """What a recipe's `[renderer]` table may say.

    Attributes:
        height_px: Height of the pictures.
        difficulty: 0 clean, 1 worn: how often and how much the pictures are degraded.
        min_length: Fewest symbols.
        max_length: Most symbols.
    """

    height_px: int = 32
    difficulty: float = 0.6
    min_length: int = 1
    max_length: int = 24

    def __post_init__(self) -> None:
        require(8 <= self.height_px <= 512, "height_px", self.height_px, "8 to 512")
        require(0 <= self.difficulty <= 1, "difficulty", self.difficulty, "0 to 1")
        require(self.min_length >= 1, "min_length", self.min_length, "1 or more")
        require(self.max_length >= self.min_length, "max_length", self.max_length, f"{self.min_length} or more")


@dataclass(frozen=True)
class _Face:
    """A font with the symbols that it can draw, those of them that have ink, and the rows that their ink takes."""

    font: Font | GlyphFolder
    symbols: tuple[str, ...]
    inked: tuple[str, ...]
    cell: tuple[int, int]


def _face(font: Font | GlyphFolder, symbols: Sequence[str], letter_px: int) -> _Face:
    drawn = tuple(symbol for symbol in symbols if font.can_draw(symbol))
    inked = tuple(symbol for symbol in drawn if font.has_ink(symbol))
    size = font.size_px(letter_px)
    # A single dot says something by its place in the cell, so the picture always shows the whole cell.
    glyphs = [font.glyph(symbol, size) for symbol in inked[:: 1 + len(inked) // 400]]
    rows = [(glyph.top, glyph.top + glyph.mask.shape[0]) for glyph in glyphs if glyph.mask.size]
    cell = (min((top for top, _ in rows), default=0), max((bottom for _, bottom in rows), default=0))
    return _Face(font, drawn, inked, cell)


class FontRenderer(Renderer):
    """Draws random sequences of an alphabet's symbols.

    Args:
        alphabet: The symbols; each is drawn as it is spelt.
        fonts: Font files, and folders of glyph pictures (see `seqrec.rendering.glyph_symbols`). A symbol is drawn only in fonts
            that have all of its characters.
        length: Fewest and most symbols of a picture.
        height_px: Height of the pictures.
        difficulty: 0 clean, 1 worn.

    Raises:
        AlphabetError: No font can draw a symbol; the message names it.
        RecipeError: A length, height or difficulty out of range.

    Example:
        >>> renderer = FontRenderer(Alphabet("dots", ["⠁", "⠃"]), fonts=["braille.ttf"], length=(1, 5))
        >>> renderer.configured(renderer.alphabet, {"height_px": 48}).options.height_px
        48
    """

    def __init__(
        self,
        alphabet: Alphabet,
        fonts: Sequence[str | Path],
        length: tuple[int, int] = (1, 24),
        height_px: int = 32,
        difficulty: float = 0.6,
    ) -> None:
        self.alphabet = alphabet
        self.fonts = tuple(Path(font) for font in fonts)
        self.options = FontOptions(height_px, difficulty, *length)

    def configured(self, alphabet: Alphabet, options: Mapping[str, object]) -> "FontRenderer":
        """This renderer for another alphabet and with other options; see `FontOptions`.

        Raises:
            RecipeError: An unknown key, a wrong type or a value out of range.
        """
        changed = with_options(self.options, options)
        length = (changed.min_length, changed.max_length)
        return FontRenderer(alphabet, self.fonts, length, changed.height_px, changed.difficulty)

    @cached_property
    def _faces(self) -> list[_Face]:
        letter_px = round(LETTER_SHARE * self.options.height_px)
        fonts = [GlyphFolder(path) if path.is_dir() else Font(path) for path in self.fonts]
        faces = [_face(font, self.alphabet.symbols, letter_px) for font in fonts]
        known = {symbol for face in faces for symbol in face.symbols}
        for symbol in self.alphabet.symbols:
            if symbol not in known:
                names = ", ".join(path.name for path in self.fonts) or "no fonts"
                raise AlphabetError(
                    f"symbol {symbol!r} of alphabet '{self.alphabet.name}' cannot be drawn with {names}; add a font that has it"
                )
        return [face for face in faces if face.inked]

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_faces"}

    def render(self, rng: np.random.Generator) -> Sample:
        """One picture with its label; boxes are the x-spans of the symbols' ink.

        Raises:
            AlphabetError: No font can draw a symbol of the alphabet.
        """
        dice = Dice(rng, self.options.difficulty)
        face = dice.pick(self._faces)
        pieces = self._sequence(dice, face)
        spelt = self.alphabet.separator and not isinstance(face.font, GlyphFolder)  # only names in letters need room between them
        apart = 0.4 if spelt else 0.0
        letter_px = round(LETTER_SHARE * self.options.height_px)
        font = face.font.shuffled(dice) if isinstance(face.font, GlyphFolder) else face.font
        line = lay_out(font, pieces, letter_px, tracking=apart + dice.strength(0, 0.15), cell=face.cell)
        warp, sensor = _framed(dice, line, self.options.height_px)
        pad = line.mask.shape[0] // 2 + 2
        paper = _paper(dice, line, pad)
        scale = sensor[0] / paper.shape[0]
        if scale < 0.5:
            paper = degrade.focus_blur(paper, 0.3 / scale)
        moved = Warp((warp.centre[0] + pad, warp.centre[1] + pad), warp.bend, warp.matrix)
        picture = camera.lit(moved.picture(paper, *sensor), dice)
        picture = camera.photographed(picture, dice, sensor[0] * 0.7)
        height_px = self.options.height_px
        width_px = max(4, round(sensor[1] * height_px / sensor[0]))
        spans = warp.spans(line.boxes, sensor[1], width_px)
        return Sample(degrade.resized(picture, height_px, width_px), self.alphabet.text(pieces), spans)

    def _sequence(self, dice: Dice, face: _Face) -> list[str]:
        """Random symbols that the alphabet splits again as they were put together; no blank at an end."""
        count = self.options.min_length + dice.below(self.options.max_length - self.options.min_length + 1)
        pieces: list[str] = []
        for _ in range(20 * count):
            outside = len(pieces) in (0, count - 1)
            longer = [*pieces, dice.pick(face.inked if outside else face.symbols)]
            if self.alphabet.split(self.alphabet.text(longer)) == longer:
                pieces = longer
            if len(pieces) == count:
                break
        return pieces


def _framed(dice: Dice, line: Line, height_px: int) -> tuple[Warp, tuple[int, int]]:
    """The warp from the line's mask to the sensor, and the sensor's rows and columns."""
    rows, columns = line.mask.shape
    matrix = tilt(
        stretch=float(np.exp(dice.around(0.1, 0.3))),
        shear=dice.around(0.08, 0.25),
        turn_deg=dice.around(1.2, 4) * min(1.0, 6 * rows / columns),
        perspective_x=dice.around(0.04, 0.1) / columns,
    )
    warp = Warp((columns / 2, rows / 2), Bend(), matrix)
    moved = warp.forward(corners(np.array([[0, 0, columns, rows]], np.float32)))
    (left, top), (right, bottom) = moved.min(axis=0), moved.max(axis=0)
    room = [dice.between(0.02, 0.25) * (bottom - top) for _ in range(4)]
    left, top, right, bottom = left - room[0], top - room[1], right + room[2], bottom + room[3]
    sensor_px = round(height_px * (dice.strength(1, 0.5) if dice.chance(0.4) else 1))
    scale = sensor_px / (bottom - top)
    sensor_width = max(4, round((right - left) * scale))
    return warp.followed_by(scale_and_shift(scale, scale, -left * scale, -top * scale)), (sensor_px, sensor_width)


def _paper(dice: Dice, line: Line, pad: int) -> Grey:
    """The line in ink on paper, with so many pixels around it."""
    rows, columns = line.mask.shape
    contrast = dice.between(225, 225 - 130 * dice.difficulty)
    dark = dice.between(0, 250 - contrast)
    ink, ground = (dark, dark + contrast) if dice.coin(0.7) else (dark + contrast, dark)
    paper = np.full((rows + 2 * pad, columns + 2 * pad), ground, np.float32)
    if dice.chance(0.8):
        kind = dice.pick(("paper", "grain", "clouds", "fibres"))
        grain = texture(kind, paper.shape[0], paper.shape[1], dice.rng)
        paper += np.float32(dice.strength(0.01, 0.08) * contrast) * grain
    area = paper[pad:-pad, pad:-pad]
    area += (np.float32(ink) - area) * (line.mask * np.float32(1 / 255))
    return np.asarray(np.clip(paper, 0, 255), np.uint8)
