"""Surroundings: what else a crop of a page shows: staves above and below, brackets, words at the edges, ends of ties."""

import os
from functools import lru_cache

import numpy as np

from seqrec.rendering import Dice
from seqrec_sheet_music import clutter, lettering, outlines
from seqrec_sheet_music.composer import Wishes, compose
from seqrec_sheet_music.drawing import Drawing
from seqrec_sheet_music.engraving import Engraving, engraved
from seqrec_sheet_music.framing import Frame, music_box
from seqrec_sheet_music.ink import Grey, Ink, Sheet
from seqrec_sheet_music.tokens import Barline, Note

NEIGHBOURS_A_FONT = 5
_SEED = 20150721


def neighbours(font: str) -> tuple[Drawing, ...]:
    """Staves of a font that stand above and below others, the same in every process; drawn at the first call."""
    return _neighbours(font, os.getpid())


@lru_cache(maxsize=8)
def _neighbours(font: str, process: int) -> tuple[Drawing, ...]:
    rng = np.random.default_rng(_SEED)
    dice = Dice(rng)
    drawings = []
    for _ in range(NEIGHBOURS_A_FONT):
        tokens = compose(rng, Wishes(bars=(5, 6), notes=(20, 48), rare=0.0))
        engraving = engraved(tokens, font, options=clutter.house_style(dice, len(tokens)))
        drawings.append(engraving.drawing)
    return tuple(drawings)


def surround(ink: Ink, engraving: Engraving, frame: Frame, font: str, dice: Dice) -> None:
    """Add to the ink what stands around a staff on its page.

    Args:
        ink: The sheet's; the staff itself is on it.
        engraving: The staff.
        frame: What is seen of the page.
        font: Music font of the neighbours.
        dice: Chance and difficulty.
    """
    if dice.chance(0.4):
        for below in (False, True):
            if dice.coin(0.65):
                _neighbour(ink, engraving, frame, font, dice, below)
    if dice.chance(0.14):
        _system(ink, engraving, frame, dice, up=dice.coin(0.6), down=dice.coin(0.6))
    if dice.chance(0.05):
        _barlines_through(ink, engraving, frame, up=dice.coin(), down=dice.coin())
    if dice.chance(0.04):
        _half_tie(ink, engraving)


def _neighbour(ink: Ink, engraving: Engraving, frame: Frame, font: str, dice: Dice, below: bool) -> None:
    """One staff above or below, of which the crop shows the edge only."""
    space = engraving.drawing.space
    other = dice.pick(neighbours(font))
    left, top, right, bottom = other.staff
    _, music_top, _, music_bottom = music_box(engraving)
    inside = dice.between(-4, 2.2) * space  # how far its nearest line reaches into the picture
    # What hangs from it does not reach the notes, as engravers take care, and nobody takes its lines for theirs.
    clear, least = dice.between(0.2, 1) * space, dice.between(1.5, 3) * space
    if below:
        dy = max(frame.view[3] - inside, music_bottom + max(clear + top - other.extent[0], least)) - top
    else:
        dy = min(frame.view[1] + inside, music_top - max(clear + other.extent[1] - bottom, least)) - bottom
    dx = engraving.drawing.staff[0] - left
    stretch = (left, right) if dice.coin(0.6) else (left - 4 * (right - left), right + 4 * (right - left))
    if dice.coin(0.5):
        dx -= dice.between(0.1, 0.7) * (right - left)
        stretch = (stretch[0] - 4 * (right - left), stretch[1])
    ink.draw(other, dx, dy, stretch)


def _system(ink: Ink, engraving: Engraving, frame: Frame, dice: Dice, up: bool, down: bool) -> None:
    """A line, a bracket or a brace at the beginning of the staff, to the staves above and below."""
    drawing, space = engraving.drawing, engraving.drawing.space
    left, top, _, bottom = drawing.staff
    y0 = frame.view[1] - 20 * space if up else top
    y1 = frame.view[3] + 20 * space if down else bottom
    kind = dice.between(0, 1)
    ink.fill([outlines.bar(left, y0, left, y1, dice.between(0.08, 0.2) * space)])
    if kind < 0.35:
        x, width = left - dice.between(0.4, 0.9) * space, dice.between(0.3, 0.6) * space
        ink.fill([outlines.bar(x, y0 - 0.3 * space, x, y1 + 0.3 * space, width)])
        for y, way in ((y0 - 0.3 * space, -1), (y1 + 0.3 * space, 1)):
            hook = [(x - width / 2, y), (x + width / 2, y), (x + 1.4 * space, y + way * 0.9 * space)]
            ink.fill([np.array(hook, np.float32)])
    elif kind < 0.6:
        ink.fill([_brace(left - 0.3 * space, y0, y1, dice.between(0.7, 1.4) * space)])


def _brace(x: float, y0: float, y1: float, width: float) -> outlines.Contour:
    """A curly brace whose arms end at x."""
    t = np.linspace(-1, 1, 41, dtype=np.float32)
    bow = 0.5 * (1 - np.abs(t)) ** 3 + 0.5 - 0.5 * np.abs(t) ** 6  # 0 at the ends, 1 at the tip in the middle
    thick = 0.28 * width * (1 - np.abs(2 * np.abs(t) - 1) ** 2) + 0.02 * width
    y = y0 + (y1 - y0) * (t + 1) / 2
    outer, inner = x - width * bow - thick / 2, x - width * bow + thick / 2
    return np.concatenate([np.stack([outer, y], axis=1), np.stack([inner, y], axis=1)[::-1]]).astype(np.float32)


def _barlines_through(ink: Ink, engraving: Engraving, frame: Frame, up: bool, down: bool) -> None:
    """Barlines that run on to the staves above and below."""
    space = engraving.drawing.space
    _, top, _, bottom = engraving.drawing.staff
    y0 = frame.view[1] - 20 * space if up else top
    y1 = frame.view[3] + 20 * space if down else bottom
    for element, place in zip(engraving.elements, engraving.places, strict=True):
        if isinstance(element, Barline):
            x = (place[0] + place[2]) / 2
            ink.fill([outlines.bar(x, y0, x, y1, min(place[2] - place[0], 0.3 * space))])


def _half_tie(ink: Ink, engraving: Engraving) -> None:
    """The end of a tie from the line before, at the first note."""
    first = next((index for index, element in enumerate(engraving.elements) if isinstance(element, Note)), 0)
    head, stem = engraving.part(first, "notehead"), engraving.part(first, "stem")
    if head is None:
        return
    space = engraving.drawing.space
    above = not stem or stem[1] >= head[1] - space / 2
    y = head[1] - 0.2 * space if above else head[3] + 0.2 * space
    height = 0.5 * space if above else -0.5 * space
    ink.fill([outlines.arc(head[0] - 1.6 * space, head[0] + 0.3 * space, y, height, 0.2 * space)])


def words(coverage: Grey, sheet: Sheet, drawing: Drawing) -> None:
    """Write a drawing's words into the ink of a sheet, in place."""
    for text in drawing.texts:
        x, y = (text.x - sheet.x) * sheet.scale, (text.y - sheet.y) * sheet.scale
        lettering.write(coverage, text.words, x, y, text.size * sheet.scale, text.style, text.middle)


def words_at_the_edges(coverage: Grey, sheet: Sheet, engraving: Engraving, frame: Frame, dice: Dice) -> None:
    """Lines of text that the crop cuts off above or below: verses, titles, in place."""
    space = engraving.drawing.space
    _, top, _, bottom = music_box(engraving)
    size = dice.between(1.2, 2.6) * space
    if dice.coin():
        y = min(frame.view[1] + dice.between(-0.2, 0.8) * size, top - 0.4 * space)
    else:
        y = max(frame.view[3] + dice.between(-0.2, 0.9) * size, bottom + 0.4 * space + 0.7 * size)
    style = dice.pick(("regular", "regular", "italic", "bold"))
    x = frame.view[0] + dice.between(0, 0.3) * (frame.view[2] - frame.view[0])
    spread = dice.between(0.3, 4) * space
    for _ in range(2 + dice.below(14)):
        word = dice.pick(clutter.SYLLABLES + clutter.TEMPO_WORDS)
        lettering.write(coverage, word, (x - sheet.x) * sheet.scale, (y - sheet.y) * sheet.scale, size * sheet.scale, style)
        x += 0.45 * size * len(word) + spread
