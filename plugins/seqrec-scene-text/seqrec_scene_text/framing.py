"""Framing: how the flat sign is bent and tilted, and which part of the view the crop shows."""

from dataclasses import dataclass

import numpy as np

from seqrec.rendering import Bend, Dice, Line, Warp, corners, scale_and_shift, tilt

MIN_LETTER_PX = 8.5
"""Letters are never smaller on the sensor."""
MAX_SENSOR_PX = 44
STEEP_SHARE, STEEP_DEG = 0.08, (8, 24)
"""Part of the pictures that are turned far, however long the word is, and by how many degrees."""
LEAST_HEIGHT = 0.6
"""The crop shows at least so many letter heights, from top to bottom."""


@dataclass(frozen=True)
class Around:
    """What stands beside the word on the sign: for each side the gap to it in letter heights, or None for nothing.

    Attributes:
        left: Gap to the word on the left.
        above: Gap to the line above.
        right: Gap to the word on the right.
        below: Gap to the line below.
    """

    left: float | None = None
    above: float | None = None
    right: float | None = None
    below: float | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """The crop.

    Attributes:
        warp: From pixels of the line's mask to pixels on the sensor.
        height_px: Rows on the sensor.
        width_px: Columns on the sensor.
        letter_px: Height of the word's ink on the sensor.
        scale: Sensor pixels per mask pixel.
        reach: left, top, right, bottom of what the crop shows, in pixels of the mask.
    """

    warp: Warp
    height_px: int
    width_px: int
    letter_px: float
    scale: float
    reach: tuple[int, int, int, int]


def beside(dice: Dice, tracking: float) -> Around:
    """Neighbours of a word: paragraphs, lines, single words, mostly nothing.

    Args:
        dice: Chance and difficulty.
        tracking: Extra way between the word's letters, in letter heights; words stand farther apart than they do.
    """
    if not dice.chance(0.42):
        return Around()
    kind = dice.between(0, 1)
    words = kind < 0.55
    lines = kind > 0.35
    both = dice.coin(0.5)
    first = dice.coin()
    return Around(
        left=dice.between(0.33, 0.7) + tracking if words and (both or first) else None,
        right=dice.between(0.33, 0.7) + tracking if words and (both or not first) else None,
        above=dice.between(0.1, 0.4) if lines and (both or first) else None,
        below=dice.between(0.1, 0.4) if lines and (both or not first) else None,
    )


def bent(dice: Dice, width_px: float, height_px: float) -> Bend:
    """A line that is straight in most cases, else an arc, a wave, or letters that grow towards the ends."""
    if not dice.chance(0.17):
        return Bend()
    kind = dice.between(0, 1)
    if kind < 0.72 or width_px < 2 * height_px:
        angle = dice.strength(0.15, 1.5) * (1 if dice.coin() else -1)
        sag = width_px * abs(angle) / 8
        angle *= min(1.0, 0.9 * height_px / sag)
        return Bend(curvature=angle / width_px)
    if kind < 0.9:
        length = width_px * dice.between(0.6, 2)
        return Bend(0.0, height_px * dice.strength(0.04, 0.16), length, dice.between(0, 2 * np.pi))
    return Bend(wave_length_px=width_px, bulge=dice.strength(0.3, 1.6) * (1 if dice.coin(0.6) else -0.6))


def framed(dice: Dice, line: Line, around: Around, letter_px: int, height_px: int) -> Frame:
    """A view of a line of text.

    Args:
        dice: Chance and difficulty.
        line: The word.
        around: What stands beside it; the crop shows only the edge of it.
        letter_px: Height of a capital in the line's mask.
        height_px: Height of the picture at the end; the sensor's may be lower or higher.
    """
    ink_height, ink_width = line.mask.shape
    longer = max(1.0, ink_width / letter_px / 4)
    turn = dice.around(1.2, 4) if dice.coin(0.6) else dice.around(6, 12) / longer
    if dice.chance(STEEP_SHARE):
        turn = dice.between(*STEEP_DEG) * (1 if dice.coin() else -1)
    matrix = tilt(
        stretch=float(np.exp(dice.around(0.17, 0.3) - 0.1)),
        shear=dice.around(0.1, 0.35) if dice.coin(0.3) else 0.0,
        slope=dice.around(0.16, 0.4) / longer**0.5 if dice.chance(0.2) else 0.0,
        turn_deg=turn,
        perspective_x=dice.around(0.16, 0.32) / ink_width if dice.chance(0.35) else 0.0,
        perspective_y=dice.around(0.06, 0.16) / ink_height if dice.chance(0.25) else 0.0,
    )
    bend = bent(dice, ink_width, ink_height)
    warp = Warp((ink_width / 2, ink_height / 2), bend, matrix)
    moved = warp.forward(corners(line.boxes))
    (x0, y0), (x1, y1) = moved.min(axis=0), moved.max(axis=0)
    lacking = max(0.0, LEAST_HEIGHT * letter_px - (y1 - y0))  # a lone dash is not as high as the picture
    above = dice.between(0.3, 0.7) * lacking
    y0, y1 = y0 - above, y1 + lacking - above
    gaps = (around.left, around.above, around.right, around.below)
    room = [_margin(dice, gap) * letter_px for gap in gaps]
    x0, y0, x1, y1 = x0 - room[0], y0 - room[1], x1 + room[2], y1 + room[3]
    high, wide = y1 - y0, x1 - x0
    sensor_px = _sensor_height(dice, height_px, high / min(max(ink_height, 0.6 * letter_px), letter_px))
    scale = sensor_px / high
    width_px = max(4, round(wide * scale))
    warp = warp.followed_by(scale_and_shift(width_px / wide, scale, -x0 * width_px / wide, -y0 * scale))
    return Frame(warp, sensor_px, width_px, ink_height * scale, scale, _reach(warp, line, sensor_px, width_px))


def _margin(dice: Dice, gap: float | None) -> float:
    """Room between the ink and the crop's edge, in letter heights."""
    if gap is not None:
        return gap + dice.between(-0.15, 0.25)
    toss = dice.between(0, 1)
    if toss < 0.12:
        return -dice.strength(-0.02, 0.04)
    if toss < 0.87:
        return dice.between(0.02, 0.2)
    return dice.between(0.2, 0.4)


def _sensor_height(dice: Dice, height_px: int, crop_per_letter: float) -> int:
    if not dice.chance(0.85):
        return height_px
    size = height_px * float(np.exp(dice.around(0.32, 0.9) - 0.06))
    return round(min(max(size, MIN_LETTER_PX * crop_per_letter), MAX_SENSOR_PX * height_px / 32))


def _reach(warp: Warp, line: Line, height_px: int, width_px: int) -> tuple[int, int, int, int]:
    across, down = (width_px * part / 8 for part in range(9)), (height_px * part / 4 for part in range(5))
    edge = [(x, y) for x in across for y in (0, height_px)] + [(x, y) for y in down for x in (0, width_px)]
    flat = warp.backward(np.array(edge, np.float64))
    rows, columns = line.mask.shape
    most = 1.0 * rows + 8
    low = np.floor(np.maximum(flat.min(axis=0) - 3, (-most, -most)))
    high = np.ceil(np.minimum(flat.max(axis=0) + 3, (columns + most, rows + most)))
    return min(int(low[0]), 0), min(int(low[1]), 0), max(int(high[0]), columns), max(int(high[1]), rows)
