"""Layout: a line of text as a mask of its ink, with a box around every piece."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqrec.rendering.fonts import Font, Glyph, Grey
from seqrec.rendering.glyph_folder import GlyphFolder


@dataclass(frozen=True, eq=False)
class Line:
    """A line of text.

    Attributes:
        mask: Coverage of the ink, (H, W), uint8, cut to the ink unless a cell was asked for.
        boxes: left, top, right, bottom of each piece's ink in pixels of the mask, (S, 4), float32. A piece without ink
            has the gap between its neighbours.
        owners: For each pixel the index of the piece whose ink it is, (H, W), uint8.
        baseline_px: y of the baseline.
    """

    mask: Grey
    boxes: npt.NDArray[np.float32]
    owners: Grey
    baseline_px: int


def lay_out(
    font: Font | GlyphFolder,
    pieces: Sequence[str],
    letter_height_px: int,
    tracking: float = 0.0,
    scales: Sequence[float] | None = None,
    shifts: Sequence[float] | None = None,
    cell: tuple[int, int] | None = None,
) -> Line:
    """Set pieces of text side by side on one baseline.

    Args:
        font: The typeface, or glyph pictures.
        pieces: What stands one beside the other, S of them: characters, or longer symbols that are drawn whole.
        letter_height_px: Height of a capital H.
        tracking: Extra way between pieces, as a part of the letter height; negative is tighter.
        scales: Size of each piece relative to the letter height, (S,); few different values, each is kept in a cache.
        shifts: How far each piece stands above the baseline, as a part of the letter height, (S,).
        cell: First row and row below the last one, from the baseline, that the mask shows at least; it then also keeps
            the room that the font leaves on the left and right. None cuts the mask to the ink.

    Returns:
        The line.

    Raises:
        ValueError: No piece has ink.
    """
    sizes = [font.size_px(round(letter_height_px * scale)) for scale in scales] if scales else None
    size = font.size_px(letter_height_px)
    pen, extra = 0.0, tracking * letter_height_px
    placed: list[tuple[Glyph, int, int]] = []
    previous = ""
    for index, piece in enumerate(pieces):
        size_px = sizes[index] if sizes else size
        glyph = font.glyph(piece, size_px)
        if previous:
            pen += extra + font.kerning(previous, piece, size_px)
        rise = round(shifts[index] * letter_height_px) if shifts else 0
        placed.append((glyph, round(pen) + glyph.left, glyph.top - rise))
        pen += glyph.advance
        previous = piece
    inked = [(glyph, x, y) for glyph, x, y in placed if glyph.mask.size]
    if not inked:
        raise ValueError(f"no ink in {''.join(pieces)!r} drawn with {font.path.name}")
    left = min(x for _, x, _ in inked)
    top = min(y for _, _, y in inked)
    right = max(x + glyph.mask.shape[1] for glyph, x, _ in inked)
    bottom = max(y + glyph.mask.shape[0] for glyph, _, y in inked)
    if cell:
        left, top, right, bottom = min(left, 0), min(top, cell[0]), max(right, round(pen)), max(bottom, cell[1])
    width, height = right - left, bottom - top
    mask = np.zeros((height, width), np.uint8)
    owners = np.zeros((height, width), np.uint8)
    boxes = np.zeros((len(placed), 4), np.float32)
    for index, (glyph, x, y) in enumerate(placed):
        if not glyph.mask.size:
            continue
        x, y = x - left, y - top
        rows, columns = glyph.mask.shape
        area = mask[y : y + rows, x : x + columns]
        owners[y : y + rows, x : x + columns][glyph.mask > area] = min(index, 255)
        np.maximum(area, glyph.mask, out=area)
        boxes[index] = (x, y, x + columns, y + rows)
    _fill_gaps(boxes, [bool(glyph.mask.size) for glyph, _, _ in placed], width, height)
    return Line(mask, boxes, owners, -top)


def _fill_gaps(boxes: npt.NDArray[np.float32], inked: Sequence[bool], width: int, height: int) -> None:
    for index, has_ink in enumerate(inked):
        if not has_ink:
            before = next((boxes[other, 2] for other in range(index - 1, -1, -1) if inked[other]), 0.0)
            after = next((boxes[other, 0] for other in range(index + 1, len(inked)) if inked[other]), float(width))
            boxes[index] = (min(before, after), 0, max(before, after), height)
