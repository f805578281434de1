"""Formats in which the label is a file of its own, part of a picture's name, or one of a JSON file's values."""

import json
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from seqrec.data.label_files import PICTURE_ENDING, Entry, folders, label_lines, the_one
from seqrec.data.store import FileStore
from seqrec.errors import DataError
from seqrec.interfaces import DatasetReader, Store

_TRDG_NAME = re.compile(r"(?P<label>.+)_\d+\.\w+\Z", re.DOTALL)
_LABELS = (".txt", ".json", ".csv", ".tsv", ".xml", ".mat", ".tags", ".lst", ".semantic", ".agnostic")
_SAMPLED = 64


class GtPairsReader(DatasetReader):
    """A folder of pictures `x.png`, each with its label in `x.gt.txt` (kraken, Calamari, tesstrain)."""

    name = "gt-pairs"

    def _label_paths(self, path: Path) -> list[Path]:
        for folder in folders(path) if path.is_dir() else []:
            found = sorted(file for file in folder.glob("?*.gt.txt") if file.is_file())
            if found:
                return found
        return []

    def detect(self, path: Path) -> bool:
        """Whether there are files that end in `.gt.txt`."""
        return bool(self._label_paths(path))

    def open(self, path: Path) -> Store:
        """A sample for each label file, with the picture of the same name."""
        labels = self._label_paths(path)
        the_one(labels[:1], path, "files ending in .gt.txt")
        folder = labels[0].parent
        names = sorted(file.name for file in folder.iterdir() if PICTURE_ENDING.search(file.name))
        pictures = {name.rsplit(".", 1)[0]: name for name in reversed(names)}
        for name in names:  # kraken's `x.bin.png` and `x.nrm.png`, where there is no plain `x.png`
            pictures.setdefault(re.sub(r"\.(?:bin|nrm)\.\w+\Z", "", name), name)
        entries = []
        for label in labels:
            stem = label.name.removesuffix(".gt.txt")
            text = "\n".join(line for _, line in label_lines(label))
            entries.append((pictures.get(stem, f"{stem}.png"), text))
        return FileStore(folder, entries, "*.gt.txt")


class DoctrReader(DatasetReader):
    """docTR's `labels.json`, `{"img.png": "text"}`, with the pictures in `images/` beside it."""

    name = "doctr"

    def _file(self, path: Path) -> Path | None:
        if path.is_file():
            named = path.suffix.lower() == ".json" and path.name != "shards.json"  # which is an index of tar files
            return path if named and _starts_with_brace(path) else None
        found = [folder / "labels.json" for folder in folders(path)] if path.is_dir() else []
        return next((file for file in found if file.is_file() and _starts_with_brace(file)), None)

    def detect(self, path: Path) -> bool:
        """Whether there is a `labels.json` that starts as an object."""
        return self._file(path) is not None

    def open(self, path: Path) -> Store:
        """A sample for each name."""
        found = self._file(path)
        file = the_one([found] if found else [], path, "labels.json with picture names and their texts")
        try:
            labels = json.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(f"'{file}' is no JSON ({str(error) or type(error).__name__}); write it anew") from error
        if not isinstance(labels, dict):
            raise DataError(f"'{file}': expected an object of picture names and their texts")
        odd = next((name for name, label in labels.items() if not isinstance(label, str)), None)
        if odd is not None:
            raise DataError(f"'{file}': the label of '{odd}' is no string; words with boxes are for detection: cut them first")
        folder = file.parent / "images"
        return FileStore(folder if folder.is_dir() else file.parent, list(labels.items()), file.name)


def _starts_with_brace(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    except OSError:
        return False


class TrdgReader(DatasetReader):
    """TextRecognitionDataGenerator's folder of pictures whose names are their labels, `[text]_[number].jpg`; no label file."""

    name = "trdg"

    def _names(self, path: Path) -> list[str]:
        for folder in folders(path) if path.is_dir() else []:
            names = sorted(file.name for file in folder.iterdir() if file.is_file())
            if names:
                return [] if any(name.lower().endswith(_LABELS) for name in names) else names
        return []

    def detect(self, path: Path) -> bool:
        """Whether names are so, numbers differ, and labels too: pictures numbered behind one word have no labels."""
        found = [_TRDG_NAME.match(name) for name in islice(_pictures(self._names(path)), _SAMPLED)]
        labels = {match["label"] for match in found if match}
        return len(found) >= 2 and all(found) and 2 * len(labels) > len(found)

    def open(self, path: Path) -> Store:
        """A sample for each picture."""
        pictures = list(_pictures(self._names(path)))
        the_one([path] if pictures else [], path, "pictures named [text]_[number].jpg, without label files")
        folder = next(folder for folder in folders(path) if (folder / pictures[0]).is_file())
        entries: list[Entry] = []
        for name in pictures:
            match = _TRDG_NAME.match(name)
            if not match:
                raise DataError(f"'{folder / name}': its name is not of the form [text]_[number].jpg; rename it or take it away")
            entries.append((name, match["label"]))
        return FileStore(folder, entries, "the names of pictures")


def _pictures(names: Iterable[str]) -> Iterable[str]:
    return (name for name in names if PICTURE_ENDING.search(name))
