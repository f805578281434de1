"""Writing LMDB sets that are valid at every moment, grow by themselves and can be resumed."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import lmdb

from seqrec.data.store import COUNT, NOTE, sample_key
from seqrec.errors import DataError


class LmdbWriter:
    """Appends samples to an LMDB set, in batches that are stored whole or not at all, each with its `num-samples`.

    What is stored is a valid set whatever stops the writer. Opening an existing set checks it and goes on after its
    last sample: `len(writer)` says from where. The file is as large as its content, whatever the map. Leaving the
    `with` block by an exception loses what was added since the last commit, at most `commit_every` samples.

    Args:
        path: The set's folder; made where it is missing.
        map_size: Bytes of the map to start with; doubled as often as needed.
        commit_every: Samples in a batch.
        commit_bytes: Bytes after which a batch is stored early; what is held in memory.

    Raises:
        DataError: The folder cannot be made, or holds a set that is broken or of another format.
    """

    def __init__(
        self, path: str | Path, map_size: int = 16 << 20, commit_every: int = 1000, commit_bytes: int = 64 << 20
    ) -> None:
        self.path = Path(path)
        self._commit_every, self._commit_bytes = commit_every, commit_bytes
        self._pending: list[tuple[bytes, bytes]] = []
        self._pending_samples = self._pending_bytes = 0
        self._env: Any = None
        self._note = b""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            data = self.path / "data.mdb"
            held = data.stat().st_size if data.exists() else 0
            self._env = lmdb.open(str(self.path), map_size=max(map_size, held), max_readers=16)
            self._map_size = int(self._env.info()["map_size"])
            page, last_page = self._env.stat()["psize"], self._env.info()["last_pgno"]
            if held and held < (last_page + 1) * page:
                raise DataError(f"'{data}' is truncated: {held:,} bytes; delete the set and make it again")
            self._stored = self._validated()
        except (lmdb.Error, OSError) as error:
            self._close()
            told = f"'{self.path}' cannot be opened for writing ({error}); let go of it or give another folder"
            raise DataError(told) from error
        except DataError:
            self._close()
            raise

    def _validated(self) -> int:
        """Number of samples of the set as it was found."""
        with self._env.begin() as transaction:
            self._note = transaction.get(NOTE, b"")
            count, entries = transaction.get(COUNT), transaction.stat()["entries"]
            if count is None and entries == 0:
                return 0
            if count is None or not count.isdigit():
                raise DataError(
                    f"'{self.path}' has no valid 'num-samples' among its {entries} keys; delete it or write elsewhere"
                )
            stored = int(count)
            for kind in ("image", "label"):
                for number in {1, stored} if stored else ():
                    key = sample_key(kind, number)
                    if transaction.get(key.encode("ascii")) is None:
                        raise DataError(
                            f"'{self.path}': key '{key}' is missing, though 'num-samples' says {stored}; delete the "
                            "set and make it again"
                        )
        return stored

    def __len__(self) -> int:
        """Samples stored and added."""
        return self._stored + self._pending_samples

    @property
    def stored(self) -> int:
        """Samples that are safe on disk."""
        return self._stored

    @property
    def note(self) -> bytes:
        """What was said of the samples so far, as where to go on; kept with the set."""
        return self._note

    def add(
        self,
        encoded: bytes,
        label: str,
        size: tuple[int, int] | None = None,
        lexicon: Sequence[str] | None = None,
        origin: str | None = None,
        note: bytes | None = None,
    ) -> None:
        """One more sample.

        Args:
            encoded: The picture file's own bytes.
            label: Its label.
            size: Width and height in pixels, stored as `wh-%09d`; None leaves the key out.
            lexicon: Words, without white space in them, stored as `lexicon-%09d`; None leaves the key out.
            origin: The picture's name where it comes from, stored as `path-%09d`; None leaves the key out.
            note: A new `note`, stored in one transaction with the sample.

        Raises:
            DataError: The disk is full, the writer is closed, or a lexicon's word has white space in it.
        """
        if self._env is None:
            raise DataError(f"'{self.path}': the writer is closed; open it again to go on after sample {self._stored}")
        values = {"image": encoded, "label": label.encode("utf-8")}
        if size is not None:
            values["wh"] = b"%d_%d" % size
        if lexicon is not None:
            split = next((word for word in lexicon if word.split() != [word]), None)
            if split is not None:
                raise DataError(f"lexicon word {split!r} is empty or has white space in it; an LMDB set cannot hold it")
            values["lexicon"] = " ".join(lexicon).encode("utf-8")
        if origin is not None:
            values["path"] = origin.encode("utf-8", errors="surrogateescape")
        number = len(self) + 1
        self._pending += [(sample_key(kind, number).encode("ascii"), value) for kind, value in values.items()]
        self._pending_samples += 1
        self._pending_bytes += len(encoded)
        self._note = self._note if note is None else note
        if self._pending_samples >= self._commit_every or self._pending_bytes >= self._commit_bytes:
            self.commit()

    def commit(self) -> None:
        """Store what was added since the last time, in one transaction with the new `num-samples`.

        Raises:
            DataError: The disk is full, or another writer was at the set; says how many samples are safe.
        """
        if not self._pending:
            if self._stored == 0 and self._env is not None:
                self._put([(COUNT, b"0")])
            return
        noted = [(NOTE, self._note)] if self._note else []
        self._put([*self._pending, *noted, (COUNT, str(len(self)).encode("ascii"))])
        self._stored = len(self)
        self._pending.clear()
        self._pending_samples = self._pending_bytes = 0

    def _put(self, items: list[tuple[bytes, bytes]]) -> None:
        while True:
            try:
                with self._env.begin(write=True) as transaction:
                    if int(transaction.get(COUNT, b"0")) != self._stored:
                        raise DataError(f"'{self.path}' has another writer too; let one of them finish first")
                    for key, value in items:
                        transaction.put(key, value)
                return
            except lmdb.MapFullError:
                self._map_size *= 2
                self._env.set_mapsize(self._map_size)
            except (lmdb.Error, OSError) as error:
                reason = _reason(error, self.path, self._pending_bytes)
                raise DataError(
                    f"'{self.path}': {self._stored:,} samples are safely stored, the next {self._pending_samples:,} "
                    f"are not ({reason}); free space and run the same again: it goes on after sample {self._stored:,}"
                ) from error

    def close(self) -> None:
        """Store what is left and let go of the set.

        Raises:
            DataError: As `commit` does.
        """
        try:
            if self._env is not None:
                self.commit()
        finally:
            self._close()

    def _close(self) -> None:
        if self._env is not None:
            self._env.close()
            self._env = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._close()


def _reason(error: Exception, path: Path, needed: int) -> str:
    """The error, and whether the disk is full: LMDB tells a write that was cut short as an input/output error."""
    free = shutil.disk_usage(path).free
    return f"disk full, {free:,} bytes left: {error}" if free < needed + (1 << 20) else str(error)
