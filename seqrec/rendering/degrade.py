"""Degradation: what optics, sensors and compression do to a picture. Every function returns a new grey picture."""

import cv2
import numpy as np

from seqrec.rendering.fonts import Grey


def focus_blur(picture: Grey, sigma_px: float) -> Grey:
    """The picture out of focus: a Gaussian of so many pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE), np.uint8)


def motion_blur(picture: Grey, length_px: float, angle_deg: float, curl: float = 0.0) -> Grey:
    """The picture smeared along a way so many pixels long.

    Args:
        picture: (H, W), uint8.
        length_px: Way of the camera.
        angle_deg: Direction, counter-clockwise.
        curl: Turn along the way, radians; 0 is a straight line.
    """
    size = max(3, 2 * int(np.ceil(length_px / 2)) + 3)
    kernel = np.zeros((size, size), np.float32)
    steps = np.linspace(-1, 1, 2 * size + 1)
    angles = np.deg2rad(angle_deg) + curl / 2 * steps
    way = np.stack([np.cumsum(np.cos(angles)), -np.cumsum(np.sin(angles))], axis=1) * (length_px / len(steps))
    way += (size - 1) / 2 - way.mean(axis=0)
    for x, y in way:
        column, row = min(int(x), size - 2), min(int(y), size - 2)
        part_x, part_y = x - column, y - row
        kernel[row, column] += (1 - part_x) * (1 - part_y)
        kernel[row, column + 1] += part_x * (1 - part_y)
        kernel[row + 1, column] += (1 - part_x) * part_y
        kernel[row + 1, column + 1] += part_x * part_y
    kernel /= kernel.sum()
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)


def resized(picture: Grey, height_px: int, width_px: int, smooth: bool = True) -> Grey:
    """The picture at another size: areas when it shrinks, else linear, or cubic where not `smooth`."""
    if picture.shape == (height_px, width_px):
        return picture
    enlarging = cv2.INTER_LINEAR if smooth else cv2.INTER_CUBIC
    how = cv2.INTER_AREA if picture.shape[0] > height_px else enlarging
    return np.asarray(cv2.resize(picture, (width_px, height_px), interpolation=how), np.uint8)


def sensor_noise(picture: Grey, sigma: float, rng: np.random.Generator, grain_px: int = 1) -> Grey:
    """The picture with normal noise of so many grey levels; a grain above 1 px makes it coarse."""
    rows, columns = (-(-side // grain_px) for side in picture.shape)
    noise = rng.standard_normal((rows, columns), dtype=np.float32)
    if grain_px > 1:
        noise = np.asarray(cv2.resize(noise, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
    noise *= sigma
    noise += picture
    return np.asarray(np.clip(noise, 0, 255), np.uint8)


def jpeg(picture: Grey, quality: int) -> Grey:
    """The picture through JPEG at a quality of 1..100."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def tone_curve(picture: Grey, gamma: float = 1.0, contrast: float = 1.0, brightness: float = 0.0) -> Grey:
    """The picture with other grey levels.

    Args:
        picture: (H, W), uint8.
        gamma: Exponent on grey / 255; below 1 brightens the middle.
        contrast: Factor around the middle grey.
        brightness: Grey levels added at the end.
    """
    levels = np.arange(256, dtype=np.float32) / 255
    curve = (levels**gamma * 255 - 127.5) * contrast + 127.5 + brightness
    return np.asarray(cv2.LUT(picture, np.clip(curve, 0, 255).astype(np.uint8)), np.uint8)


def local_spread(picture: Grey, around_px: float) -> float:
    """Standard deviation of the grey levels from the mean of a square so many pixels wide around each."""
    size = 2 * int(around_px / 2) + 1
    mean = cv2.blur(picture, (size, size))
    return float(cv2.norm(picture, mean, cv2.NORM_L2) / np.sqrt(picture.size))


def spread_out(picture: Grey, factor: float) -> Grey:
    """The picture with its grey levels so many times farther from their mean, which moves where they would not fit."""
    mean, extent = float(picture.mean()), 2.5 * float(picture.std()) * factor
    target = min(max(mean, extent), 255 - extent) if extent < 127 else 127.5
    levels = (np.arange(256, dtype=np.float32) - np.float32(mean)) * np.float32(factor) + np.float32(target)
    return np.asarray(cv2.LUT(picture, np.clip(levels, 0, 255).astype(np.uint8)), np.uint8)


def sharpened(picture: Grey, amount: float, sigma_px: float = 1.0) -> Grey:
    """The picture with the halos that cameras draw around edges."""
    soft = cv2.GaussianBlur(picture, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0), np.uint8)
