"""Pages of TIFF and PDF files as pictures."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seqrec.errors import ImageError, MissingExtraError
from seqrec.interfaces import Picture
from seqrec.pages import open_page, open_pages, page_count


def grey(value: int) -> Image.Image:
    return Image.fromarray(np.full((40, 120), value, np.uint8))


def tiff(path: Path, values: list[int]) -> Path:
    first, *others = [grey(value) for value in values]
    first.save(path, save_all=True, append_images=others)
    return path


def pdf(path: Path, values: list[int]) -> Path:
    first, *others = [grey(value).convert("RGB") for value in values]
    first.save(path, save_all=True, append_images=others, resolution=72.0)
    return path


def opened(path: Path, dpi: int = 200) -> dict[str, Picture]:
    return {name: page for name, page in open_pages(path, dpi) if not isinstance(page, ImageError)}


def test_each_page_of_a_tiff_is_a_picture(tmp_path: Path) -> None:
    file = tiff(tmp_path / "scan.tif", [10, 90, 200])
    assert page_count(file) == 3
    pages = opened(file)
    assert list(pages) == [f"{file}#page={number}" for number in (1, 2, 3)]
    assert [int(page[0, 0]) for page in pages.values()] == [10, 90, 200]


def test_file_of_one_page_keeps_its_name(tmp_path: Path) -> None:
    file = tiff(tmp_path / "one.tif", [10])
    grey(50).save(tmp_path / "x.png")
    assert [name for name, _ in open_pages(file)] == [str(file)]
    assert [(name, int(page[0, 0])) for name, page in opened(tmp_path / "x.png").items()] == [(str(tmp_path / "x.png"), 50)]


def test_each_page_of_a_pdf_is_drawn_at_the_resolution_that_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    file = pdf(tmp_path / "scan.pdf", [10, 200])
    for dpi, shape in ((72, (40, 120)), (144, (80, 240))):
        pages = opened(file, dpi)
        assert list(pages) == [f"{file}#page=1", f"{file}#page=2"]
        assert [page.shape for page in pages.values()] == [shape, shape]
        assert all(abs(int(page[20, 60]) - value) < 6 for page, value in zip(pages.values(), (10, 200), strict=True))
    assert all("too many; draw it with fewer" in str(page) for _, page in open_pages(file, 100_000))


def test_pages_can_be_samples_of_a_data_set(tmp_path: Path) -> None:
    from seqrec.data.readers import open_dataset
    from seqrec.pictures import open_picture

    tiff(tmp_path / "scan.tif", [10, 90])
    (tmp_path / "gt.txt").write_text("scan.tif#page=1\tone\nscan.tif#page=2\ttwo\nscan.tif#page=3\tno\n")
    store = open_dataset(tmp_path, format="gt-txt")
    assert [int(open_picture(store.encoded(index))[0, 0]) for index in (0, 1)] == [10, 90]
    with pytest.raises(ImageError, match="it has 2 pages; name one of them"):
        store.encoded(2)


def test_broken_and_missing_files_are_named(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    whole = pdf(tmp_path / "scan.pdf", [10]).read_bytes()
    (tmp_path / "cut.pdf").write_bytes(whole[:60])
    with pytest.raises(ImageError, match=r"cut\.pdf' is a broken PDF"):
        page_count(tmp_path / "cut.pdf")
    (tmp_path / "noise.tif").write_bytes(b"noise")
    with pytest.raises(ImageError, match=r"noise\.tif' is broken"):
        page_count(tmp_path / "noise.tif")
    with pytest.raises(ImageError, match="no such file"):
        page_count(tmp_path / "lost.pdf")


def test_page_that_is_broken_or_huge_is_an_error_in_its_place(tmp_path: Path) -> None:
    whole = tiff(tmp_path / "scan.tif", [10, 90, 200]).read_bytes()
    widths = [match.start() for match in re.finditer(re.escape((120).to_bytes(4, "little")), whole)]
    for width, message in ((3_000, "is truncated or broken"), (80_000_000, "has 80000000×40 pixels, too many")):
        (tmp_path / "x.tif").write_bytes(whole[: widths[1]] + width.to_bytes(4, "little") + whole[widths[1] + 4 :])
        first, second, third = (page for _, page in open_pages(tmp_path / "x.tif"))
        assert [int(page[0, 0]) for page in (first, third) if not isinstance(page, ImageError)] == [10, 200]
        with pytest.raises(ImageError, match=rf"x\.tif#page=2' {message}") as found:
            open_page(tmp_path / "x.tif", 2)
        assert str(second) == str(found.value)


def test_pdf_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.4")
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'seqrec\[pdf\]'"):
        page_count(tmp_path / "x.pdf")


def test_recognize_reads_page_by_page(seqrec: Callable[..., Any], tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    tiff(tmp_path / "b.tif", [10, 200])
    pdf(tmp_path / "a.pdf", [10, 200])
    (tmp_path / "c.tif").write_bytes(b"noise")
    found = seqrec("recognize", "--model", tiny_model, tmp_path)
    assert [line.split("\t")[0] for line in found.out.splitlines()] == [
        f"{tmp_path / name}#page={number}" for name in ("a.pdf", "b.tif") for number in (1, 2)
    ]
    assert (found.code, "c.tif" in found.err) == (1, True)
