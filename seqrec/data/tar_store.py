"""WebDataset's tar shards: read anywhere in them without unpacking, and written.

Source:
    WebDataset: files of one sample stand one behind the other and share the name up to its first dot. We read pictures with
    labels in `.txt`, `.label` or `.gt.txt`, or in `.json` under `text` or `label`; lexicons in `.lexicon.txt` and, by name, in
    `.lexicon-NAME.txt`. The index of shards, `shards.json`, is that of wids: `{"shardlist": [{"url": …, "nsamples": …}]}`.
"""

import io
import json
import os
import re
import tarfile
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from seqrec.data.label_files import PICTURE_ENDING
from seqrec.data.remote import expanded, fetched, listed, url_of
from seqrec.data.store import MAX_FILE_BYTES
from seqrec.errors import DataError

INDEX = "shards.json"
_LABELS = (".gt.txt", ".txt", ".label", ".json")
_LEXICON = ".lexicon.txt"
_NAMED_LEXICON = re.compile(r"\.lexicon-(?P<name>.+)\.txt", re.DOTALL)
_MAX_LABEL_BYTES = 1 << 20

_Place = tuple[int, int]


class TarShard:
    """One tar file. It is read through once when it is first used, and then at any place.

    Args:
        location: Path or URL.
        samples: How many it holds, where an index says so; -1 where not.
    """

    def __init__(self, location: str, samples: int = -1) -> None:
        self.name = location.rpartition("/")[2]
        self.location = location
        self._samples = samples
        self._index: list[tuple[str, dict[str, _Place]]] | None = None
        self._file: Any = None
        self._pid = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_index": None, "_file": None}

    def __len__(self) -> int:
        return self._samples if self._samples >= 0 else len(self._members())

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and its index; they come back when they are needed."""
        if self._file is not None:
            self._file.close()
        self._file = self._index = None

    def key(self, index: int) -> str:
        """Name of the sample's files, up to the first dot, behind the shard's."""
        return f"{self.name}/{self._member(index)[0]}"

    def label(self, index: int) -> str:
        """Label of a sample.

        Raises:
            DataError: It has none, or one that is not UTF-8 or JSON.
        """
        key, places = self._member(index)
        ending = next((ending for ending in _LABELS if ending in places), None)
        if ending is None:
            raise DataError(f"sample '{self.name}/{key}' has no label; expected a file ending in {', '.join(_LABELS)}")
        try:
            text = self._read(places[ending], _MAX_LABEL_BYTES).decode("utf-8-sig")
            if ending != ".json":
                return text.removesuffix("\n").removesuffix("\r")
            told = json.loads(text)
            return next(str(told[name]) for name in ("text", "label") if name in told)
        except (ValueError, RecursionError, TypeError, StopIteration) as error:
            raise DataError(
                f"sample '{self.name}/{key}': its label {ending} cannot be read ({error!r}); write it anew"
            ) from error

    def encoded(self, index: int) -> bytes:
        """The picture file's own bytes."""
        key, places = self._member(index)
        ending = next((ending for ending in places if PICTURE_ENDING.search(ending)), None)
        if ending is None:
            raise DataError(f"sample '{self.name}/{key}' has no picture among {', '.join(places)}")
        return self._read(places[ending], MAX_FILE_BYTES)

    def lexicon(self, index: int, name: str = "") -> list[str] | None:
        """The sample's own words, or those of the lexicon of a name, or None."""
        place = self._member(index)[1].get(_lexicon_ending(name))
        text = self._read(place, _MAX_LABEL_BYTES).decode("utf-8", "replace") if place else None
        return None if text is None else [word for word in text.split("\n") if word]

    def lexicon_names(self) -> set[str]:
        """Names of the lexicons that some sample has."""
        endings = {ending for _, places in self._members() for ending in places}
        return {found["name"] for ending in endings if (found := _NAMED_LEXICON.fullmatch(ending))}

    def _member(self, index: int) -> tuple[str, dict[str, _Place]]:
        members = self._members()
        if not 0 <= index < len(members):
            raise DataError(
                f"'{self.location}' holds {len(members)} samples, and not the {index + 1} that its index says; make it anew"
            )
        return members[index]

    def _members(self) -> list[tuple[str, dict[str, _Place]]]:
        if self._index is None or self._pid != os.getpid():
            self._open()
        assert self._index is not None
        return self._index

    def _open(self) -> None:
        url = url_of(self.location)
        path = fetched(url) if url else Path(self.location)
        found: dict[str, dict[str, _Place]] = {}
        try:
            self._file, self._pid = path.open("rb"), os.getpid()
            size = path.stat().st_size
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    if not member.isfile():
                        continue
                    folder, _, name = member.name.rpartition("/")
                    stem, dot, ending = name.partition(".")
                    if member.offset_data + member.size > size:
                        raise DataError(f"'{self.location}' is cut off in '{member.name}'; copy or make it anew")
                    places = found.setdefault(f"{folder}/{stem}".lstrip("/"), {})
                    ending = dot + ending
                    places[ending if _NAMED_LEXICON.fullmatch(ending) else ending.lower()] = (member.offset_data, member.size)
        except (OSError, tarfile.TarError, ValueError, OverflowError) as error:
            raise DataError(f"'{self.location}' is no readable tar file ({error}); packed ones must be unpacked") from error
        self._index = [
            (key, places) for key, places in found.items() if any(PICTURE_ENDING.search(one) or one in _LABELS for one in places)
        ]

    def _read(self, place: _Place, most: int) -> bytes:
        start, size = place
        if size > most:
            raise DataError(f"'{self.location}' holds a file of {size:,} bytes where at most {most:,} are read")
        self._members()
        content = os.pread(self._file.fileno(), size, start) if hasattr(os, "pread") else self._sought(start, size)
        if len(content) < size:
            raise DataError(f"'{self.location}' has been cut off since it was opened; make it anew")
        return content

    def _sought(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        content: bytes = self._file.read(size)
        return content


class TarStore:
    """Tar shards, one after the other.

    Args:
        shards: At least one.
    """

    def __init__(self, shards: Sequence[TarShard]) -> None:
        self.shards = list(shards)
        self._ends = list(accumulate(len(shard) for shard in shards))

    def __len__(self) -> int:
        return self._ends[-1]

    def _find(self, index: int) -> tuple[TarShard, int]:
        place = bisect_right(self._ends, index)
        return self.shards[place], index - (self._ends[place - 1] if place else 0)

    def key(self, index: int) -> str:
        """Name of the shard and of the sample in it."""
        shard, inside = self._find(index)
        return shard.key(inside)

    def label(self, index: int) -> str:
        """Label of a sample."""
        shard, inside = self._find(index)
        return shard.label(inside)

    def encoded(self, index: int) -> bytes:
        """The picture file's own bytes."""
        shard, inside = self._find(index)
        return shard.encoded(inside)

    def lexicon(self, index: int, name: str = "") -> list[str] | None:
        """The sample's own words, or those of the lexicon of a name, or None."""
        shard, inside = self._find(index)
        return shard.lexicon(inside, name)

    def named_lexicons(self) -> dict[str, Callable[[int], list[str] | None]]:
        """The samples' lexicons that have a name; all shards are read through."""
        names = sorted(set[str]().union(*(shard.lexicon_names() for shard in self.shards)))
        return {name: partial(self.lexicon, name=name) for name in names}


def tar_shards(path: "str | Path") -> list[TarShard]:
    """The shards that a path names: a tar file, a pattern as `words-{000..009}.tar`, an index, or a folder or URL with these.

    Raises:
        DataError: Something of it is missing or broken.
    """
    url = url_of(path)
    text = url or str(path)
    if text.endswith(".json"):
        return _from_index(text)
    if text.endswith(".tar"):
        return [TarShard(name) for name in expanded(text)]
    if url:
        found = listed(url, (".tar", f"/{INDEX}"))
        index = [name for name in found if name.endswith(INDEX)]
        return _from_index(index[0]) if index else [TarShard(name) for name in found]
    folder = Path(path)
    if (folder / INDEX).is_file():
        return _from_index(str(folder / INDEX))
    return [TarShard(str(file)) for file in sorted(folder.glob("*.tar"))] if folder.is_dir() else []


def _from_index(location: str) -> list[TarShard]:
    url = url_of(location)
    try:
        told = json.loads((fetched(url) if url else Path(location)).read_text(encoding="utf-8"))
        base = location.rpartition("/")[0]
        shards = []
        for one in told["shardlist"]:
            name = str(one["url"])
            place = name if url_of(name) or name.startswith("/") or not base else f"{base}/{name}"
            shards.append(TarShard(place, int(one["nsamples"])))
        return shards
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f'\'{location}\' is no index of shards ({error!r}); expected {{"shardlist": [{{"url": …, "nsamples": …}}]}}'
        ) from error


def _lexicon_ending(name: str) -> str:
    return f".lexicon-{name}.txt" if name else _LEXICON


def write_tar(
    path: Path, samples: Sequence[int], sample: Callable[[int], tuple[bytes, str, str, Mapping[str, Sequence[str]]]]
) -> int:
    """A shard, written whole or not at all, the same bytes each time; returns how many samples it holds.

    Args:
        path: The file; one that exists is kept.
        samples: What `sample` is asked for.
        sample: Gives the picture's bytes, its ending, the label, and its lexicons by name, "" for one without.
    """
    if path.exists():
        return len(TarShard(str(path)))
    half = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    half.unlink(missing_ok=True)
    with tarfile.open(half, "x:") as archive:
        for number, which in enumerate(samples):
            encoded, ending, label, lexicons = sample(which)
            files = {ending: encoded, ".txt": label.encode("utf-8")}
            files |= {_lexicon_ending(name): "\n".join(words).encode("utf-8") for name, words in lexicons.items()}
            for end, content in files.items():
                told = tarfile.TarInfo(f"{number:09d}{end}")
                told.size = len(content)
                archive.addfile(told, io.BytesIO(content))
    half.replace(path)
    return len(samples)


def write_index(folder: Path, counts: dict[str, int]) -> None:
    """`shards.json` of some shards and their numbers of samples."""
    from seqrec.files import write_whole

    shards = [{"url": name, "nsamples": count} for name, count in counts.items()]
    told = {"__kind__": "wids-shard-index-v1", "name": folder.name, "shardlist": shards}
    write_whole(folder / INDEX, json.dumps(told, indent=1))
