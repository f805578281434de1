"""Scenery: the surface behind the letters, and what else stands on the sign."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.rendering import Dice, Font, Line, gradient, lay_out, texture
from seqrec_scene_text.framing import Around
from seqrec_scene_text.lettering import Tones, paint

Grey = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
QUIET = ("clouds", "paper", "grain", "fibres", "clouds", "grain")
LOUD = ("clutter", "clutter", "blobs", "bricks", "stripes", "halftone", "clouds", "steps")


def surface(dice: Dice, height_px: int, width_px: int, tones: Tones) -> Field:
    """A surface of about the ground's tone, (H, W), float32, grey levels; never as far as half way to the letters."""
    plane = np.full((height_px, width_px), tones.ground, np.float32)
    contrast = tones.contrast
    if dice.chance(0.35):
        ramp = gradient(height_px, width_px, dice.between(0, 2 * np.pi))
        plane += ramp * np.float32(dice.strength(0.05, 0.3) * contrast * (1 if dice.coin() else -1))
    toss = dice.between(0, 1) / max(dice.difficulty, 1e-6)
    if toss < 0.45:
        layer = texture(dice.pick(QUIET), height_px, width_px, dice.rng, dice.between(0.5, 2))
        plane += layer * np.float32(dice.strength(0.01, 0.1) * contrast)
    elif toss < 0.72:
        layer = texture(dice.pick(LOUD), height_px, width_px, dice.rng, dice.between(0.5, 2.5))
        layer *= np.float32(dice.strength(0.03, 0.22) * contrast)
        if dice.coin(0.5):  # away from the letters it may be as loud as it likes
            layer = np.where(layer * np.float32(tones.sign) < 0, layer * np.float32(dice.between(1, 4)), layer)
        plane += layer
    near = tones.ground + tones.sign * 0.45 * contrast
    return np.asarray(np.clip(plane, *((0, near) if tones.sign > 0 else (near, 255))), np.float32)


def furnished(plane: Field, box: tuple[int, int, int, int], dice: Dice, tones: Tones, letter_px: float) -> None:
    """Add what a sign has besides letters: a plate, tiles' joints, frames, lines, edges of other things; in place.

    Args:
        plane: The surface.
        box: left, top, right, bottom of the word on it.
        dice: Chance and difficulty.
        tones: Grey levels.
        letter_px: Height of the letters.
    """
    left, top, right, bottom = box
    rows, columns = plane.shape
    if dice.chance(0.09):  # a plate or band around the word; beyond it the wall
        pad_x, pad_y = (round(dice.between(0.05, 0.3) * letter_px) for _ in range(2))
        wall = np.full_like(plane, dice.between(0, 255))
        wall += texture(dice.pick(QUIET + LOUD), rows, columns, dice.rng) * np.float32(dice.strength(2, 25))
        sides = [dice.coin(0.65) for _ in range(4)]
        x0, x1 = (left - pad_x if sides[0] else 0), (right + pad_x if sides[1] else columns)
        y0, y1 = (top - pad_y if sides[2] else 0), (bottom + pad_y if sides[3] else rows)
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, columns), min(y1, rows)
        wall[y0:y1, x0:x1] = plane[y0:y1, x0:x1]
        plane[:] = wall
        if dice.coin(0.4):
            tone = tones.letters if dice.coin() else dice.between(0, 255)
            cv2.rectangle(plane, (x0, y0), (x1 - 1, y1 - 1), (float(tone),), int(dice.between(1, 4)))
    if dice.chance(0.03):  # a frame in the letters' tone
        pad_x, pad_y = (round(dice.between(0.12, 0.4) * letter_px) for _ in range(2))
        corner, other = (left - pad_x, top - pad_y), (right + pad_x, bottom + pad_y)
        cv2.rectangle(plane, corner, other, (tones.letters,), int(dice.between(1, 4)), cv2.LINE_AA)
    for _ in range(2):
        if dice.chance(0.05):  # a rule above or below
            gap = dice.between(0.06, 0.35) * letter_px
            y = round(top - gap) if dice.coin() else round(bottom + gap)
            high = max(1, round(dice.between(0.02, 0.12) * letter_px))
            tone = tones.letters if dice.coin(0.7) else dice.between(0, 255)
            cv2.rectangle(plane, (0, y), (columns, y + high - 1), (float(tone),), -1)
    if dice.chance(0.05):  # the edge of something on the left or right
        gap = dice.between(0.1, 0.35) * letter_px
        x = left - gap if dice.coin() else right + gap
        thick = dice.between(0.02, 0.15) * letter_px if dice.coin(0.6) else letter_px
        span = (x - thick, x) if x < left else (x, x + thick)
        tone = tones.letters if dice.coin(0.6) else dice.between(0, 255)
        cv2.rectangle(plane, (round(span[0]), 0), (round(span[1]), rows), (float(tone),), -1)


def obstructed(plane: Field, box: tuple[int, int, int, int], dice: Dice, letter_px: float) -> None:
    """Draw what hangs or has been scratched across the letters, in place: a wire, a pole, a crack, stains."""
    left, top, right, bottom = box
    tone, kind = float(dice.between(0, 255)), dice.between(0, 1)
    if kind < 0.6:
        thick = max(1, round(dice.between(0.02, 0.09) * letter_px))
        start = (round(dice.between(left - letter_px, right)), top - 8)
        end = (start[0] + round(dice.between(-1, 1) * 3 * letter_px), bottom + 8)
        cv2.line(plane, start, end, (tone,), thick, cv2.LINE_AA)
        return
    for _ in range(1 + dice.below(8)):
        centre = (round(dice.between(left, right)), round(dice.between(top, bottom)))
        axes = (round(dice.between(0.02, 0.12) * letter_px), round(dice.between(0.02, 0.12) * letter_px))
        cv2.ellipse(plane, centre, axes, dice.between(0, 180), 0, 360, (tone,), -1, cv2.LINE_AA)


def tiled(
    plane: Field, boxes: npt.NDArray[np.float32], pieces: Sequence[str], dice: Dice, tones: Tones, letter_px: float
) -> None:
    """Put each letter on a tile of its own, in place; boxes (S, 4) are the letters' on the plane."""
    wall = dice.between(0, 255)
    plane_ground = plane.copy()
    paint(plane, np.full(plane.shape, 255, np.uint8), wall)
    top, bottom = boxes[:, 1].min() - 0.15 * letter_px, boxes[:, 3].max() + 0.15 * letter_px
    for index, piece in enumerate(pieces):
        if piece == " ":
            continue
        left = boxes[index, 0] - 0.1 * letter_px if index == 0 else (boxes[index - 1, 2] + boxes[index, 0]) / 2 + 1
        right = boxes[index, 2] + 0.1 * letter_px if index == len(pieces) - 1 else (boxes[index, 2] + boxes[index + 1, 0]) / 2 - 1
        rows, columns = slice(max(0, int(top)), int(bottom)), slice(max(0, int(left)), int(right))
        plane[rows, columns] = plane_ground[rows, columns]


def neighbours(
    mask: Grey,
    box: tuple[int, int, int, int],
    line: Line,
    font: Font,
    words: Sequence[str],
    around: Around,
    dice: Dice,
    letter_px: int,
) -> None:
    """Add the words beside the word to the mask of a sign, in place.

    Args:
        mask: Coverage of the letters, (H, W).
        box: left, top, right, bottom of the word on it.
        line: The word.
        font: Its typeface.
        words: Four texts: left, above, right, below.
        around: Which of them there are, and how far away.
        dice: Chance.
        letter_px: Height of the letters.
    """
    left, top, right, bottom = box
    base = top + line.baseline_px
    gaps = (around.left, around.above, around.right, around.below)
    for index, (word, gap) in enumerate(zip(words, gaps, strict=True)):
        if gap is None:
            continue
        if not word:
            continue
        other = lay_out(font, word, letter_px)
        picture, baseline = other.mask, float(other.baseline_px)
        if dice.coin(0.25):
            size = dice.between(0.5, 1.5)
            picture = np.asarray(cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), np.uint8)
            baseline *= size
        rows, columns = picture.shape
        away = gap * letter_px
        if index == 0:
            x, y = round(left - away - columns), round(base - baseline)
        elif index == 2:
            x, y = round(right + away), round(base - baseline)
        else:
            x = round(left + dice.between(-0.5, 0.5) * (right - left) - dice.between(0, 0.3) * columns)
            y = round(top - away - rows) if index == 1 else round(bottom + away)
        _pasted(mask, picture, x, y)


def _pasted(mask: Grey, other: Grey, x: int, y: int) -> None:
    rows, columns = mask.shape
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + other.shape[1], columns), min(y + other.shape[0], rows)
    if x1 > x0 and y1 > y0:
        area = mask[y0:y1, x0:x1]
        np.maximum(area, other[y0 - y : y1 - y, x0 - x : x1 - x], out=area)
