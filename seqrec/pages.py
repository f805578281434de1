"""Files of several pages as sources of pictures: multi-page TIFF, and PDF with pypdfium2, which is optional."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

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


def open_pages(path: Path, dpi: int = 200) -> Iterator[tuple[str, GreyPicture]]:
    """Name and grey picture of each page: `scan.pdf#page=3`, as in a PDF's address; a single page keeps the path.

    Args:
        path: A PDF, a TIFF, or any other picture.
        dpi: Resolution in which pages of a PDF are drawn, dots an inch.

    Raises:
        ImageError: The file is missing or broken, or a page too large.
        MissingExtraError: It is a PDF, and pypdfium2 is not installed.
    """
    if _is_pdf(path):
        with _Pdf(path) as document:
            for number in range(min(len(document.pages), MAX_PAGES)):
                yield _named(path, number, len(document.pages)), document.drawn(number, dpi)
        return
    count = page_count(path)
    if count == 1:
        yield str(path), open_picture(path)
        return
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        for number, page in enumerate(ImageSequence.Iterator(image)):
            if number == count:
                break
            name = _named(path, number, count)
            yield name, open_picture(page.copy(), name)


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
        image.seek(number - 1)
        return open_picture(image.copy(), f"{path}#page={number}")


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
