"""Files of several pages as sources of pictures: multi-page TIFF, and PDF with pypdfium2, which is optional."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from seqrec.errors import ImageError, MissingExtraError
from seqrec.pictures import MAX_PIXELS, GreyPicture, open_picture

PAGED = (".pdf", ".tif", ".tiff")
"""Endings of files that may hold several pages."""

MAX_PAGES = 10_000
"""Most pages of a file that are read."""


def page_count(path: Path) -> int:
    """How many pages a file has: 1 for a picture that is no PDF and no TIFF of several.

    Raises:
        ImageError: The file is missing or broken.
        MissingExtraError: It is a PDF, and pypdfium2 is not installed.
    """
    if _is_pdf(path):
        with _Pdf(path) as document:
            return min(len(document.pages), MAX_PAGES)
    if path.suffix.lower() not in PAGED:
        return 1
    try:
        with Image.open(path) as image:
            return min(int(getattr(image, "n_frames", 1)), MAX_PAGES)
    except Exception as error:  # Pillow's parsers raise many kinds on garbage
        raise ImageError(f"'{path}' is broken: {error}; fetch or write it again") from error


def open_pages(path: Path, dpi: int = 200) -> Iterator[tuple[str, GreyPicture | ImageError]]:
    """Name of each page and its grey picture, or why that cannot be read: `scan.pdf#page=3`; a single page keeps the path.

    Args:
        path: A PDF, a TIFF, or any other picture.
        dpi: Resolution in which pages of a PDF are drawn, dots an inch.

    Raises:
        ImageError: The file is missing, or so broken that its pages cannot be counted.
        MissingExtraError: It is a PDF, and pypdfium2 is not installed.
    """
    count = page_count(path)
    if _is_pdf(path):
        with _Pdf(path) as document:
            for number in range(count):
                yield _named(path, number, count), _tried(partial(document.drawn, number, dpi))
    elif count == 1:
        yield str(path), _tried(partial(open_picture, path))
    else:
        with Image.open(io.BytesIO(path.read_bytes())) as image:
            for number in range(count):
                name = _named(path, number, count)
                yield name, _tried(partial(_frame, image, number, name))


def _tried(read: Callable[[], GreyPicture]) -> GreyPicture | ImageError:
    try:
        return read()
    except ImageError as error:
        return error


def open_page(path: Path, number: int, dpi: int = 200) -> GreyPicture:
    """One page, counted from 1.

    Raises:
        ImageError: The file is missing or broken, or has no such page.
        MissingExtraError: It is a PDF, and pypdfium2 is not installed.
    """
    count = page_count(path)
    if not 1 <= number <= count:
        raise ImageError(f"'{path}#page={number}': it has {count} pages; name one of them")
    if _is_pdf(path):
        with _Pdf(path) as document:
            return document.drawn(number - 1, dpi)
    with Image.open(path) as image:
        return _frame(image, number - 1, f"{path}#page={number}")


def _frame(image: Image.Image, number: int, name: str) -> GreyPicture:
    try:
        image.seek(number)
    except Exception as error:  # Pillow's parsers raise many kinds on garbage
        raise ImageError(f"'{name}' is broken: {error}; fetch or write the file again") from error
    return open_picture(image, name)


def _named(path: Path, number: int, count: int) -> str:
    return f"{path}#page={number + 1}" if count > 1 else str(path)


def _is_pdf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"%PDF-" in file.read(1024)
    except FileNotFoundError as error:
        raise ImageError(f"'{path}': no such file; check the path") from error
    except OSError as error:
        raise ImageError(f"'{path}' cannot be read: {error}; check the path and its permissions") from error


class _Pdf:
    """An open PDF."""

    def __init__(self, path: Path) -> None:
        try:
            import pypdfium2
        except ImportError as error:
            raise MissingExtraError(f"'{path}' is a PDF; to read its pages: pip install 'seqrec[pdf]'") from error
        self.path = path
        try:
            self.pages = pypdfium2.PdfDocument(path)
        except (pypdfium2.PdfiumError, OSError, ValueError) as error:
            raise ImageError(f"'{path}' is a broken PDF, or locked by a password ({error}); mend or unlock it") from error

    def __enter__(self) -> "_Pdf":
        return self

    def __exit__(self, *_: object) -> None:
        self.pages.close()

    def drawn(self, number: int, dpi: int) -> GreyPicture:
        import pypdfium2

        name = f"{self.path}#page={number + 1}"
        try:
            page = self.pages[number]
            width, height = (size * dpi / 72 for size in page.get_size())
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"'{name}' has {width:,.0f}×{height:,.0f} pixels at {dpi} dots an inch, too many; draw it with fewer"
                )
            bitmap = page.render(scale=dpi / 72, grayscale=True)
            return np.array(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width, -1)[:, :, 0]
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise ImageError(f"'{name}' cannot be drawn ({error}); mend the file") from error
