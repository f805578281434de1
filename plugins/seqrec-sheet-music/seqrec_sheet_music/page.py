"""A page to compare: the photograph above, the reading engraved below, doubtful bars marked on both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from seqrec.interfaces import Picture
from seqrec_sheet_music.alphabets import semantic
from seqrec_sheet_music.engraving import EngravingError, engraved
from seqrec_sheet_music.ink import black_on_white
from seqrec_sheet_music.report import Report, report
from seqrec_sheet_music.staff import tokens_of

WIDE_PX, NARROW_PX = 1600, 640
"""Widest and narrowest page."""
_MARGIN_PX, _TEXT_PX, _SPACE_PX = 12, 14, 9.0
_MOST_HEIGHT_PX = 600
_PAPER, _INK, _DOUBT, _LINE = (255, 255, 255), (40, 40, 40), (255, 150, 150), (200, 20, 20)

Span = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Line:
    """One staff of a page.

    Attributes:
        name: Of the picture.
        picture: As it was read, upright.
        report: Of its reading.
        spans: For each token its left and right edge on the picture, in pixels; empty where they are not known.
        remarks: Written above the engraving.
    """

    name: str
    picture: Picture
    report: Report
    spans: Sequence[Span] = ()
    remarks: Sequence[str] = ()


def draw_page(lines: Sequence[Line]) -> npt.NDArray[np.uint8]:
    """Photographs and readings of the staves of a piece, one below the other, (H, W, 3), uint8, RGB.

    Raises:
        MissingExtraError: verovio is absent.
    """
    width = max(NARROW_PX, *(min(line.picture.shape[1], WIDE_PX) for line in lines))
    strips: list[Image.Image] = []
    for line in lines:
        strips.append(_words([f"{line.name}:", *line.remarks, *_doubts(line.report)], width))
        strips += [_photograph(line, width), _engraving(line.report, width)]
    page = Image.new("RGB", (width + 2 * _MARGIN_PX, sum(strip.height + _MARGIN_PX for strip in strips) + _MARGIN_PX), _PAPER)
    top = _MARGIN_PX
    for strip in strips:
        page.paste(strip, (_MARGIN_PX, top))
        top += strip.height + _MARGIN_PX
    return np.array(page)


def _doubts(checked: Report) -> list[str]:
    return checked.lines()


def _photograph(line: Line, width: int) -> Image.Image:
    """The picture, as wide as the page or as high as it may be, its doubtful bars tinted."""
    photo = Image.fromarray(line.picture).convert("RGB")
    scale = min(width / photo.width, _MOST_HEIGHT_PX / photo.height)
    photo = photo.resize((max(1, round(photo.width * scale)), max(1, round(photo.height * scale))), Image.Resampling.BICUBIC)
    if len(line.spans) == len(line.report.tokens):
        for bar in line.report.doubtful_bars:
            spans = line.spans[bar.first : bar.stop]
            _tint(photo, min(left for left, _ in spans) * scale, max(right for _, right in spans) * scale)
    return photo


def _engraving(checked: Report, width: int) -> Image.Image:
    """What was read as verovio draws it, doubtful bars tinted."""
    tokens = tokens_of(checked.staff)
    if not checked.staff.bars:
        return _words(["(no notes to engrave)"], width)
    if semantic.unknown("\t".join(tokens)):
        return _words(["(there are tokens that cannot be engraved)"], width)
    try:
        staff = engraved(tokens)
    except EngravingError as error:
        return _words([f"(cannot be engraved: {error})"], width)
    left, _, right, _ = staff.drawing.staff
    spaces = (right - left) / staff.drawing.space + 4
    grey, sheet = black_on_white(staff.drawing, min(_SPACE_PX, width / spaces))
    picture = Image.fromarray(grey).convert("RGB")
    # The same bars, counted in the tokens that are drawn.
    for bar, drawn in zip(
        checked.bars, report(tokens, checked.meter.sign if checked.meter_from != "drawn" else "").bars, strict=True
    ):
        if not bar.fine:
            boxes = staff.places[drawn.first : drawn.stop]
            edges = [
                (min(box[0] for box in boxes) - sheet.x) * sheet.scale,
                (max(box[2] for box in boxes) - sheet.x) * sheet.scale,
            ]
            _tint(picture, *edges)
    return picture


def _tint(picture: Image.Image, left: float, right: float) -> None:
    """Mark what lies between two columns, in place."""
    box = (max(0, round(left) - 3), 0, min(picture.width, max(round(right), round(left) + 1) + 3), picture.height)
    part = np.array(picture.crop(box), np.uint16)
    picture.paste(Image.fromarray((part * np.array(_DOUBT, np.uint16) // 255).astype(np.uint8)), box[:2])
    ImageDraw.Draw(picture).line((box[0], box[3] - 2, box[2], box[3] - 2), _LINE, 3)


def _words(lines: Sequence[str], width: int) -> Image.Image:
    """Lines of text, cut where they are wider than the page."""
    font = ImageFont.load_default(_TEXT_PX)
    strip = Image.new("RGB", (width, len(lines) * (_TEXT_PX + 5)), _PAPER)
    pen = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        plain = line.encode("latin-1", "replace").decode("latin-1")  # Pillow's own font has no more
        pen.text((0, number * (_TEXT_PX + 5)), plain, _INK, font)
    return strip
