"""Glyphs bent a little: four music fonts do not tell how wide a notehead or how tall a sharp may be."""

from collections.abc import Callable

import numpy as np

from seqrec.rendering import Dice
from seqrec_sheet_music.outlines import Contour

Bend = Callable[[str, tuple[Contour, ...]], tuple[Contour, ...]]
"""Name and outlines of a glyph → its outlines."""
_ACCIDENTALS = ("E260", "E261", "E262", "E263", "E264")
_WAVES = 2


def bent_by(dice: Dice) -> Bend:
    """A way to bend glyphs, the same for the same glyph all along a staff: as if another hand had drawn the font."""
    strength = dice.between(0.2, 1.5)
    rng = dice.rng

    def bend(name: str, shape: tuple[Contour, ...]) -> tuple[Contour, ...]:
        """Stretched, slanted and waved around its middle; accidentals more than the rest, which other signs touch."""
        points = np.concatenate(shape)
        low, high = points.min(axis=0), points.max(axis=0)
        middle, size = (low + high) / 2, float((high - low).max()) or 1.0
        more = strength * (1.6 if name.startswith(_ACCIDENTALS) else 1.0)
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
