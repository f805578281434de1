"""Lettering: how the letters of a sign are made: painted, outlined, raised, lit, cut through a stencil, worn."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.rendering import Dice, gradient, texture

Grey = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
LEAST_CONTRAST = 22.0
WORN = ("grain", "blobs", "paper", "clouds")
INSIDE = ("clouds", "grain", "paper", "fibres", "blobs", "clutter", "halftone")


@dataclass(frozen=True)
class Tones:
    """Grey levels of a sign.

    Attributes:
        ground: Of the surface.
        letters: Of the letters.
    """

    ground: float
    letters: float

    @property
    def contrast(self) -> float:
        """Grey levels between the two."""
        return abs(self.letters - self.ground)

    @property
    def sign(self) -> float:
        """1 where the letters are brighter."""
        return 1.0 if self.letters > self.ground else -1.0


def toned(dice: Dice) -> Tones:
    """Tones of a sign: both polarities equally, at least 22 grey levels apart."""
    toss = dice.between(0, 1) / max(dice.difficulty, 0.05)
    if toss < 0.07:
        contrast = dice.between(22, 50)
    elif toss < 0.65:
        contrast = dice.between(50, 140)
    else:
        contrast = dice.between(140, 250)
    dark = dice.between(0, 255 - contrast)
    return Tones(dark, dark + contrast) if dice.coin() else Tones(dark + contrast, dark)


def paint(plane: Field, coverage: Grey | Field, tone: float | Field, opacity: float = 1.0) -> None:
    """Lay a tone over a plane, in place, where the coverage (0..255) says."""
    alpha = np.multiply(coverage, np.float32(opacity / 255), dtype=np.float32)
    change = np.subtract(np.float32(tone) if isinstance(tone, float) else tone, plane)
    change *= alpha
    plane += change


def widened(mask: Grey, by_px: float) -> Grey:
    """A mask with its strokes wider by so many pixels on either side, or thinner where negative."""
    size = 2 * round(abs(by_px)) + 1
    if size < 3:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE if size > 3 else cv2.MORPH_CROSS, (size, size))
    return np.asarray(cv2.dilate(mask, kernel) if by_px > 0 else cv2.erode(mask, kernel), np.uint8)


def shifted(mask: Grey, dx: int, dy: int) -> Grey:
    """A mask moved by whole pixels."""
    rows, columns = mask.shape
    moved = np.zeros_like(mask)
    moved[max(dy, 0) : rows + min(dy, 0), max(dx, 0) : columns + min(dx, 0)] = mask[
        max(-dy, 0) : rows + min(-dy, 0), max(-dx, 0) : columns + min(-dx, 0)
    ]
    return moved


def stroke_px(mask: Grey) -> float:
    """About the width of a mask's strokes: twice its area by its outline."""
    ink = mask > 127
    outline = np.count_nonzero(ink[:, 1:] != ink[:, :-1]) + np.count_nonzero(ink[1:] != ink[:-1])
    return 2.0 * np.count_nonzero(ink) / max(outline * 0.8, 1)


def formed(mask: Grey, dice: Dice, letter_px: float) -> Grey:
    """The mask with heavier or lighter strokes, stencilled, dotted or worn, mostly as it is."""
    stroke = stroke_px(mask)
    if stroke < 0.085 * letter_px and dice.coin(0.7):  # hairlines vanish in any picture
        mask = widened(mask, 1)
    elif stroke < 0.18 * letter_px and dice.chance(0.2):
        mask = widened(mask, dice.strength(1, 0.055 * letter_px))
    elif stroke > 0.2 * letter_px and dice.chance(0.12):
        mask = widened(mask, -1)
    toss = dice.between(0, 1) / max(dice.difficulty, 1e-6)
    if toss < 0.012 and stroke > 0.1 * letter_px:
        return _stencilled(mask, dice, letter_px)
    if toss < 0.03:
        return _matrix(mask, dice, letter_px)
    if toss < 0.085:
        worn = texture(dice.pick(WORN), mask.shape[0], mask.shape[1], dice.rng, dice.between(0.5, 1.5))
        depth = np.clip((worn + np.float32(dice.between(0.9, 2))) * 2, dice.between(0.3, 0.7), 1)
        return np.asarray(mask * depth, np.uint8)
    return mask


def _stencilled(mask: Grey, dice: Dice, letter_px: float) -> Grey:
    cut = mask.copy()
    step, width = letter_px * dice.between(0.5, 0.9), max(2, round(0.06 * letter_px))
    for x in np.arange(dice.between(0, step), mask.shape[1], step):
        cut[:, int(x) : int(x) + width] = 0
    return cut


def _matrix(mask: Grey, dice: Dice, letter_px: float) -> Grey:
    """Letters of lamps: each cell of a grid is on or off, and shows a dot."""
    cell = max(3, round(letter_px / dice.between(8.5, 13)))
    rows, columns = -(-mask.shape[0] // cell), -(-mask.shape[1] // cell)
    cells = np.asarray(cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA))
    soft = 255.0 if dice.coin(0.5) else 90.0
    lit = np.clip((cells.astype(np.float32) - 70) * (255 / soft) * 2, 0, 255)
    middle = (np.arange(cell, dtype=np.float32) - (cell - 1) / 2) / (cell / 2)
    away = np.hypot(middle[:, None], middle[None, :])
    dot = np.clip((dice.between(0.75, 1.1) - away) * 3 + 0.5, dice.between(0, 0.3), 1)
    return np.asarray(np.kron(lit, dot)[: mask.shape[0], : mask.shape[1]], np.uint8)


def lettered(plane: Field, mask: Grey, owners: Grey, dice: Dice, tones: Tones, letter_px: float) -> None:
    """Paint letters onto a surface, in place.

    Args:
        plane: The surface, (H, W), float32, grey levels.
        mask: Coverage of the letters, (H, W).
        owners: For each pixel the index of its letter, (H, W).
        dice: Chance and difficulty.
        tones: Grey levels of surface and letters.
        letter_px: Height of the letters.
    """
    contrast, sign = tones.contrast, tones.sign
    rows, columns = plane.shape
    if dice.chance(0.16):
        _shadow(plane, mask, dice, tones, letter_px)
    kind = dice.between(0, 1) / max(dice.difficulty, 1e-6)
    fill: float | Field = tones.letters
    if dice.chance(0.16):
        ramp = gradient(rows, columns, dice.pick((np.pi / 2, -np.pi / 2, 0.0, dice.between(0, 6.3))))
        fill = fill + ramp * np.float32(dice.strength(0.1, 0.35) * contrast)
    if dice.chance(0.05):
        jitter = dice.rng.uniform(-0.45, 0.2, 256).astype(np.float32) * np.float32(contrast * sign)
        fill = fill + jitter[owners]
    if dice.chance(0.2):
        layer = texture(dice.pick(INSIDE), rows, columns, dice.rng)
        fill = fill + layer * np.float32(dice.strength(0.02, 0.12) * contrast)
    if kind < 0.1:
        outer = widened(mask, dice.strength(1, 0.09 * letter_px))
        paint(plane, outer, _far_tone(dice, tones))
        paint(plane, mask, fill)
    elif kind < 0.13:
        gap = widened(mask, dice.strength(1.6, 0.07 * letter_px))
        paint(plane, widened(gap, dice.strength(1, 0.06 * letter_px)), tones.letters)
        paint(plane, gap, tones.ground)
        paint(plane, mask, fill)
    elif kind < 0.16 and stroke_px(mask) > 0.15 * letter_px:
        outer = widened(mask, dice.strength(1, 0.04 * letter_px))
        paint(plane, outer, fill)
        inner = widened(mask, -1 if stroke_px(mask) < 0.25 * letter_px else -2)
        paint(plane, inner, tones.ground + sign * contrast * dice.between(-0.1, 0.3))
    elif kind < 0.21:
        _raised(plane, mask, fill, dice, tones, letter_px)
    elif kind < 0.235:
        glow = np.asarray(cv2.GaussianBlur(mask, (0, 0), dice.between(0.06, 0.16) * letter_px), np.uint8)
        paint(plane, glow, tones.letters, dice.between(0.3, 0.8))
        paint(plane, mask, fill)
    else:
        paint(plane, mask, fill, 1.0 if dice.coin(0.85) else dice.between(0.75, 1))
    _assured(plane, mask, tones)


def _assured(plane: Field, mask: Grey, tones: Tones) -> None:
    """Lift the letters off what surrounds them where effects have left too little between the two, in place."""
    ink = np.asarray(mask > 127, np.uint8)
    ring = np.asarray(widened(mask, 2) > 127, np.uint8) - ink
    inside, outside = cv2.mean(plane, ink)[0], cv2.mean(plane, ring)[0]
    lacking = LEAST_CONTRAST - abs(inside - outside)
    if lacking > 0:
        sign = tones.sign if 40 < outside < 215 else 1.0 if outside <= 40 else -1.0
        plane += mask * np.float32(sign * (lacking + abs(inside - outside)) / 255)


def cornered(plane: Field, boxes: Field, dice: Dice, tones: Tones, letter_px: float) -> None:
    """Give some letters a field of their own in which ground and letter change places, in place; boxes are (S, 4)."""
    count = len(boxes)
    chosen = (0,) if dice.coin(0.4) else tuple(index for index in range(count) if (index % 2) == dice.below(2))
    top, bottom = (round(float(edge)) for edge in (boxes[:, 1].min() - 0.1 * letter_px, boxes[:, 3].max() + 0.1 * letter_px))
    for index in chosen:
        before = boxes[index - 1, 2] if index else boxes[index, 0] - 0.3 * letter_px
        after = boxes[index + 1, 0] if index + 1 < count else boxes[index, 2] + 0.3 * letter_px
        left, right = round(float(before + boxes[index, 0]) / 2), round(float(boxes[index, 2] + after) / 2)
        area = plane[max(top, 0) : bottom, max(left, 0) : right]
        area[:] = np.clip(tones.ground + tones.letters - area, 0, 255)


def _far_tone(dice: Dice, tones: Tones) -> float:
    """A tone for an outline: on the other side of the ground, or of the letters, or black or white."""
    beyond = tones.ground - tones.sign * dice.between(20, 120)
    past = tones.letters + tones.sign * dice.between(25, 90)
    choice = beyond if dice.coin(0.75) else past
    if not 0 <= choice <= 255:
        choice = beyond if choice == past else 255.0 if tones.sign < 0 else 0.0
    return float(min(max(choice, 0), 255))


def _shadow(plane: Field, mask: Grey, dice: Dice, tones: Tones, letter_px: float) -> None:
    length, angle = dice.strength(0.04, 0.13) * letter_px, dice.between(0, 2 * np.pi)
    dx, dy = round(length * np.cos(angle)), round(length * abs(np.sin(angle)))
    dark = dice.coin(0.8)
    part = dice.between(0.35, 0.85)
    tone = tones.ground * (1 - part) if dark else tones.ground + (255 - tones.ground) * part
    if abs(tone - tones.letters) < 0.5 * tones.contrast:  # a shadow as bright as the letters would double them
        tone = tones.ground - tones.sign * dice.between(15, 60)
    if dice.coin(0.3):  # a block: every step of the way
        steps = max(abs(dx), abs(dy), 1)
        block = mask
        for step in range(1, steps + 1):
            block = np.maximum(block, shifted(mask, round(dx * step / steps), round(dy * step / steps)))
        paint(plane, block, float(tone))
        return
    cast = shifted(mask, dx, dy)
    if dice.coin(0.6):
        cast = np.asarray(cv2.GaussianBlur(cast, (0, 0), dice.between(0.02, 0.08) * letter_px), np.uint8)
    paint(plane, cast, float(tone), dice.strength(0.4, 1))


def _raised(plane: Field, mask: Grey, fill: float | Field, dice: Dice, tones: Tones, letter_px: float) -> None:
    """Letters of the sign's own stuff, seen by the light on their edges."""
    paint(plane, mask, fill, dice.between(0.35, 1))
    depth = max(1, round(dice.between(0.02, 0.05) * letter_px))
    dx, dy = dice.pick(((1, 1), (-1, 1), (0, 1), (1, 0)))
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.7), np.float32)
    soft_mask = soft.astype(np.uint8)
    slope = shifted(soft_mask, -dx * depth, -dy * depth).astype(np.float32) - shifted(soft_mask, dx * depth, dy * depth)
    plane += slope * np.float32(dice.strength(25, 80) / 255 * (1 if dice.coin(0.7) else -1))
