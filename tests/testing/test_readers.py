"""The conformance kit for readers of data sets: each broken promise is named, and our own readers keep theirs."""

from pathlib import Path

import numpy as np
import pytest

from seqrec import DatasetReader, Store
from seqrec.data.readers import GtTxtReader
from seqrec.data.store import FileStore
from seqrec.errors import DataError
from seqrec.pictures import encode_png
from seqrec.testing import CheckError, check_dataset_reader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures with labels."""
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(encode_png(np.zeros((8, 20), np.uint8)))
    (tmp_path / "gt.txt").write_text("a.png\tone\nb.png\ttwo\nc.png\tthree\n")
    return tmp_path


def test_reader_without_fault_passes(folder: Path) -> None:
    check_dataset_reader(GtTxtReader(), folder)
    check_dataset_reader(GtTxtReader())


class Greedy(GtTxtReader):
    def detect(self, path: Path) -> bool:
        return True


class Shy(GtTxtReader):
    def detect(self, path: Path) -> bool:
        return False


class Jumpy(GtTxtReader):
    def detect(self, path: Path) -> bool:
        return any(path.iterdir()) and super().detect(path)


class Repeating(GtTxtReader):
    def open(self, path: Path) -> Store:
        return FileStore(path, [("a.png", "one"), ("a.png", "two")], "gt.txt")


class Lost(GtTxtReader):
    def open(self, path: Path) -> Store:
        return FileStore(path, [("a.png", "one"), ("z.png", "two")], "gt.txt")


class Raising(GtTxtReader):
    def open(self, path: Path) -> Store:
        if not path.exists():
            raise FileNotFoundError(path)
        return super().open(path)


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        (Greedy(), "it detects its format where there is none ('empty')"),
        (Shy(), "it does not detect"),
        (Jumpy(), "NotADirectoryError"),
        (Repeating(), "two samples have the same key"),
        (Lost(), "DataError: sample 'z.png'"),
        (Raising(), "a path that is not there is a FileNotFoundError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_reader_that_breaks_a_promise_is_named(folder: Path, reader: DatasetReader, message: str) -> None:
    with pytest.raises(CheckError, match="dataset-reader 'gt-txt': ") as caught:
        check_dataset_reader(reader, folder)
    assert message in str(caught.value)


def test_reader_that_cannot_go_to_another_process_is_named(folder: Path) -> None:
    class Local(GtTxtReader):
        def open(self, path: Path) -> Store:
            if not path.exists():
                raise DataError("nothing there")
            store = FileStore(path, [("a.png", "one")], "gt.txt")
            store.spare = lambda: None  # type: ignore[attr-defined]
            return store

    with pytest.raises(CheckError, match="pickle"):
        check_dataset_reader(Local(), folder)
