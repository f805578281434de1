"""Pictures: from a file, bytes, a Pillow image or an array to grey (H, W) uint8, and to the height a network reads."""

import io
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from seqrec.errors import ImageError

GreyPicture: TypeAlias = npt.NDArray[np.uint8]
"""What `seqrec.interfaces.Picture` is, from one floor below: (H, W), 0 black to 255 white."""

PictureSource: TypeAlias = str | Path | bytes | Image.Image | npt.NDArray[np.generic]
"""What `open_picture` takes."""

MAX_PIXELS = 80_000_000
"""Largest picture that is decoded; below the size from which Pillow warns of decompression bombs (89,478,485)."""

_SIXTEEN_BIT = 65535
_ORIENTATION = 0x0112  # Exif 2.3, tag "Orientation"


def open_picture(source: PictureSource, name: str = "") -> GreyPicture:
    """A grey picture of anything that holds one, upright.

    Files and bytes are decoded by Pillow: EXIF rotation is applied, the first frame of an animation counts, colour goes
    to grey by ITU-R BT.601 (for JPEG that is the stored luma), 16-bit pictures are scaled by their full range 0..65535.
    Transparent parts become white, or black where everything visible is bright and would vanish on white.

    Args:
        source: A path, the bytes of an encoded picture, a Pillow image (its current frame), or an array: (H, W),
            (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16, bool, or float in 0..1.
        name: What messages call the picture; by default its path or its kind.

    Returns:
        (H, W), uint8, contiguous; the very array that was given where that is so already.

    Raises:
        ImageError: Missing, truncated, in no known format, of no pixels, of more than `MAX_PIXELS`, or an array of
            another shape, type or range.

    Example:
        >>> open_picture(np.ones((2, 3)))
        array([[255, 255, 255],
               [255, 255, 255]], dtype=uint8)
    """
    given: object = source
    if isinstance(source, np.ndarray):
        return _from_array(source, name or f"array of shape {source.shape}")
    if isinstance(source, Image.Image):
        return _from_pillow(source, name or f"Pillow image of mode {source.mode}")
    if isinstance(source, (bytes, bytearray, memoryview)):
        encoded, name = bytes(source), name or f"picture of {len(source):,} bytes"
    elif isinstance(given, (str, Path)):
        name = name or str(given)
        encoded = _file_bytes(Path(given), name)
    else:
        kind = name or type(given).__name__
        raise ImageError(f"'{kind}' is no picture; expected a path, bytes, a Pillow image or an array")
    return _decode(encoded, name)


def _file_bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f"'{name}': no such file; check the path") from error
    except IsADirectoryError as error:
        raise ImageError(f"'{name}' is a folder; expected a picture file in it") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"'{name}' cannot be read: {error}; check the path and its permissions") from error


def _decode(encoded: bytes, name: str) -> GreyPicture:
    if not encoded:
        raise ImageError(f"'{name}' is empty (0 bytes); expected an encoded picture: fetch or write it again")
    image = _opened(encoded, name)
    if image.mode == "RGB" and image.format in ("JPEG", "MPO"):
        image.draft("L", image.size)  # libjpeg's luma, without a detour by RGB; the size stays
    return _from_pillow(image, name, may_be_turned=image.format != "PNG" or _png_has_exif(encoded))


def _png_has_exif(encoded: bytes) -> bool:
    """Whether a PNG file may hold an EXIF block: looking for one by Pillow takes a fifth of the time that decoding takes."""
    return b"eXIf" in encoded or b"Raw profile" in encoded


def _opened(encoded: bytes, name: str) -> Image.Image:
    """The picture with its header read, its pixels not yet decoded."""
    try:
        return Image.open(io.BytesIO(encoded))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"'{name}' has too many pixels; at most {MAX_PIXELS:,} are read: crop or shrink it") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"'{name}' is no picture in a format we read (it starts with {encoded[:8]!r}); expected JPEG, PNG, TIFF, "
            "BMP, GIF, WebP or another raster format of Pillow: convert it first"
        ) from error
    except Exception as error:  # Pillow's parsers raise many kinds on garbage
        raise ImageError(f"'{name}' is broken: {error}; fetch or write it again") from error


def picture_size(encoded: bytes, name: str = "") -> tuple[int, int]:
    """Width and height in pixels, upright, from the header alone.

    Raises:
        ImageError: The header is of no known format. A picture that is cut off behind its header is not noticed.
    """
    image = _opened(encoded, name or f"picture of {len(encoded):,} bytes")
    width, height = image.size
    if image.format == "PNG" and not _png_has_exif(encoded):
        return width, height  # asking a PNG for its EXIF block decodes it
    return (height, width) if _orientation(image) in (5, 6, 7, 8) else (width, height)


def picture_kind(encoded: bytes) -> str:
    """Format and mode of an encoded picture, and what is unusual: `PNG RGB`, `JPEG CMYK`, `GIF P, 3 frames`; "" for none."""
    try:
        image = _opened(encoded, "picture")
        frames = int(getattr(image, "n_frames", 1))
        unusual = [f"{frames} frames"] if frames > 1 else []
        if image.format != "PNG" and _orientation(image) not in (0, 1):
            unusual.append("turned by EXIF")
        return ", ".join([f"{image.format} {image.mode}", *unusual])
    except Exception:  # noqa: BLE001, RUF100 - of a broken picture there is no kind to tell
        return ""


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001, RUF100 - an EXIF block broken in whatever way leaves a picture to read
        return 1


def _from_pillow(image: Image.Image, name: str, may_be_turned: bool = True) -> GreyPicture:
    _refuse_size(*image.size, name)
    try:
        image.load()
        if may_be_turned and _orientation(image) not in (0, 1):
            image = ImageOps.exif_transpose(image)
        return _grey(image)
    except Exception as error:  # Pillow's decoders raise many kinds on garbage
        found = str(error) or type(error).__name__
        raise ImageError(f"'{name}' is truncated or broken ({found}); fetch or write it again") from error


def _refuse_size(width: int, height: int, name: str) -> None:
    if width * height == 0:
        raise ImageError(f"'{name}' has no pixels ({width}×{height}); expected at least 1×1")
    if width * height > MAX_PIXELS:
        raise ImageError(f"'{name}' has {width}×{height} pixels, too many; at most {MAX_PIXELS:,} are read: crop or shrink it")


def _grey(image: Image.Image) -> GreyPicture:
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        return _on_background(np.array(image.convert("RGB").convert("L")), np.asarray(image.getchannel("A")))
    if image.mode in ("L", "RGB"):
        return np.array(image if image.mode == "L" else image.convert("L"))
    if image.mode.startswith("I") or image.mode == "F":
        return _by_range(np.asarray(image).astype(np.float64), image.mode)
    if image.mode != "1":
        image = image.convert("RGB")
    return np.array(image.convert("L"))


def _on_background(grey: GreyPicture, alpha: GreyPicture) -> GreyPicture:
    visible = grey[alpha > 127]
    background = 0.0 if visible.size and np.percentile(visible, 5) > 127 and alpha.min() < 128 else 255.0
    opacity = alpha.astype(np.float32) / 255.0
    return np.rint(background + (grey - background) * opacity).astype(np.uint8)


def _by_range(values: npt.NDArray[np.float64], mode: str) -> GreyPicture:
    """Integers in 0..65535, floats in 0..1 or 0..255 are taken as such, all else by its own least and greatest."""
    values = np.nan_to_num(values)
    low, high = float(values.min()), float(values.max())
    if mode == "F" and low >= 0 and high <= 255:
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    elif mode != "F" and low >= 0 and high <= _SIXTEEN_BIT:
        low, high = 0.0, float(_SIXTEEN_BIT)
    scaled = (values - low) * (255.0 / max(high - low, np.finfo(np.float64).tiny))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def _from_array(array: npt.NDArray[np.generic], name: str) -> GreyPicture:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ImageError(f"'{name}' is no picture; expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)")
    if array.size == 0:
        raise ImageError(f"'{name}' has no pixels; expected at least 1×1")
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise ImageError(f"'{name}' has more than {MAX_PIXELS:,} pixels; crop or shrink it")
    values: GreyPicture
    if array.dtype == np.uint8:
        values = array.astype(np.uint8, copy=False)
    elif array.dtype == np.bool_:
        values = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16:
        values = np.rint(array.astype(np.float32) / (_SIXTEEN_BIT / 255)).astype(np.uint8)
    elif np.issubdtype(array.dtype, np.floating):
        low, high = float(array.min()), float(array.max())
        if not (low >= 0 and high <= 1):
            raise ImageError(f"'{name}' holds floats from {low:g} to {high:g}; expected 0..1: divide by white's value")
        values = np.rint(array.astype(np.float64) * 255).astype(np.uint8)
    else:
        raise ImageError(f"'{name}' has type {array.dtype}; expected uint8, uint16, bool or float in 0..1: convert it")
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim == 3:
        image = Image.fromarray(np.ascontiguousarray(values))
        return _grey(image)
    return np.ascontiguousarray(values)


def open_colour(encoded: bytes, name: str = "") -> npt.NDArray[np.uint8]:
    """A picture in its colours, to cut pieces from: pixels lie as the file has them, which is how boxes count them.

    Returns:
        (H, W, 3), uint8, blue, green, red, as OpenCV has them; or (H, W) where the picture is grey.

    Raises:
        ImageError: As for `open_picture`.
    """
    name = name or f"picture of {len(encoded):,} bytes"
    image = _opened(encoded, name)
    width, height = image.size
    if image.mode not in ("L", "1", "RGB", "P", "CMYK", "YCbCr", "RGBA", "LA"):
        return _from_pillow(image, name)
    _refuse_size(width, height, name)
    try:
        grey = image.mode in ("L", "1", "LA")
        values = np.array(image.convert("L" if grey else "RGB"))
    except Exception as error:  # Pillow's decoders raise many kinds on garbage
        found = str(error) or type(error).__name__
        raise ImageError(f"'{name}' is truncated or broken ({found}); fetch or write it again") from error
    return values if grey else np.ascontiguousarray(values[:, :, ::-1])


def fit_height(
    image: GreyPicture,
    height_px: int,
    min_width_px: int = 100,
    width_step_px: int = 4,
    max_width_px: int = 20_000,
    width_px: int = 0,
) -> GreyPicture:
    """The picture at a network's height, its width in proportion or as it is told.

    Args:
        image: (H, W), uint8.
        height_px: Height of what comes out.
        min_width_px: Narrower pictures are stretched to this.
        width_step_px: The width is a multiple of this, by resizing, never by padding.
        max_width_px: The widest that is made; a bound on memory.
        width_px: Width of what comes out, whatever the picture's; 0 for one in proportion.

    Returns:
        (`height_px`, W'), uint8, W' the multiple of `width_step_px` next to `height_px * W / H` or `min_width_px`, or from
        `width_px` up.

    Raises:
        ImageError: The width would be beyond `max_width_px`.

    Source:
        Shi et al. 2015, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition": height 32, width
        in proportion and at least 100. Rounding the width is ours.
    """
    height, width = image.shape
    new_width = fitted_width(width, height, height_px, min_width_px, width_step_px, width_px)
    if new_width > max_width_px:
        raise ImageError(
            f"a picture of {width}×{height} pixels would be {new_width:,} pixels wide at height {height_px}; at most "
            f"{max_width_px:,} are made: crop it into parts or raise max_width_px"
        )
    if (height, width) == (height_px, new_width):
        return image
    smaller = (min(width, new_width), min(height, height_px))
    if smaller != (width, height):  # what shrinks is averaged first, each axis on its own; what grows comes after
        image = _grey_matrix(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA))
    if smaller != (new_width, height_px):
        image = _grey_matrix(cv2.resize(image, (new_width, height_px), interpolation=cv2.INTER_LINEAR))
    return image


def fitted_width(
    width: int, height: int, height_px: int, min_width_px: int = 100, width_step_px: int = 4, width_px: int = 0
) -> int:
    """Width in pixels that `fit_height` brings a picture of a width and height to."""
    if width_px:
        return -(-width_px // width_step_px) * width_step_px
    in_proportion = width * height_px / height
    return max(round(in_proportion / width_step_px), -(-min_width_px // width_step_px), 1) * width_step_px


def turned(image: GreyPicture, degrees: int) -> GreyPicture:
    """The picture turned counter-clockwise by a multiple of 90 degrees.

    Raises:
        ImageError: Another angle.
    """
    if degrees % 90:
        raise ImageError(f"a picture cannot be turned by {degrees} degrees; expected a multiple of 90")
    return np.ascontiguousarray(np.rot90(image, degrees // 90 % 4))


def encode_png(image: GreyPicture) -> bytes:
    """The picture, grey (H, W) or in colours as `open_colour` has them, as a PNG file's bytes, without loss.

    Raises:
        ImageError: Not a uint8 array of such a shape with at least one pixel.
    """
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or image.dtype != np.uint8 or image.size == 0:
        raise ImageError(f"array of shape {image.shape} and type {image.dtype}: expected (H, W), uint8, at least 1×1")
    fine, encoded = cv2.imencode(".png", image)
    if not fine:
        raise ImageError(f"a picture of shape {image.shape} cannot be written as PNG")
    return bytes(encoded)


def _grey_matrix(matrix: object) -> GreyPicture:
    return np.asarray(matrix, dtype=np.uint8)
