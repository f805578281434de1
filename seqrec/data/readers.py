"""Readers of the field's formats of labelled pictures, one small class each, and `open_dataset`, which picks one."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from inspect import getdoc
from pathlib import Path

from seqrec.data.store import FileStore, LmdbStore, find_sets
from seqrec.errors import DataError, nearest
from seqrec.interfaces import DatasetReader, Store

Entry = tuple[str, str]
"""Path of a picture, as its label file has it, and its label."""

_PICTURE = r"\.(?:png|jpe?g|jpe|tiff?|bmp|gif|webp|ppm|pgm|jp2)"
_PICTURE_ENDING = re.compile(_PICTURE + r"\Z", re.IGNORECASE)
_ICDAR_LINE = re.compile(r"(?P<path>[^\",\t]+), *(?P<label>.*)", re.DOTALL)
_ICDAR_START = re.compile(rf"[^\",\t]*{_PICTURE} *,", re.IGNORECASE)
_PATH_START = re.compile(rf"(?:[^\t]*{_PICTURE}\t|\S*{_PICTURE}(?:\s|\Z))", re.IGNORECASE)
_SPACE = re.compile(r"[ \t]+")  # not Python's idea of white space, which may stand in a label
_HEAD_BYTES = 65_536


def label_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Number (from 1) and text of each line of a label file that is not blank; BOM and line ends are taken off.

    Only `\n` and `\r\n` end a line: other separators that Python knows may stand in a label.

    Raises:
        DataError: The file is missing or not UTF-8; the message gives the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"'{path}' cannot be read: {error}") from error
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"'{path}', line {number}: not UTF-8 ({error}); save the file as UTF-8") from error
        if text.strip():
            yield number, text


def parse_tab_line(line: str) -> Entry:
    r"""Path and label of `path<TAB>label`; the label may hold tabs, and is empty where there is none.

    Example:
        >>> parse_tab_line("my word.png\tone, two")
        ('my word.png', 'one, two')
    """
    path, _, label = line.partition("\t")
    return path.strip(), label


def parse_space_line(line: str) -> Entry:
    """Path and label of a line split at its first white space; the label is empty where there is none.

    Example:
        >>> parse_space_line("train/1009_2.png You")
        ('train/1009_2.png', 'You')
    """
    path, _, label = _SPACE.sub("\t", line.strip(" \t"), count=1).partition("\t")
    return path, label


def parse_icdar_line(line: str) -> Entry:
    r"""Path and label of `word_1.png, "PROPER"`: outer quotes are taken off, `\"` and `\\` lose a backslash.

    Raises:
        DataError: There is no comma behind a path.

    Source:
        ICDAR Robust Reading Competition 2013 and 2015, task "word recognition", format of the ground truth.

    Example:
        >>> parse_icdar_line('word_1013.png, "READER\\""')
        ('word_1013.png', 'READER"')
    """
    match = _ICDAR_LINE.fullmatch(line.strip())
    if match is None:
        raise DataError(f'{line[:80]!r} is no line of a word list; expected: word_1.png, "label"')
    label = match["label"]
    if len(label) >= 2 and label.startswith('"') and label.endswith('"'):
        label = re.sub(r'\\(["\\])', r"\1", label[1:-1])
    return match["path"].strip(), label


def _folders(path: Path) -> list[Path]:
    """The folder itself and, if it has just one, its subfolder."""
    below = [entry for entry in sorted(path.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    return [path, *(below if len(below) == 1 else [])]


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return ""
    lines = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace").split("\n")
    return next((line.removesuffix("\r") for line in lines if line.strip()), "")


def _label_files(path: Path, named: Callable[[str], bool], fits: Callable[[str], object]) -> list[Path]:
    """The path itself if it is a file, else files of fitting names and first lines in it or in its one subfolder."""
    if path.is_file():
        return [path] if fits(_first_line(path)) else []
    for folder in _folders(path) if path.is_dir() else []:
        files = [file for file in sorted(folder.iterdir()) if named(file.name.lower()) and file.is_file()]
        fitting = [file for file in files if fits(_first_line(file))]
        if fitting:
            return fitting
    return []


def _the_one(files: list[Path], path: Path, expected: str) -> Path:
    if not files:
        raise DataError(f"'{path}' holds no {expected}; name another path or format")
    if len(files) > 1:
        names = ", ".join(f"'{file.name}'" for file in files)
        raise DataError(f"'{path}' holds several label files: {names}; give the path of one of them")
    return files[0]


class LmdbReader(DatasetReader):
    """A folder with a `data.mdb`, or with such folders in it."""

    name = "lmdb"

    def detect(self, path: Path) -> bool:
        """Whether there is a `data.mdb` in the folder or below."""
        return path.is_dir() and bool(find_sets(path))

    def open(self, path: Path) -> Store:
        """The sets, one after the other."""
        return LmdbStore(path.parent if path.name == "data.mdb" and path.is_file() else path)


class _LabelFileReader(DatasetReader):
    """Must write: `name`, `expected`, `fits`, `parser`. May override: `named`."""

    expected: str

    def named(self, name: str) -> bool:
        """Whether a file of this lower-case name may be a label file."""
        return name in ("gt.txt", "labels.txt") or name.endswith("_gt.txt")

    @abstractmethod
    def fits(self, line: str) -> object:
        """Whether a file's first line is of this format."""

    @abstractmethod
    def parser(self, lines: Sequence[str]) -> Callable[[str], Entry]:
        """What splits a line, having seen them all."""

    def detect(self, path: Path) -> bool:
        """Whether there is a label file whose first line is of this format."""
        return bool(_label_files(path, self.named, self.fits))

    def open(self, path: Path) -> Store:
        """The samples of the label file; their pictures are looked for when they are read."""
        files = [path] if path.is_file() else _label_files(path, self.named, self.fits)
        file = _the_one(files or _label_files(path, self.named, lambda _: True), path, self.expected)
        lines = list(label_lines(file))
        split, entries = self.parser([line for _, line in lines]), []
        for number, line in lines:
            try:
                entries.append(split(line))
            except DataError as error:
                raise DataError(f"'{file}', line {number}: {error}") from error
        return FileStore(file.parent, entries, file.name)


class GtTxtReader(_LabelFileReader):
    """A `gt.txt` with `path<TAB>label` or `path label` in each line."""

    name = "gt-txt"
    expected = "gt.txt with lines of path<TAB>label"

    def fits(self, line: str) -> object:
        """Whether a picture's path comes first, and no comma behind it."""
        return _PATH_START.match(line) and not _ICDAR_START.match(line)

    def detect(self, path: Path) -> bool:
        """Whether there is such a file; `*.tags` files are IIIT5K's."""
        return not path.name.lower().endswith(".tags") and super().detect(path)

    def parser(self, lines: Sequence[str]) -> Callable[[str], Entry]:
        """By tabs where most lines have one, else by white space."""
        return parse_tab_line if 2 * sum("\t" in line for line in lines) > len(lines) else parse_space_line


class IcdarWordsReader(_LabelFileReader):
    """A `gt.txt` of ICDAR's kind: `word_1.png, "PROPER"` in each line."""

    name = "icdar-words"
    expected = 'gt.txt with lines of: word_1.png, "label"'

    def fits(self, line: str) -> object:
        """Whether a picture's path and a comma come first."""
        return _ICDAR_START.match(line)

    def parser(self, lines: Sequence[str]) -> Callable[[str], Entry]:
        """By the first comma."""
        return parse_icdar_line


class IiitTagsReader(_LabelFileReader):
    """IIIT5K's `train.tags` or `test.tags`: `train/1009_2.png You` in each line."""

    name = "iiit5k-tags"
    expected = "*.tags file with lines of: train/1009_2.png You"

    def named(self, name: str) -> bool:
        """Whether the name ends in `.tags`."""
        return name.endswith(".tags")

    def fits(self, line: str) -> object:
        """Whether a picture's path comes first."""
        return _PATH_START.match(line)

    def detect(self, path: Path) -> bool:
        """Whether there is a `*.tags` file; a file of another name is no such."""
        return (path.is_dir() or self.named(path.name.lower())) and super().detect(path)

    def parser(self, lines: Sequence[str]) -> Callable[[str], Entry]:
        """By the first white space."""
        return parse_space_line


class GtPairsReader(DatasetReader):
    """A folder of pictures `x.png`, each with its label in `x.gt.txt` (kraken, Calamari, tesstrain)."""

    name = "gt-pairs"

    def _label_paths(self, path: Path) -> list[Path]:
        for folder in _folders(path) if path.is_dir() else []:
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
        _the_one(labels[:1], path, "files ending in .gt.txt")
        folder = labels[0].parent
        names = sorted(file.name for file in folder.iterdir() if _PICTURE_ENDING.search(file.name))
        pictures = {name.rsplit(".", 1)[0]: name for name in reversed(names)}
        for name in names:  # kraken's `x.bin.png` and `x.nrm.png`, where there is no plain `x.png`
            pictures.setdefault(re.sub(r"\.(?:bin|nrm)\.\w+\Z", "", name), name)
        entries = []
        for label in labels:
            stem = label.name.removesuffix(".gt.txt")
            text = "\n".join(line for _, line in label_lines(label))
            entries.append((pictures.get(stem, f"{stem}.png"), text))
        return FileStore(folder, entries, "*.gt.txt")


READERS: tuple[DatasetReader, ...] = (
    LmdbReader(),
    GtTxtReader(),
    IcdarWordsReader(),
    IiitTagsReader(),
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
    if not path.exists():
        raise DataError(f"'{path}': no such file or folder; check the path of the data set")
    if format is not None:
        fitting = [reader for reader in readers if reader.name == format]
        if not fitting:
            raise DataError(f"unknown data set format '{format}'{nearest(format, [reader.name for reader in readers])}")
    else:
        fitting = [reader for reader in readers if reader.detect(path)]
    if not fitting:
        known = "; ".join(f"{one.name} ({(getdoc(one) or '-').splitlines()[0].rstrip('.')})" for one in readers)
        raise DataError(f"'{path}' holds no labelled pictures in a format we know; looked for {known}")
    if len(fitting) > 1:
        names = ", ".join(reader.name for reader in fitting)
        raise DataError(f"'{path}' fits several formats: {names}; say which one, or give the path of the label file")
    store = fitting[0].open(path)
    if len(store) == 0:
        raise DataError(f"'{path}' ({fitting[0].name}) is empty: no labelled picture in it")
    return store
