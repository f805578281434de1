"""What every reader of data sets promises: it knows its own format, and reads the same in every process."""

import pickle
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from seqrec.errors import DataError
from seqrec.interfaces import DatasetReader, Store
from seqrec.pictures import open_picture
from seqrec.testing.promise import Promise, keep_all, require

_SAMPLES = 20


def check_dataset_reader(reader: DatasetReader, path: Path | None = None) -> None:
    """Nothing, if a reader of data sets keeps its promises.

    It recognises a data set of its format and nothing else, without raising; keys, labels and pictures can be read, and are the
    same the second time and in another process; a path that is not there is a `DataError`.

    Args:
        reader: As a plugin's `seqrec_dataset_readers` offers it.
        path: A data set of its format; without one, only what concerns other paths is checked.

    Raises:
        CheckError: The first promise that is not kept.
    """
    keep_all(reader_promises(reader, path))


def reader_promises(reader: DatasetReader, path: Path | None = None) -> list[Promise]:
    """The promises of a reader of data sets."""
    found = {"detects-nothing-else": lambda: _detects_nothing_else(reader)}
    if path is not None:
        found |= {
            "detects-its-format": lambda: require(reader.detect(path), f"it does not detect '{path}'"),
            "reads-samples": lambda: _samples(reader.open(path)),
            "reads-alike-in-another-process": lambda: _elsewhere(reader, path),
        }
    found["missing-data-is-a-data-error"] = lambda: _missing(reader)
    return [Promise("dataset-reader", reader.name, name, function) for name, function in found.items()]


def _detects_nothing_else(reader: DatasetReader) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "empty").mkdir()
        (folder / "notes").mkdir()
        (folder / "notes" / "notes.txt").write_bytes(b"\xff\x00 no words\n")
        (folder / "file.bin").write_bytes(bytes(range(256)))
        for path in (
            folder / "empty",
            folder / "notes",
            folder / "notes" / "notes.txt",
            folder / "file.bin",
            folder / "not there",
        ):
            require(not reader.detect(path), f"it detects its format where there is none ('{path.name}')")


def _samples(store: Store) -> None:
    require(len(store) > 0, "its data set is empty")
    keys = [store.key(index) for index in range(len(store))]
    require(len(set(keys)) == len(keys), "two samples have the same key")
    for index in range(min(len(store), _SAMPLES)):
        label, encoded = store.label(index), store.encoded(index)
        require(isinstance(label, str) and bool(label), f"sample '{keys[index]}' has the label {label!r}")
        open_picture(encoded, keys[index])


def _elsewhere(reader: DatasetReader, path: Path) -> None:
    here = _contents(reader.open(path))
    require(_contents(pickle.loads(pickle.dumps(reader.open(path)))) == here, "opened again, it gives other samples")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        there = pool.submit(_contents, reader.open(path)).result(timeout=300)
    require(there == here, "in another process it gives other samples")


def _contents(store: Store) -> list[tuple[str, str, bytes]]:
    return [(store.key(index), store.label(index), store.encoded(index)) for index in range(min(len(store), _SAMPLES))]


def _missing(reader: DatasetReader) -> None:
    with tempfile.TemporaryDirectory() as place:
        try:
            reader.open(Path(place) / "not there")
        except DataError:
            return
        except Exception as error:
            require(False, f"a path that is not there is a {type(error).__name__} ({error}); expected a DataError")
    require(False, "it opens a path that is not there; expected a DataError")
