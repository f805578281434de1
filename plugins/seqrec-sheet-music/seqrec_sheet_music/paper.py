"""Paper: how ink looks on it, and what is wrong with it: bleeding, wear, stains, creases, the edge of the sheet, bad copies."""

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.rendering import Dice, degrade, gradient, shade, texture
from seqrec_sheet_music.ink import Grey

Field = npt.NDArray[np.float32]
QUIET = ("paper", "paper", "grain", "clouds", "fibres")
LOUD = ("clutter", "blobs", "bricks", "stripes", "halftone", "clouds", "fibres", "steps")
MOST_TEXTURE_WIDTH_PX = 640
"""A wider texture is stretched."""


def worn(coverage: Grey, dice: Dice, space_px: float) -> Grey:
    """Ink that has bled, faded or was badly printed.

    Args:
        coverage: (H, W), uint8.
        dice: Chance and difficulty.
        space_px: From one staff line to the next.
    """
    if dice.chance(0.22):  # bleeding: blurred, then darker
        coverage = degrade.focus_blur(coverage, dice.strength(0.3, 0.05 * space_px + 0.3))
        coverage = degrade.tone_curve(coverage, contrast=dice.between(1.1, 2), brightness=dice.between(0, 40))
    elif dice.chance(0.12):  # thin printing
        coverage = degrade.focus_blur(coverage, dice.strength(0.25, 0.03 * space_px + 0.25))
        coverage = degrade.tone_curve(coverage, contrast=dice.between(1, 1.5), brightness=-dice.strength(0, 35))
        coverage = np.where(coverage > 4, coverage, 0).astype(np.uint8)
    if dice.chance(0.12):  # uneven
        layer = _texture(dice, ("grain", "clouds", "blobs"), coverage.shape)
        gone = np.clip(np.float32(dice.strength(0.05, 0.3)) * (layer + np.float32(dice.between(-1, 0.5))), 0, 0.6)
        coverage = (coverage * (1 - gone)).astype(np.uint8)
    return coverage


def printed(coverage: Grey, dice: Dice, space_px: float, back: Grey | None = None) -> Grey:
    """Ink on paper, (H, W), uint8.

    Args:
        coverage: Of the ink, (H, W), uint8.
        dice: Chance and difficulty; at difficulty 0 it is black on white.
        space_px: From one staff line to the next.
        back: Ink on the back of the paper, which shines through.
    """
    ground, ink = _tones(dice)
    contrast = ground - ink
    paper = _ground(dice, coverage.shape, ground, contrast)
    if back is not None:
        paper -= back * np.float32(dice.strength(0.02, 0.14) * contrast / 255)
    if dice.chance(0.12):
        _stained(paper, dice, contrast)
    if dice.chance(0.1):
        _creased(paper, dice, contrast, space_px)
    share = coverage * np.float32(1 / 255)
    if dice.chance(0.2):  # ink lets the paper's structure through
        paper += (np.float32(ink - ground) + (paper - ground) * np.float32(-0.5)) * share
    else:
        paper += (np.float32(ink) - paper) * share
    if dice.chance(0.04):
        _copied(paper, dice)
    picture = np.asarray(np.clip(paper, 0, 255), np.uint8)
    if dice.chance(0.2):  # as the software of scanners and cameras does
        picture = degrade.sharpened(picture, dice.strength(0.4, 1.8), dice.between(0.7, 1.5))
    return picture


def _tones(dice: Dice) -> tuple[float, float]:
    """Grey levels of paper and ink."""
    if not dice.chance(1.0):
        return 255.0, 0.0
    toss = dice.between(0, 1)
    if toss < 0.25:  # scanned
        return dice.between(235, 255), dice.between(0, 60)
    if toss < 0.88:  # photographed
        ground = dice.between(165, 250)
        return ground, max(0.0, ground - dice.between(125, 225))
    ground = dice.between(100, 235)  # dim, or faded
    return ground, max(0.0, ground - dice.strength(140, 60))


def _texture(dice: Dice, kinds: tuple[str, ...], shape: tuple[int, ...], zoom: float | None = None) -> Field:
    height, width = shape
    narrow = min(width, MOST_TEXTURE_WIDTH_PX)
    layer = texture(dice.pick(kinds), height, narrow, dice.rng, dice.between(0.6, 2) if zoom is None else zoom)
    if narrow < width:  # mirrored, so that a long line keeps its grain
        layer = np.asarray(np.pad(layer, ((0, 0), (0, width - narrow)), mode="symmetric"), np.float32)
    return layer


def _ground(dice: Dice, shape: tuple[int, ...], tone: float, contrast: float) -> Field:
    paper = np.full(shape, tone, np.float32)
    toss = dice.between(0, 1) / max(dice.difficulty, 1e-6)
    if toss < 0.62:
        paper += _texture(dice, QUIET, shape) * np.float32(dice.strength(0.005, 0.07) * contrast)
        if dice.coin(0.25):
            paper += _texture(dice, ("clouds", "blobs"), shape, 2.5) * np.float32(dice.strength(0.01, 0.05) * contrast)
    elif toss < 0.7:  # natural backgrounds
        paper += _texture(dice, LOUD, shape) * np.float32(dice.strength(0.03, 0.2) * contrast)
    if dice.chance(0.35):  # grain as fine as the camera sees it
        strength = dice.strength(0.01, 0.07) * contrast
        paper += _texture(dice, ("grain", "paper"), shape, dice.between(0.5, 1)) * np.float32(strength)
    if dice.chance(0.2):
        paper += gradient(shape[0], shape[1], dice.between(0, 2 * np.pi)) * np.float32(dice.around(0.08, 0.2) * contrast)
    return paper


def _stained(paper: Field, dice: Dice, contrast: float) -> None:
    """Darken spots of age, in place."""
    rows, columns = paper.shape
    layer = np.zeros(paper.shape, np.float32)
    for _ in range(1 + dice.below(8)):
        centre = (dice.below(columns), dice.below(rows))
        axes = (1 + round(dice.between(0.01, 0.5) ** 2 * rows * 2), 1 + round(dice.between(0.01, 0.5) ** 2 * rows * 2))
        cv2.ellipse(layer, centre, axes, dice.between(0, 180), 0, 360, (dice.between(0.3, 1),), -1, cv2.LINE_AA)
    layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), dice.between(0.6, 3)), np.float32)
    paper -= layer * np.float32(dice.strength(0.03, 0.2) * contrast)


def _creased(paper: Field, dice: Dice, contrast: float, space_px: float) -> None:
    """Fold the paper, in place: a line with a bright and a dark side."""
    rows, columns = paper.shape
    side = 2 * shade(rows, columns, dice.rng, dice.between(1.5, 6)) - 1
    ridge = 1 - side**2
    paper += (ridge * np.float32(dice.around(0.12, 0.25)) + side * np.float32(dice.around(0.03, 0.08))) * np.float32(contrast)


def _copied(paper: Field, dice: Dice) -> None:
    """Photocopy, in place: hard levels, specks and blots."""
    middle = float(paper.mean()) * dice.between(0.62, 0.85)
    paper[:] = 255 / (1 + np.exp(-(paper - middle) * np.float32(dice.between(0.03, 0.12))))
    specks = dice.rng.random(paper.shape, dtype=np.float32)
    paper[specks < dice.strength(0.0002, 0.004)] = 20
    paper[specks > 1 - dice.strength(0.0002, 0.003)] = 250


def laid_on_table(picture: Grey, music: tuple[float, float, float, float], dice: Dice) -> Grey:
    """The sheet with its edge in the picture: beyond it lies a table, a wall, or nothing.

    Args:
        picture: The whole sheet, (H, W), uint8.
        music: left, top, right, bottom of what may not be covered, px.
        dice: Chance and difficulty.
    """
    rows, columns = picture.shape
    outside = np.zeros(picture.shape, np.uint8)
    for side, room in enumerate((music[0], music[1], columns - music[2], rows - music[3])):
        if room > 2 and dice.coin(0.3 + min(0.5, 2 * room / columns)):
            depth = room * dice.between(0.1, 0.95)
            slant = dice.around(0.25, 0.6) * min(room - depth, depth)
            cv2.fillPoly(outside, [_strip(side, depth + slant, depth - slant, rows, columns)], (255,), cv2.LINE_AA)
    if not outside.any():
        return picture
    toss = dice.between(0, 1)
    tone = dice.between(0, 70) if toss < 0.5 else 255.0 if toss < 0.75 else dice.between(60, 255)
    table = np.full(picture.shape, tone, np.float32)
    if tone < 255:
        table += _texture(dice, ("grain", "fibres", "clutter", "clouds"), picture.shape) * np.float32(dice.strength(2, 22))
    share = outside * np.float32(1 / 255)
    return np.asarray(np.clip(picture + (table - picture) * share, 0, 255), np.uint8)


def _strip(side: int, depth: float, other: float, rows: int, columns: int) -> npt.NDArray[np.int32]:
    """Corners of a strip along the left, upper, right or lower edge, so deep at its one end and at its other one."""
    along = columns if side % 2 else rows
    strip = np.array([(0, 0), (depth, 0), (other, along), (0, along)])
    if side % 2:
        strip = strip[:, ::-1]
    far = np.array([columns, rows])
    if side >= 2:
        strip = np.where(np.arange(2) == side - 2, far - strip, strip)
    return strip.astype(np.int32)
