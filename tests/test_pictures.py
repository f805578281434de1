"""Every odd picture that the wild holds, opened or refused with a cure."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from seqrec.errors import ImageError
from seqrec.pictures import MAX_PIXELS, encode_png, fit_height, open_picture, picture_size, turned


def ramp(height: int = 24, width: int = 60) -> npt.NDArray[np.uint8]:
    """Dark at the top left, bright at the bottom right, so that every turn of it differs."""
    return np.add.outer(np.linspace(0, 90, height), np.linspace(0, 160, width)).astype(np.uint8)


def coloured(height: int = 24, width: int = 60) -> npt.NDArray[np.uint8]:
    return np.dstack([ramp(height, width), ramp(height, width)[::-1], np.full((height, width), 77, np.uint8)])


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_header_only(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    parts = (struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def near(left: npt.NDArray[np.uint8], right: npt.NDArray[np.uint8], tolerance: int) -> bool:
    return left.shape == right.shape and int(np.abs(left.astype(int) - right.astype(int)).max()) <= tolerance


def test_path_string_bytes_pillow_and_array_give_the_same_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(ramp()))
    for source in (path, str(path), path.read_bytes(), Image.fromarray(ramp()), ramp(), ramp()[:, :, None]):
        assert np.array_equal(open_picture(source), ramp())


def test_colour_png_and_colour_array_go_to_the_same_grey() -> None:
    from_file = open_picture(encoded(Image.fromarray(coloured()), "PNG"))
    assert np.array_equal(from_file, open_picture(coloured()))
    assert near(from_file, np.asarray(cv2.cvtColor(coloured(), cv2.COLOR_RGB2GRAY), np.uint8), 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_of_a_jpeg_agrees_with_opencv(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(coloured()), "JPEG", exif=exif, quality=95)
    other = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
    assert near(open_picture(data), other, 1)
    assert picture_size(data) == other.shape[::-1]


def test_exif_rotation_of_a_jpeg_agrees_with_turning_the_plain_one() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = encoded(Image.fromarray(ramp()), "JPEG", quality=95)
    rotated = encoded(Image.fromarray(ramp()), "JPEG", quality=95, exif=exif)
    assert np.array_equal(open_picture(rotated), turned(open_picture(plain), -90))


def test_exif_rotation_of_a_png_is_applied_and_its_size_told_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    data = encoded(Image.fromarray(ramp()), "PNG", exif=exif)
    assert np.array_equal(open_picture(data), turned(ramp(), 90))
    assert picture_size(data) == (24, 60)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_block_leaves_the_picture_readable() -> None:
    data = encoded(Image.fromarray(ramp()), "JPEG", exif=b"Exif\0\0MM\0*\0\0\xff\xff\xff\xff", quality=95)
    assert near(open_picture(data), ramp(), 6)


def test_cmyk_jpeg_looks_like_its_rgb_one() -> None:
    rgb = Image.fromarray(coloured())
    assert near(open_picture(encoded(rgb.convert("CMYK"), "JPEG", quality=95)), open_picture(coloured()), 12)


def test_sixteen_bit_png_is_scaled_by_its_full_range() -> None:
    wide = (ramp().astype(np.uint16) * 257).astype(np.uint16)
    data = bytes(cv2.imencode(".png", wide)[1])
    assert np.array_equal(open_picture(data), ramp())
    assert np.array_equal(open_picture(wide), ramp())


def test_dark_sixteen_bit_picture_stays_dark() -> None:
    assert open_picture(np.full((4, 4), 514, np.uint16)).tolist() == [[2] * 4] * 4


def test_32_bit_and_float_pillow_images_are_scaled_by_what_they_hold() -> None:
    wide = ramp().astype(np.int32)
    assert np.array_equal(open_picture(Image.fromarray(wide * 257)), ramp())
    assert open_picture(Image.fromarray(np.array([[-5, 0, 100_000]], np.int32))).tolist() == [[0, 0, 255]]
    assert np.array_equal(open_picture(Image.fromarray(ramp().astype(np.float32))), ramp())
    assert np.array_equal(open_picture(Image.fromarray((ramp() / 255).astype(np.float32))), ramp())


def test_one_bit_picture_is_black_and_white() -> None:
    flags = np.array([[True, False]])
    assert open_picture(flags).tolist() == [[255, 0]]
    assert open_picture(Image.fromarray(flags)).tolist() == [[255, 0]]


def test_transparent_parts_become_white_behind_dark_symbols() -> None:
    drawing = np.zeros((10, 20, 4), np.uint8)
    drawing[3:7, 5:15, 3] = 255
    grey = open_picture(encoded(Image.fromarray(drawing), "PNG"))
    assert grey[0, 0] == 255
    assert grey[5, 10] == 0


def test_transparent_parts_become_black_behind_white_symbols() -> None:
    drawing = np.full((10, 20, 4), 255, np.uint8)
    drawing[:, :, 3] = 0
    drawing[3:7, 5:15, 3] = 255
    grey = open_picture(drawing)
    assert grey[0, 0] == 0
    assert grey[5, 10] == 255


def test_opaque_bright_picture_with_an_alpha_channel_stays_as_it_is() -> None:
    opaque = np.dstack([np.full((5, 5, 3), 200, np.uint8), np.full((5, 5), 255, np.uint8)])
    assert (open_picture(opaque) == 200).all()


def test_palette_png_with_a_transparent_colour_goes_the_way_of_its_rgba_one() -> None:
    palette = Image.fromarray(np.repeat(np.arange(3, dtype=np.uint8)[None], 4, 0)).convert("P")
    palette.putpalette([0, 0, 0, 10, 90, 200, 255, 0, 0])
    data = encoded(palette, "PNG", transparency=bytes([255, 0, 128]))
    reopened = Image.open(io.BytesIO(data))
    assert reopened.mode == "P"
    assert np.array_equal(open_picture(data), open_picture(np.array(reopened.convert("RGBA"))))
    assert open_picture(data)[0, 1] == 255


def test_first_frame_of_an_animated_gif_counts() -> None:
    frames = [Image.fromarray(np.full((6, 8), grey, np.uint8)) for grey in (40, 90, 200)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    assert (open_picture(data) == 40).all()


def test_float_array_of_0_to_1_is_scaled_to_255() -> None:
    assert open_picture(np.array([[0.0, 0.5, 1.0]])).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((0, 5), np.uint8), "has no pixels; expected at least 1×1"),
        (np.zeros((5, 5, 2), np.uint8), r"expected \(H, W\), \(H, W, 1\), \(H, W, 3\) or \(H, W, 4\)"),
        (np.zeros(5, np.uint8), r"expected \(H, W\)"),
        (np.zeros((2, 2), np.int64), "has type int64; expected uint8, uint16, bool or float in 0..1"),
        (np.full((2, 2), 200.0), "holds floats from 200 to 200; expected 0..1"),
        (np.full((2, 2), np.nan), "holds floats from nan to nan"),
        (np.broadcast_to(np.uint8(0), (10_000, 10_000)), "80,000,000 pixels; crop or shrink it"),
    ],
)
def test_arrays_that_are_no_picture_are_refused_with_a_cure(array: npt.NDArray[np.generic], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        open_picture(array)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_file_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.bin"
    noise = np.random.default_rng(1).integers(0, 255, (40, 90), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"cut\.bin' is truncated or broken \(.+\); fetch or write it again"):
        open_picture(path)


@pytest.mark.parametrize("length", range(1, 200, 9))
def test_a_file_cut_anywhere_is_refused_and_never_half_read(length: int) -> None:
    data = encode_png(np.random.default_rng(1).integers(0, 255, (20, 40), np.uint8))
    with pytest.raises(ImageError):
        open_picture(data[:length])


def test_missing_file_folder_garbage_and_nothing_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png': no such file; check the path"):
        open_picture(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match="is a folder; expected a picture file in it"):
        open_picture(tmp_path)
    with pytest.raises(ImageError, match=r"is no picture in a format we read \(it starts with b'<svg xml'\)"):
        open_picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(ImageError, match=r"'image-000000007' is empty \(0 bytes\)"):
        open_picture(b"", name="image-000000007")
    with pytest.raises(ImageError, match="'int' is no picture; expected a path"):
        open_picture(7)  # type: ignore[arg-type]
    with pytest.raises(ImageError, match="cannot be read: embedded null"):
        open_picture("a\0b.png")


@pytest.mark.parametrize(("width", "height"), [(9_000, 9_000), (12_000, 12_000), (60_000, 60_000)])
def test_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    assert width * height > MAX_PIXELS
    with pytest.raises(ImageError, match="too many"):
        open_picture(png_header_only(width, height))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_an_image_error(data: bytes) -> None:
    for start in (b"", b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"P5 4 4 255 "):
        try:
            assert open_picture(start + data).dtype == np.uint8
        except ImageError:
            continue


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 3000), (20_000, 32), (100, 32), (37, 19), (641, 480)])
def test_fit_height_gives_the_height_and_a_multiple_of_the_step(width: int, height: int) -> None:
    fitted = fit_height(np.full((height, width), 9, np.uint8), 32)
    assert fitted.dtype == np.uint8
    assert fitted.shape[0] == 32
    assert fitted.shape[1] % 4 == 0
    assert fitted.shape[1] == max(100, 4 * round(width * 32 / height / 4))
    assert (fitted == 9).all()


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 64), st.integers(1, 300), st.integers(1, 16))
def test_fit_height_is_never_narrower_than_asked(width: int, height: int, new: int, least: int, step: int) -> None:
    fitted = fit_height(np.zeros((height, width), np.uint8), new, least, step, 200_000)
    assert fitted.shape[0] == new
    assert fitted.shape[1] >= least
    assert fitted.shape[1] % step == 0


def test_fit_height_refuses_what_would_be_wider_than_the_cap() -> None:
    flat = np.zeros((1, 3000), np.uint8)
    with pytest.raises(ImageError, match="3000×1 pixels would be 96,000 pixels wide at height 32; at most 20,000"):
        fit_height(flat, 32)
    assert fit_height(flat, 32, max_width_px=96_000).shape == (32, 96_000)


def test_fit_height_averages_what_it_shrinks() -> None:
    stripes = np.zeros((320, 1000), np.uint8)
    stripes[::2] = 255
    fitted = fit_height(stripes, 32)
    assert abs(float(fitted.mean()) - 127.5) < 2
    assert float(fitted.std()) < 3


def test_fit_height_keeps_left_left_and_top_top() -> None:
    fitted = fit_height(ramp(240, 600), 32)
    assert fitted[0, 0] < fitted[0, -1]
    assert fitted[0, 0] < fitted[-1, 0]


@pytest.mark.parametrize("degrees", [-90, 0, 90, 180, 270, 450])
def test_turning_there_and_back_gives_the_picture(degrees: int) -> None:
    assert np.array_equal(turned(turned(ramp(), degrees), -degrees), ramp())


def test_turning_by_90_is_counter_clockwise_and_other_angles_are_refused() -> None:
    assert turned(np.array([[1, 2]], np.uint8), 90).tolist() == [[2], [1]]
    with pytest.raises(ImageError, match="cannot be turned by 45 degrees; expected a multiple of 90"):
        turned(ramp(), 45)


def test_png_is_read_back_to_the_bit_and_other_arrays_are_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (31, 17), np.uint8)
    assert np.array_equal(open_picture(encode_png(noise)), noise)
    with pytest.raises(ImageError, match=r"expected \(H, W\), uint8"):
        encode_png(coloured()[:, :, :2])
