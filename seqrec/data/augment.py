"""Augmentation: a picture that is shown again never looks quite the same, at the price of a few microseconds."""

from functools import cache
from math import exp

import cv2
import numpy as np
import numpy.typing as npt

from seqrec.interfaces import Picture

Boxes = npt.NDArray[np.float32]

# How often each change happens at strength 1; its size is drawn anew each time.
_GEOMETRY, _TONE, _BLUR, _RESAMPLING, _NOISE, _JPEG = 0.6, 0.6, 0.3, 0.15, 0.35, 0.05
_BANK = 1 << 18
_GREYS = np.linspace(0.0, 1.0, 256)
_LONGEST_WARP, _LONGEST_JPEG = 32_766, 65_500  # px; OpenCV's and JPEG's own limits


def augment(
    image: Picture,
    rng: np.random.Generator,
    strength: float = 1.0,
    boxes: Boxes | None = None,
    invert: float = 0.5,
) -> tuple[Picture, Boxes | None]:
    """The picture as another camera might have taken it, of the same size, and its symbols' new x-spans.

    A random choice of: inverted polarity; gamma, contrast, brightness; rotation, shear, crop or margin in one warp with
    a replicated border; blur or sharpening; down- and up-scaling; Gaussian noise; JPEG. Rotation is bounded by what it
    moves at the ends, so that a long line stays inside its picture.

    Args:
        image: (H, W), uint8; not written to.
        rng: Where the choices come from; the same state gives the same picture.
        strength: 0 changes nothing but the polarity; 1 is meant for words 32 pixels high; more is more.
        boxes: x-span of each symbol in pixels, (S, 2), float32, or None.
        invert: Probability of inverted polarity, 0..1.

    Returns:
        The picture, (H, W), uint8, and the boxes at half the picture's height, (S, 2), clipped to 0..W, or None.
    """
    coin = rng.random(24).tolist()  # one call: sixteen scalar draws cost as much as a blur
    often = min(strength, 1.0)
    shifted = coin[0] < _TONE * often
    inverted = coin[1] < invert
    result = image
    if shifted or inverted:
        mean = cv2.mean(image)[0] / 255.0
        result = _matrix(cv2.LUT(result, _tone(coin[6:9], strength if shifted else 0.0, inverted, mean)))
    if coin[2] < _GEOMETRY * often and max(image.shape) <= _LONGEST_WARP:
        result, boxes = _warped(result, boxes, coin[9:15], strength)
    if coin[3] < _BLUR * often:
        result = _blurred(result, coin[15], coin[16], strength)
    if coin[4] < _RESAMPLING * often:
        result = _resampled(result, 1.0 - min(0.55 * strength, 0.8) * coin[17])
    if coin[5] < _NOISE * often:
        result = _noisy(result, coin[18], strength * 14.0 * coin[19] ** 2)
    if coin[20] < _JPEG * often and max(image.shape) <= _LONGEST_JPEG:
        quality = max(5, round(95 - 75 * min(strength, 1.2) * coin[21]))
        encoded = cv2.imencode(".jpg", result, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        result = _matrix(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))
    return (result.copy() if result is image else result), boxes


def _matrix(matrix: object) -> Picture:
    return np.asarray(matrix, dtype=np.uint8)


def _tone(coin: list[float], strength: float, inverted: bool, mean: float) -> Picture:
    """What each of the 256 greys becomes, (256,), uint8; the picture's mean (0..1) is kept off black and white."""
    greys = _GREYS * 255.0
    if strength:
        gamma = exp(0.5 * strength * (2 * coin[0] - 1))
        contrast = exp(strength * (coin[1] - 0.7))  # 0.50 to 1.35
        middle = 255.0 * mean**gamma
        new_middle = min(max(middle + 50 * strength * (2 * coin[2] - 1), 48.0), 207.0)
        greys = (255.0 * _GREYS**gamma - middle) * contrast + new_middle
    if inverted:
        greys = 255.0 - greys
    return np.clip(np.rint(greys), 0, 255).astype(np.uint8)


def _warped(image: Picture, boxes: Boxes | None, coin: list[float], strength: float) -> tuple[Picture, Boxes | None]:
    """Each edge is cropped a little or given a margin, then the picture leans and turns about its middle."""
    height, width = image.shape
    room = min(height, width) * strength
    left, right = (room * (0.21 * share - 0.06) for share in coin[0:2])  # below 0 crops, above is margin
    top, bottom = (room * (0.17 * share - 0.05) for share in coin[2:4])
    scale_x = max(width - left - right, 0.3 * width) / width
    scale_y = max(height - top - bottom, 0.3 * height) / height
    shear = strength * 0.25 * (2 * coin[4] - 1)
    slope = strength * min(0.05, 0.16 * height / width) * (2 * coin[5] - 1)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    matrix = np.array(
        [
            [scale_x, shear * scale_y, left - shear * middle_y * scale_y],
            [slope * scale_x, scale_y, top - slope * middle_x * scale_x],
        ]
    )
    warped = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if boxes is not None:
        boxes = np.clip(boxes * np.float32(scale_x) + np.float32(left), 0, width).astype(np.float32)
    return _matrix(warped), boxes


def _blurred(image: Picture, kind: float, amount: float, strength: float) -> Picture:
    if kind < 0.2:
        return _matrix(cv2.blur(image, (3, 1), borderType=cv2.BORDER_REPLICATE))
    sigma = 0.3 + 0.9 * strength * amount
    size = 3 if sigma < 0.9 else 5
    soft = cv2.GaussianBlur(image, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    if kind < 0.7:
        return _matrix(soft)
    return _matrix(cv2.addWeighted(image, 1.0 + strength * 1.5 * amount, soft, -strength * 1.5 * amount, 0.0))


def _resampled(image: Picture, factor: float) -> Picture:
    height, width = image.shape
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    return _matrix(cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height)))


@cache
def _bank() -> npt.NDArray[np.float32]:
    """Normal noise to cut pieces from, the same in every process; a fresh draw would cost ten times as much."""
    return np.random.default_rng(0).standard_normal(_BANK, dtype=np.float32)


def _noisy(image: Picture, place: float, sigma: float) -> Picture:
    bank, size = _bank(), image.size
    if size >= _BANK:
        bank = np.resize(bank, 2 * size)
    start = int(place * (len(bank) - size))
    noise = bank[start : start + size].reshape(image.shape)
    return _matrix(cv2.scaleAdd(noise, sigma, image.astype(np.float32)).clip(0, 255))
