"""Labelled staves in the formats of the field, on miniatures of our own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from seqrec.data.readers import READERS, open_dataset
from seqrec.errors import DataError
from seqrec.pictures import encode_png
from seqrec_sheet_music import readers as music_readers
from seqrec_sheet_music.musicxml import to_musicxml

ONE = ["clef-G2", "keySignature-DM", "timeSignature-2/4", "note-D5_half", "barline"]
TWO = ["clef-F4", "note-C3_quarter", "tie", "note-C3_quarter", "barline", "note-E3_half"]
KERN = "**kern\n*clefF4\n[4C\n4C]\n=\n2E\n*-\n"
PICTURE = encode_png(np.full((20, 60), 255, np.uint8))
ALL = (*READERS, *music_readers.READERS)


def labels(path: Path, format: str | None = None) -> dict[str, str]:
    store = open_dataset(path, ALL, format)
    assert all(store.encoded(index) == PICTURE for index in range(len(store)))
    return {store.key(index): store.label(index) for index in range(len(store))}


def put(folder: Path, *files: tuple[str, bytes | str]) -> Path:
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.mark.parametrize("below", ["", "package_aa/"])
def test_primus_has_a_folder_a_staff(tmp_path: Path, below: str) -> None:
    put(
        tmp_path,
        (f"{below}1-1_1/1-1_1.png", PICTURE), (f"{below}1-1_1/1-1_1.semantic", "\t".join(ONE) + "\t"),
        (f"{below}1-1_1/1-1_1.agnostic", "clef.G-L2\t"), (f"{below}1-1_1/1-1_1.mei", "<mei/>"),
        (f"{below}2-1_1/2-1_1.png", PICTURE), (f"{below}2-1_1/2-1_1.semantic", "\t".join(TWO)),
    )  # fmt: skip
    assert labels(tmp_path) == {f"{below}1-1_1/1-1_1.png": "\t".join(ONE), f"{below}2-1_1/2-1_1.png": "\t".join(TWO)}


def test_camera_primus_gives_the_distorted_pictures_or_the_clean_ones(tmp_path: Path) -> None:
    put(tmp_path, ("1/1.png", PICTURE), ("1/1_distorted.jpg", PICTURE), ("1/1.semantic", "\t".join(ONE)))
    assert labels(tmp_path) == {"1/1_distorted.jpg": "\t".join(ONE)}
    assert labels(tmp_path, "primus") == {"1/1.png": "\t".join(ONE)}


def test_flat_folder_with_pluses_between_tokens(tmp_path: Path) -> None:
    spelt = "\ufeff" + "+".join([ONE[0], "keySignature-CM", *ONE[1:]]) + "\r\n"
    put(tmp_path, ("staff-1.jpg", PICTURE), ("staff-1.semantic", spelt), ("staff-2.JPG", PICTURE), ("notes.txt", "x"))
    assert labels(tmp_path) == {"staff-1.jpg": "\t".join(ONE)}


def test_musicxml_and_kern_beside_pictures(tmp_path: Path) -> None:
    put(tmp_path / "x", ("a.png", PICTURE), ("a.musicxml", to_musicxml([ONE])), ("b.png", PICTURE), ("b.xml", to_musicxml([TWO])))
    put(tmp_path / "k", ("c.tif", PICTURE), ("c.krn", KERN))
    assert labels(tmp_path / "x") == {"a.png": "\t".join(ONE), "b.png": "\t".join(TWO)}
    assert labels(tmp_path / "k") == {"c.tif": "\t".join(TWO)}


def test_missing_picture_is_told_when_it_is_read(tmp_path: Path) -> None:
    put(tmp_path, ("1.png", PICTURE), ("1.semantic", "\t".join(ONE)), ("2.semantic", "\t".join(TWO)))
    store = open_dataset(tmp_path, ALL)
    assert len(store) == 2
    with pytest.raises(DataError, match=r"sample '2.png': '\*.semantic' names it, but there is no such file"):
        store.encoded(1)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([("a.musicxml", to_musicxml([ONE, TWO]))], "a.musicxml': it has 2 systems; a picture shows one staff"),
        ([("a.musicxml", "<score")], r"a.musicxml: no MusicXML: .*; mend it or take it out of the data set"),
        ([("a.krn", "**kern\n*clefG2\n6c")], "a.krn': line 3: '6c' lasts 1/6"),
        ([("a.semantic", b"\xff\xfe")], "a.semantic': 'utf-8' codec"),
    ],
)
def test_file_that_is_no_label_is_named(tmp_path: Path, files: list[tuple[str, bytes | str]], message: str) -> None:
    put(tmp_path, ("a.png", PICTURE), *files)
    with pytest.raises(DataError, match=message):
        open_dataset(tmp_path, ALL)


def test_folders_of_others_are_not_taken_for_ours(tmp_path: Path) -> None:
    put(tmp_path / "text", ("a.png", PICTURE), ("gt.txt", "a.png\tword"), ("config.xml", "<x/>"))
    put(tmp_path / "pairs", ("a.png", PICTURE), ("a.gt.txt", "word"))
    assert labels(tmp_path / "text") == {"a.png": "word"}
    assert labels(tmp_path / "pairs") == {"a.png": "word"}
    with pytest.raises(DataError, match="holds no files ending in .semantic"):
        open_dataset(tmp_path / "text", ALL, "primus")


def test_photographs_are_read_where_they_are(dev_photos: Callable[[], Path]) -> None:
    store = open_dataset(dev_photos(), ALL)
    assert len(store) == 6
    assert sum(len(store.label(index).split("\t")) for index in range(6)) == 229
