"""Overlays: a picture with its reading drawn onto it, symbol by symbol."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from seqrec.pictures import GreyPicture, turned
from seqrec.reading import Reading

LOW_PX, HIGH_PX = 96, 800
"""Lower pictures are enlarged, higher ones made smaller."""
WIDE_PX = 6000
"""No picture is enlarged beyond this width."""
NARROW_PX = 360
"""The whole drawing is at least as wide, so that the line above the picture has room."""

_PAPER, _INK, _LEADER = (255, 255, 255), (20, 20, 20), (190, 190, 190)
_TINTS = ((40, 110, 220), (240, 140, 0))  # of the spans, in turn
_TINT_SHARE = 0.16
_CONFIDENCE_COLOURS = ((200, 20, 20), (200, 110, 0), (0, 115, 60))  # of 0, 0.5 and 1
_UPRIGHT_LENGTH = 3  # longer names are written upwards
_BAR_PX, _GAP_PX = 5, 3
_NO_CHARACTER = "\U0010fffe"  # stands in no font: what is drawn for it is the font's sign for 'missing'

Colour = tuple[int, int, int]


class _Mark(NamedTuple):
    """One symbol: its span in pixels of the drawing, its colour, its name as a mask, and the mask's left edge and row."""

    left: float
    right: float
    colour: Colour
    name: Image.Image
    name_left: int
    row: int


def draw_overlay(picture: GreyPicture, reading: Reading) -> npt.NDArray[np.uint8]:
    """The picture with its reading drawn onto it.

    Above the picture stand the text and its confidence. On the picture each symbol's span is tinted, in two colours by turns;
    below it stand a bar as wide as the span and the symbol, coloured by the symbol's confidence from red by orange to green.
    Names of more than a few characters are written upwards, and names that would overlap go to further rows. What the
    font lacks is written as its code point.

    Args:
        picture: (H, W), uint8, as it was given to the reader; where it was read turned, it is drawn turned.
        reading: Its reading.

    Returns:
        (H', W', 3), uint8, RGB.
    """
    photo = Image.fromarray(turned(picture, reading.turned))
    scale = _scale(*photo.size)
    photo = photo.resize((max(round(photo.width * scale), 1), max(round(photo.height * scale), 1)), Image.Resampling.BICUBIC)
    width = max(photo.width, NARROW_PX)
    font = _font(min(max(photo.height // 6, 15), 28))
    marks = _marks(reading, scale, font, width)
    header = _line(_header(reading, font, width - 2 * _GAP_PX), font)
    below = _bars_and_names(marks, width)
    photo_top = header.height + 2 * _GAP_PX
    drawing = Image.new("RGB", (width, photo_top + photo.height + below.height), _PAPER)
    drawing.paste(_INK, (_GAP_PX, _GAP_PX), header)
    drawing.paste(_tinted(photo, marks), (0, photo_top))
    drawing.paste(below, (0, photo_top + photo.height))
    return np.array(drawing)


def _scale(width: int, height: int) -> float:
    """Pixels of the drawing a pixel of the picture."""
    if height > HIGH_PX:
        return HIGH_PX / height
    return max(min(LOW_PX / height, WIDE_PX / width), 1.0)


def _tinted(photo: Image.Image, marks: Sequence[_Mark]) -> Image.Image:
    """The photograph in grey with its spans tinted and their edges drawn."""
    pixels = np.array(photo.convert("RGB"))
    for number, mark in enumerate(marks):
        tint = _TINTS[number % 2]
        left = min(max(round(mark.left), 0), photo.width - 1)
        part = pixels[:, left : max(round(mark.right), left + 1)]
        part[:] = np.rint(part * (1 - _TINT_SHARE) + np.array(tint) * _TINT_SHARE)
        part[:, [0, -1]] = tint
    return Image.fromarray(pixels)


def _bars_and_names(marks: Sequence[_Mark], width: int) -> Image.Image:
    """What stands below the picture."""
    row_tops = [_BAR_PX + 2 * _GAP_PX]
    for row in range(max((mark.row for mark in marks), default=-1) + 1):
        row_tops.append(row_tops[-1] + max(mark.name.height for mark in marks if mark.row == row) + _GAP_PX)
    strip = Image.new("RGB", (width, row_tops[-1]), _PAPER)
    pen = ImageDraw.Draw(strip)
    for mark in marks:
        pen.rectangle((mark.left, _GAP_PX, max(mark.right - 2, mark.left), _GAP_PX + _BAR_PX - 1), mark.colour)
        if mark.row:
            middle = (mark.left + mark.right) / 2
            pen.line((middle, _GAP_PX + _BAR_PX, middle, row_tops[mark.row]), _LEADER)
    for mark in marks:  # over the leaders
        strip.paste(mark.colour, (mark.name_left, row_tops[mark.row]), mark.name)
    return strip


def _marks(reading: Reading, scale: float, font: ImageFont.FreeTypeFont, width: int) -> list[_Mark]:
    """A mark for each symbol that has a span; names in rows in which none overlaps another."""
    marks: list[_Mark] = []
    ends: list[int] = []  # of each row
    confidences = reading.symbol_confidences or [1.0] * len(reading.spans)
    for symbol, (left, right), confidence in zip(reading.symbols, reading.spans, confidences, strict=False):
        name = _line(_name(symbol, font), font)
        if len(_name(symbol, font)) > _UPRIGHT_LENGTH:
            name = name.transpose(Image.Transpose.ROTATE_90)
        name_left = min(max(round((left + right) / 2 * scale - name.width / 2), 0), max(width - name.width, 0))
        row = next((number for number, end in enumerate(ends) if end + _GAP_PX <= name_left), len(ends))
        ends[row : row + 1] = [name_left + name.width]
        marks.append(_Mark(left * scale, right * scale, _colour(confidence), name, name_left, row))
    return marks


def _header(reading: Reading, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Text and confidence, the text cut so that both fit into a width in pixels."""
    names = [" " if character.isspace() else _name(character, font) for character in reading.text]
    text = (" " if any(len(name) > 1 for name in names) else "").join(names) or "(nothing read)"
    rest = f"   {100 * reading.confidence:.1f} %" + (f", turned by {reading.turned}°" if reading.turned else "")
    if font.getlength(text + rest) <= width:
        return text + rest
    fitting = bisect_right(range(len(text)), width, key=lambda kept: ceil(font.getlength(text[:kept] + "..." + rest)))
    return text[: max(fitting - 1, 0)] + "..." + rest


def _colour(confidence: float) -> Colour:
    """Red, orange, green and what lies between."""
    place = 2 * min(max(confidence, 0.0), 1.0)
    low, high = _CONFIDENCE_COLOURS[int(place)], _CONFIDENCE_COLOURS[min(int(place) + 1, 2)]
    red, green, blue = (round(one + (other - one) * (place - int(place))) for one, other in zip(low, high, strict=True))
    return red, green, blue


def _line(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """A line of text as a mask, as high for every text."""
    ascent, descent = font.getmetrics()
    mask = Image.new("L", (max(round(font.getlength(text)), 1), ascent + descent))
    ImageDraw.Draw(mask).text((0, 0), text, 255, font)
    return mask


def _name(symbol: str, font: ImageFont.FreeTypeFont) -> str:
    """A symbol as it can be written: a dot for a space, and the code point of what the font lacks."""
    return "".join("·" if one == " " else one if _has(font, one) else f"U+{ord(one):04X}" for one in symbol)


@lru_cache(maxsize=4096)
def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    return character.isprintable() and bytes(font.getmask(character)) != bytes(font.getmask(_NO_CHARACTER))


@lru_cache(maxsize=16)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """Pillow's built-in font: Latin letters without accents, digits and signs."""
    font = ImageFont.load_default(size_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's wheels have FreeType; seqrec's renderers need it too
    return font
