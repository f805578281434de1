"""Glyphs in place of a font's own: those of other music fonts, and bent ones.

Four music fonts do not tell how wide a notehead or how tall a sharp may be.
"""

from collections.abc import Callable

import numpy as np

from seqrec.rendering import Dice
from seqrec_sheet_music.music_fonts import music_fonts
from seqrec_sheet_music.outlines import Contour

Bend = Callable[[str, tuple[Contour, ...]], tuple[Contour, ...]]
"""Name and outlines of a glyph → its outlines."""
_ACCIDENTALS = ("E260", "E261", "E262", "E263", "E264")
_WHOLE, _HALF, _BLACK = "E0A2", "E0A3", "E0A4"
_HEADS = (_WHOLE, _HALF, _BLACK)
"""Glyphs of noteheads. Source: SMuFL 1.4, "Noteheads"."""
_FITTED = ("E0A0", "E0A1", *_HEADS)
"""Glyphs as wide as the font's own, whatever font they are from, for stems stand at their edges."""
OTHERS_SHARE, BENT_SHARE = 0.5, 0.6
"""Parts of the staves whose glyphs are another music font's, and are bent."""
_WIDEST = 1.6
"""How much wider than the font's own a glyph may be; there is no more room."""
_WAVES = 2
_CORNERS = 24  # of an ellipse


def redrawn(dice: Dice) -> Bend | None:
    """What becomes of the glyphs of a staff for practice; None where they stay the font's own."""
    other = _of_another_font(dice) if dice.coin(OTHERS_SHARE) else None
    bend = bent_by(dice) if dice.coin(BENT_SHARE) else None
    if other and bend:
        return lambda name, shape: bend(name, other(name, shape))
    return other or bend


def _of_another_font(dice: Dice) -> Bend:
    """Glyphs of one of the music fonts that verovio does not bring, where it has them."""
    fonts = music_fonts()
    glyphs = fonts[dice.pick(sorted(fonts))]

    def other(name: str, shape: tuple[Contour, ...]) -> tuple[Contour, ...]:
        code = name.partition("-")[0]
        found = glyphs.get(code, shape)
        own, new = np.concatenate(shape)[:, 0], np.concatenate(found)[:, 0]
        if code in _FITTED:
            to_start, to_edge = np.array((new.min(), 0), np.float32), np.array((own.min(), 0), np.float32)
            return tuple((contour - to_start) * np.float32(np.ptp(own) / np.ptp(new)) + to_edge for contour in found)
        return found if np.ptp(new) <= _WIDEST * np.ptp(own) else shape

    return other


def bent_by(dice: Dice) -> Bend:
    """A way to bend glyphs, the same for the same glyph all along a staff: as if another hand had drawn the font."""
    strength = dice.between(0.2, 1.5)
    rng = dice.rng
    heads = _pen_heads(dice) if dice.coin(0.3) else None

    def bend(name: str, shape: tuple[Contour, ...]) -> tuple[Contour, ...]:
        """Stretched, slanted and waved around its middle; accidentals more than the rest, which other signs touch."""
        if heads and name.startswith(_HEADS):
            shape = heads(name, shape)
        points = np.concatenate(shape)
        low, high = points.min(axis=0), points.max(axis=0)
        middle, size = (low + high) / 2, float((high - low).max()) or 1.0
        more = strength * (1.3 if name.startswith(_ACCIDENTALS) else 1.0)
        across, down = np.exp(rng.normal(0.0, (0.06 * more, 0.08 * more)))
        slant = rng.normal(0.0, 0.06 * more)
        direction = rng.normal(0.0, 4.0, (_WAVES, 2))  # radians over the glyph's size
        start = rng.uniform(0.0, 2 * np.pi, (_WAVES, 2))
        swing = rng.normal(0.0, 0.022 * more, (_WAVES, 2))
        made = []
        for contour in shape:
            at = (contour - middle) / size
            phase = (at @ direction.T)[:, :, None] + start
            at = at + (np.sin(phase) * swing).sum(axis=1)
            x, y = at.T
            made.append(np.stack([across * x + slant * y, down * y], axis=1).astype(np.float32) * np.float32(size) + middle)
        return tuple(made)

    return bend


def _pen_heads(dice: Dice) -> Bend:
    """Noteheads as a pen draws them: ellipses, more or less slanted, of which whole and half notes are rings alike."""
    turn, flat, edge = dice.between(0.0, 0.6), dice.between(0.6, 1.0), dice.between(0.12, 0.4)
    hollow_turn = turn + dice.around(0.1, 0.3)
    angles = np.linspace(0.0, 2 * np.pi, _CORNERS, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def ellipse(across: float, down: float, slant: float) -> Contour:
        x, y = (circle * (across, down)).T
        return np.stack([x * np.cos(slant) - y * np.sin(slant), x * np.sin(slant) + y * np.cos(slant)], axis=1).astype(np.float32)

    def drawn(name: str, shape: tuple[Contour, ...]) -> tuple[Contour, ...]:
        points = np.concatenate(shape)
        low, high = points.min(axis=0), points.max(axis=0)
        half = float(high[1] - low[1]) / 2
        outer = ellipse(1.0, flat, turn)
        outer *= (high - low) / 2 / np.abs(outer).max(axis=0)  # as wide and high as the font's, for stems touch it
        made = [outer]
        if not name.startswith(_BLACK):
            wide, tall = np.abs(outer).max(axis=0).tolist()
            made.append(ellipse(wide - edge * half, max(tall - edge * half, 0.3 * tall), hollow_turn) * np.float32(0.95))
        middle = ((low + high) / 2).astype(np.float32)
        return tuple(contour + middle for contour in made)

    return drawn
