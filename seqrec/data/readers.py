"""Every format of labelled pictures that the core reads, and `open_dataset`, which picks one by what lies at a path."""

import os
from collections.abc import Sequence
from pathlib import Path

from seqrec.data.folder_formats import DoctrReader, GtPairsReader, TrdgReader
from seqrec.data.line_formats import (
    Cute80Reader,
    EasyOcrReader,
    GtTxtReader,
    IcdarWordsReader,
    IiitTagsReader,
    MjSynthReader,
    PaddleOcrReader,
    PylaiaReader,
    SvtWordsReader,
)
from seqrec.data.remote import expanded, url_of
from seqrec.data.scene_formats import IcdarScenesReader, IiitMatReader, SynthTextReader, TagsetReader, WordXmlReader
from seqrec.data.store import LmdbStore, find_sets
from seqrec.data.tar_store import INDEX, TarStore, tar_shards
from seqrec.errors import DataError, nearest
from seqrec.interfaces import DatasetReader, Store


class LmdbReader(DatasetReader):
    """A folder with a `data.mdb`, or with such folders in it."""

    name = "lmdb"

    def detect(self, path: Path) -> bool:
        """Whether there is a `data.mdb` in the folder or below."""
        return path.is_dir() and bool(find_sets(path))

    def open(self, path: Path) -> Store:
        """The sets, one after the other."""
        return LmdbStore(path.parent if path.name == "data.mdb" and path.is_file() else path)


class TarReader(DatasetReader):
    """WebDataset's tar shards: a folder of `*.tar`, a pattern as `words-{000..009}.tar`, a `shards.json`, or a URL of these."""

    name = "webdataset"

    def detect(self, path: Path) -> bool:
        """Whether the path is a tar file, a pattern or index of them, or a folder that holds some."""
        if url_of(path):
            return True
        if path.is_dir():
            return (path / INDEX).is_file() or next(path.glob("*.tar"), None) is not None
        return path.suffix == ".tar" or path.name == INDEX

    def open(self, path: Path) -> Store:
        """The shards, one after the other; each is read through when its first sample is."""
        shards = tar_shards(path)
        if not shards:
            raise DataError(f"'{path}' holds no tar shards; name another path or format")
        return TarStore(shards)


READERS: tuple[DatasetReader, ...] = (
    LmdbReader(),
    TarReader(),
    GtTxtReader(),
    IcdarWordsReader(),
    IiitTagsReader(),
    IiitMatReader(),
    SvtWordsReader(),
    TagsetReader(),
    WordXmlReader(),
    IcdarScenesReader(),
    Cute80Reader(),
    MjSynthReader(),
    SynthTextReader(),
    PaddleOcrReader(),
    DoctrReader(),
    EasyOcrReader(),
    PylaiaReader(),
    TrdgReader(),
    GtPairsReader(),
)


def open_dataset(path: str | Path, readers: Sequence[DatasetReader] = READERS, format: str | None = None) -> Store:
    """The labelled pictures at a path, in whatever known format they are.

    Args:
        path: A folder or a label file.
        readers: The formats to choose from.
        format: Name of the reader to take; None takes the one that fits.

    Raises:
        DataError: Nothing there, no reader fits, several do, the name is unknown, or the set is broken or empty.
    """
    path = Path(path)
    reader = chosen_reader(path, readers, format)
    store = reader.open(path)
    if len(store) == 0:
        raise DataError(f"'{path}' ({reader.name}) is empty: no labelled picture in it")
    return store


def chosen_reader(path: Path, readers: Sequence[DatasetReader] = READERS, format: str | None = None) -> DatasetReader:
    """The reader that fits what lies at a path, or the one of a name.

    Raises:
        DataError: Nothing there, no reader fits, several do, or the name is unknown.
    """
    if not path.exists() and url_of(path) is None and not os.path.exists(expanded(str(path))[0]):
        raise DataError(f"'{path}': no such file or folder; check the path of the data set")
    if format is not None:
        fitting = [reader for reader in readers if reader.name == format]
        if not fitting:
            raise DataError(f"unknown data set format '{format}'{nearest(format, [reader.name for reader in readers])}")
    else:
        fitting = [reader for reader in readers if reader.detect(path)]
    if not fitting:
        known = ", ".join(reader.name for reader in readers)
        raise DataError(f"'{path}' holds no labelled pictures in a format we know; looked for {known}; or name its label file")
    if len(fitting) > 1:
        names = ", ".join(reader.name for reader in fitting)
        raise DataError(f"'{path}' fits several formats: {names}; say which one, or give the path of the label file")
    return fitting[0]
