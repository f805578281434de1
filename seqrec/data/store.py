"""Stores: where labelled pictures lie, read one at a time from any number of processes. Writing is in `writer.py`."""

import json
import os
import re
import stat
import threading
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import lmdb

from seqrec.errors import DataError

COUNT = b"num-samples"

NOTE = b"seqrec-note"
"""Key under which a writer keeps where its samples come from, so that it can go on after them."""

MAX_FILE_BYTES = 1 << 30
"""Largest picture file that is read: more than any picture of the pixels that are decoded needs."""

_PAGE = re.compile(r"(?P<file>.+)#page=(?P<number>\d{1,6})", re.DOTALL)

OwnLexicons = Sequence[Sequence[Sequence[str] | None]]
"""Columns of lexicons, each with the words that may stand on each picture of a set, or None where it has no lexicon."""


def sample_key(kind: str, number: int) -> str:
    """Key of a sample's picture, label, lexicon or size in an LMDB set; numbers start at 1.

    Source:
        Baek et al. 2019, deep-text-recognition-benchmark, `create_lmdb_dataset.py`; `lexicon-`: Shi et al.'s code.

    Example:
        >>> sample_key("image", 412)
        'image-000000412'
    """
    return f"{kind}-{number:09d}"


def find_sets(path: Path) -> list[Path]:
    """Every folder at or below a path that holds a `data.mdb`, sorted; symbolic links are followed, no folder twice."""
    found: list[Path] = []
    seen: set[str] = set()
    for folder, subfolders, files in os.walk(path, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        if "data.mdb" in files:
            found.append(Path(folder))
            subfolders.clear()
    return sorted(found)


class _Environment:
    """An open LMDB environment of this process; py-lmdb refuses to open a set twice, so stores share it."""

    def __init__(self, folder: Path) -> None:
        self.pid = os.getpid()
        self.lmdb: Any = None
        data, table = folder / "data.mdb", folder / "lock.mdb"
        # A reader that a writer does not know of may see pages change under its eyes; where a writer left its table of readers,
        # stand in it. A set on a medium that cannot be written to has no writer either.
        lock = table.exists() and os.access(table, os.W_OK)
        try:
            self.lmdb = lmdb.open(str(folder), readonly=True, lock=lock, readahead=False, meminit=False, create=False)
            needed = (self.lmdb.info()["last_pgno"] + 1) * self.lmdb.stat()["psize"]
            size = data.stat().st_size
        except (lmdb.Error, OSError) as error:
            if "already open" in str(error):
                told = f"'{folder}' is open elsewhere in this process (by a writer?); close that first"
            else:
                told = f"'{data}' is no LMDB file or a broken one ({error}); copy it anew or make the set again"
            raise DataError(told) from error
        if size < needed:  # reading beyond a mapped file's end kills the process
            self.lmdb.close()
            raise DataError(f"'{data}' is truncated: {size:,} of {needed:,} bytes; copy it anew or make the set again")

    def get(self, key: str) -> bytes | None:
        with self.lmdb.begin() as transaction:
            value: bytes | None = transaction.get(key.encode("ascii"))
        return value


_open: WeakValueDictionary[str, _Environment] = WeakValueDictionary()
_opening = threading.Lock()


def _environment(folder: Path) -> _Environment:
    """This process's environment of a set; one that came over a fork is closed and opened anew."""
    real = os.path.realpath(folder)
    with _opening:
        environment = _open.get(real)
        if environment is not None and environment.pid != os.getpid():
            environment.lmdb.close()
            environment = None
        if environment is None:
            environment = _Environment(folder)
            _open[real] = environment
        return environment


class _Set:
    """One LMDB set; the environment is opened on first use in each process and left behind by pickling."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: _Environment | None = None
        count = self.get(COUNT.decode("ascii"))
        if count is None:
            raise DataError(
                f"'{folder}' has no key 'num-samples': its writer was stopped, or it holds something else than "
                "labelled pictures; make it again"
            )
        if not count.isdigit():
            raise DataError(f"'{folder}': 'num-samples' is {count[:40]!r}; expected a decimal; make the set anew")
        self.length = int(count)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def close(self) -> None:
        """Let go of the environment; it is opened again when it is needed."""
        self._opened = None

    def get(self, key: str) -> bytes | None:
        environment = self._opened
        if environment is None or environment.pid != os.getpid():
            environment = self._opened = _environment(self.folder)
        try:
            try:
                return environment.get(key)
            except lmdb.MapResizedError:  # a writer has made the set larger than when it was opened here
                environment.lmdb.set_mapsize(0)
                return environment.get(key)
        except lmdb.Error as error:
            raise DataError(f"'{self.folder}': key '{key}' cannot be read ({error}); make the set again") from error


class LmdbStore:
    """An LMDB set in the field's format, or every set below a folder, one after the other in order of their paths.

    Keys: `num-samples`, and from 1 on `image-%09d` (the file's own bytes), `label-%09d` (UTF-8), and where a set has
    them `lexicon-%09d` (words joined by spaces) and `wh-%09d` (`width_height`). Pickles; may be used in threads and
    after a fork.

    Args:
        path: A folder with `data.mdb`, or one with such folders in it at any depth.

    Raises:
        DataError: Missing, without a set, corrupt, truncated, or without `num-samples`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise DataError(f"'{path}': no such folder; expected one with a data.mdb in it")
        folders = find_sets(self.path)
        if not folders:
            raise DataError(f"'{path}' holds no LMDB set; expected a data.mdb in it or in a folder below it")
        self._sets = [_Set(folder) for folder in folders]
        self._ends = list(accumulate(part.length for part in self._sets))

    def __len__(self) -> int:
        return self._ends[-1]

    @property
    def shards(self) -> "list[LmdbShard]":
        """The sets one by one, where there are several and all of them are called `shard-…`; else []."""
        several = len(self._sets) > 1 and all(part.folder.name.startswith("shard-") for part in self._sets)
        return [LmdbShard(part.folder) for part in self._sets] if several else []

    @property
    def folders(self) -> list[tuple[str, Path]]:
        """What the keys of each set begin with, and its folder."""
        several = len(self._sets) > 1
        return [(f"{part.folder.relative_to(self.path).as_posix()}/" if several else "", part.folder) for part in self._sets]

    def _find(self, index: int) -> tuple[_Set, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of '{self.path}': it has {len(self)}")
        place = bisect_right(self._ends, index)
        return self._sets[place], index - (self._ends[place - 1] if place else 0) + 1

    def _value(self, kind: str, index: int) -> bytes | None:
        part, number = self._find(index)
        return part.get(sample_key(kind, number))

    def _required(self, kind: str, index: int) -> bytes:
        value = self._value(kind, index)
        if value is None:
            part, number = self._find(index)
            key = sample_key(kind, number)
            raise DataError(
                f"'{part.folder}': key '{key}' is missing, though 'num-samples' says {part.length}; make the set again"
            )
        return value

    def _text(self, kind: str, index: int, value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            told = f"sample '{self.key(index)}': its {kind} is not UTF-8 ({error}); make the set again"
            raise DataError(told) from error

    def key(self, index: int) -> str:
        """`image-000000412`, after the set's folder where the store has several."""
        part, number = self._find(index)
        name = sample_key("image", number)
        return name if len(self._sets) == 1 else f"{part.folder.relative_to(self.path).as_posix()}/{name}"

    def label(self, index: int) -> str:
        """Label of a sample.

        Raises:
            DataError: The key is missing or not UTF-8.
        """
        return self._text("label", index, self._required("label", index))

    def encoded(self, index: int) -> bytes:
        """The picture file's own bytes.

        Raises:
            DataError: The key is missing.
        """
        return self._required("image", index)

    def lexicon(self, index: int) -> list[str] | None:
        """The sample's own small lexicon, or None where the set has none for it.

        Raises:
            DataError: It is not UTF-8.
        """
        value = self._value("lexicon", index)
        return None if value is None else self._text("lexicon", index, value).split()

    def lexicon_name(self) -> str:
        """The name of the samples' own small lexicon, where the sets were written here and agree; else ""."""
        names = set()
        for part in self._sets:
            try:
                told = json.loads(part.get(NOTE.decode("ascii")) or b"{}")
            except (ValueError, RecursionError):
                told = {}
            name = told.get("lexicon") if isinstance(told, dict) else ""
            names.add(name if isinstance(name, str) else "")
        return names.pop() if len(names) == 1 else ""

    def origin(self, index: int) -> str | None:
        """The picture's name where it comes from, or None where the set does not say."""
        value = self._value("path", index)
        return None if value is None else value.decode("utf-8", errors="surrogateescape")

    def size(self, index: int) -> tuple[int, int] | None:
        """Width and height in pixels from `wh-%09d`, or None where the set does not say."""
        width, _, height = (self._value("wh", index) or b"").partition(b"_")
        return (int(width), int(height)) if width.isdigit() and height.isdigit() else None


class LmdbShard(LmdbStore):
    """One set among those of a larger one.

    Args:
        path: The set's folder.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.name = path.name

    def key(self, index: int) -> str:
        """`shard-000/image-000000412`."""
        return f"{self.name}/{super().key(index)}"

    def close(self) -> None:
        """Let go of the environment."""
        for part in self._sets:
            part.close()


class FileStore:
    """Pictures in files, labels in memory.

    Args:
        folder: What the paths are relative to.
        entries: Path and label of each sample, as the label file has them.
        source: The label file's name, for messages.
        lexicons: Columns of the pictures' own lexicons.
    """

    def __init__(self, folder: Path, entries: Sequence[tuple[str, str]], source: str, lexicons: OwnLexicons = ()) -> None:
        self.folder = folder
        self.source = source
        self.lexicons = lexicons
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, index: int) -> str:
        """The picture's path as the label file has it."""
        return self._entries[index][0]

    def label(self, index: int) -> str:
        """Label of a sample."""
        return self._entries[index][1]

    def encoded(self, index: int) -> bytes:
        """The picture file's own bytes.

        Raises:
            DataError: The file is missing or cannot be read.
        """
        return self.read(self.key(index))

    def read(self, key: str) -> bytes:
        """The bytes of the file at a path of the label file's; `scan.pdf#page=2` is a page as PNG.

        Raises:
            DataError, ImageError: The file is missing, no regular file, larger than `MAX_FILE_BYTES`, or cannot be read.
        """
        path = self.folder / key
        if "\\" in key and not os.path.exists(path):
            path = self.folder / key.replace("\\", "/")
        page = _PAGE.fullmatch(key)
        if page and not os.path.exists(path):
            from seqrec.pages import open_page  # pictures are decoded nowhere else here: commands that need none start sooner
            from seqrec.pictures import encode_png

            return encode_png(open_page(self.folder / page["file"], int(page["number"])))
        try:
            found = os.stat(path)
            if not stat.S_ISREG(found.st_mode):  # a pipe or a device might never end
                raise DataError(f"sample '{key}' of '{self.source}': '{path}' is no picture file; mend its line")
            if found.st_size > MAX_FILE_BYTES:
                raise DataError(
                    f"sample '{key}' of '{self.source}': {found.st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read"
                )
            return path.read_bytes()
        except FileNotFoundError as error:
            raise DataError(
                f"sample '{key}': '{self.source}' names it, but there is no such file in '{self.folder}'; "
                "bring the picture or take out its line"
            ) from error
        except (OSError, ValueError) as error:
            raise DataError(f"sample '{key}' of '{self.source}' cannot be read: {error}") from error
