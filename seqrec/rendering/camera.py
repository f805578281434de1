"""A camera: light that falls unevenly, lens, sensor and compression, one after the other on a finished view."""

import numpy as np

from seqrec.rendering import degrade, surface
from seqrec.rendering.dice import Dice
from seqrec.rendering.fonts import Grey


def lit(picture: Grey, dice: Dice) -> Grey:
    """The picture under uneven light: a ramp, a cast shadow, a bright spot, dark corners, or none of them."""
    height, width = picture.shape
    factor: surface.Field | None = None
    if dice.chance(0.45):
        ramp = surface.gradient(height, width, dice.between(0, 2 * np.pi))
        factor = 1 + np.float32(dice.strength(0.03, 0.3)) * ramp
    if dice.chance(0.07):
        shadow = surface.shade(height, width, dice.rng, dice.between(1, 10))
        shadow = 1 - np.float32(dice.strength(0.1, 0.5)) * shadow
        factor = shadow if factor is None else factor * shadow
    if dice.chance(0.05):
        corners = surface.spot(height, width, width / 2, height / 2, height, width / height)
        corners = 1 - np.float32(dice.strength(0.1, 0.5)) * (1 - corners)
        factor = corners if factor is None else factor * corners
    bright: surface.Field | None = None
    if dice.chance(0.06):
        x, y = dice.between(0, width), dice.between(0, height)
        radius = dice.between(0.2, 0.8) * height
        bright = surface.spot(height, width, x, y, radius, dice.between(0.6, 4)) * np.float32(dice.strength(0.1, 0.6))
    if factor is None and bright is None:
        return picture
    light = picture.astype(np.float32) if factor is None else picture * factor
    if bright is not None:
        light += (255 - light) * bright
    return np.asarray(np.clip(light, 0, 255), np.uint8)


def photographed(picture: Grey, dice: Dice, letter_px: float, least_spread: float = 11.5) -> Grey:
    """The picture as a camera stores it.

    Args:
        picture: The view, (H, W), uint8, at the resolution of the sensor.
        dice: Chance and difficulty.
        letter_px: Height of the letters in it; how much blur they bear.
        least_spread: Deviation of the grey levels from the mean around them, below which the camera gains them up; the
            noise comes after that.

    Returns:
        (H, W), uint8.
    """
    if dice.chance(0.42):
        picture = degrade.focus_blur(picture, dice.strength(0.25, 0.35 + 0.04 * letter_px))
    elif dice.chance(0.17):
        length = dice.strength(1.1, 1.3 + 0.1 * letter_px)
        curl = dice.around(0.8, 2) if dice.coin(0.5) else 0.0
        picture = degrade.motion_blur(picture, length, dice.between(0, 180), curl)
    if dice.chance(0.12):
        picture = degrade.sharpened(picture, dice.strength(0.3, 1.5), dice.between(0.7, 1.6))
    if dice.chance(0.25):
        gamma = float(np.exp(dice.around(0.25, 0.6)))
        picture = degrade.tone_curve(picture, gamma, dice.between(0.75, 1.4), dice.around(14, 30))
    spread = degrade.local_spread(picture, letter_px)
    if spread < least_spread:
        picture = degrade.spread_out(picture, least_spread / max(spread, 1.0))
        spread = least_spread
    if dice.chance(0.45):
        sigma = min(dice.strength(0.5, 4) * dice.strength(0.5, 3), 0.4 * spread)
        picture = degrade.sensor_noise(picture, sigma, dice.rng, 2 if dice.coin(0.25) else 1)
    if dice.chance(0.5):
        picture = degrade.jpeg(picture, int(95 - dice.strength(0, 75)))
    return picture
