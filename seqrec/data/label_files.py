"""Label files: finding them by name and first line, their lines, and the readers whose samples stand one in a line."""

import os
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from seqrec.data.store import FileStore, OwnLexicons
from seqrec.errors import DataError
from seqrec.interfaces import DatasetReader, Store

Entry = tuple[str, str]
"""Path of a picture, as its label file has it, and its label."""

PICTURE = r"\.(?:png|jpe?g|jpe|tiff?|bmp|gif|webp|ppm|pgm|jp2)"
"""What a picture's name ends in, as a regular expression; case does not matter."""

PICTURE_ENDING = re.compile(PICTURE + r"\Z", re.IGNORECASE)
_ICDAR_LINE = re.compile(r"(?P<path>[^\",\t]+), *(?P<label>.*)", re.DOTALL)
_SPACE = re.compile(r"[ \t]+")  # not Python's idea of white space, which may stand in a label
_HEAD_BYTES = 65_536
_DEEPEST = 8  # folders that hold nothing but one folder
_TRIED = 3  # pictures that are looked for to find the folder they lie in


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
    return match["path"].strip(), unquoted(match["label"])


def unquoted(label: str) -> str:
    r"""A label without its outer quotes and the backslashes before quotes and backslashes inside; unchanged without quotes.

    Example:
        >>> unquoted('"say \\"yes\\""')
        'say "yes"'
    """
    if len(label) >= 2 and label.startswith('"') and label.endswith('"'):
        return re.sub(r'\\(["\\])', r"\1", label[1:-1])
    return label


def folders(path: Path) -> list[Path]:
    """The folder itself and, as long as it holds just one, the folder in it: archives often have several such."""
    found = [path]
    while len(found) <= _DEEPEST:
        below = [
            entry for entry in sorted(found[-1].iterdir()) if entry.is_dir() and not entry.name.startswith((".", "__MACOSX"))
        ]
        if len(below) != 1:
            break
        found.append(below[0])
    return found


def first_line(path: Path) -> str:
    """The first line of a file that is not blank, "" where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return ""
    lines = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace").split("\n")
    return next((line.removesuffix("\r") for line in lines if line.strip()), "")


def label_files(path: Path, named: Callable[[str], bool], fits: Callable[[Path], object]) -> list[Path]:
    """The path itself if it is a file, else the files of fitting names and content in it or in its only subfolder."""
    if path.is_file():
        return [path] if fits(path) else []
    for folder in folders(path) if path.is_dir() else []:
        files = [file for file in sorted(folder.iterdir()) if named(file.name.lower()) and file.is_file()]
        fitting = [file for file in files if fits(file)]
        if fitting:
            return fitting
    return []


def the_one(files: list[Path], path: Path, expected: str) -> Path:
    """The only one of some label files.

    Raises:
        DataError: There is none, or several.
    """
    if not files:
        raise DataError(f"'{path}' holds no {expected}; name another path or format")
    if len(files) > 1:
        names = ", ".join(f"'{file.name}'" for file in files)
        raise DataError(f"'{path}' holds several label files: {names}; give the path of one of them")
    return files[0]


class LabelFileReader(DatasetReader):
    """Samples that stand in lines of a label file. Must write: `name`, `expected`, `fits`, `parser`. May override the rest."""

    expected: str

    def named(self, name: str) -> bool:
        """Whether a file of this lower-case name may be a label file."""
        return name in ("gt.txt", "labels.txt") or name.endswith("_gt.txt")

    @abstractmethod
    def fits(self, line: str) -> object:
        """Whether a file's first line is of this format."""

    @abstractmethod
    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """What makes samples of a line, having seen them all."""

    def files(self, path: Path) -> list[Path]:
        """The label files of this format at a path."""
        return label_files(path, self.named, lambda file: self.fits(first_line(file)))

    def lexicons(self, file: Path, entries: Sequence[Entry]) -> OwnLexicons:
        """The pictures' own lexicons; none by default."""
        return ()

    def detect(self, path: Path) -> bool:
        """Whether there is a label file whose first line is of this format."""
        return bool(self.files(path))

    def open(self, path: Path) -> Store:
        """The samples of the label file; their pictures are looked for when they are read."""
        files = [path] if path.is_file() else self.files(path)
        file = the_one(files or label_files(path, self.named, lambda _: True), path, self.expected)
        lines = list(label_lines(file))
        split, entries = self.parser([line for _, line in lines]), []
        for number, line in lines:
            try:
                entries.append(split(line))
            except DataError as error:
                raise DataError(f"'{file}', line {number}: {error}") from error
        flat = list(chain.from_iterable(entries))
        return FileStore(picture_folder(file, flat), flat, file.name, self.lexicons(file, flat))


def picture_folder(file: Path, entries: Sequence[Entry]) -> Path:
    """What a label file's paths are relative to: its folder, or else one in that or the one above, where pictures are."""
    asked = [path.replace("\\", "/") for path, _ in entries[:_TRIED]]
    near = [file.parent, *sorted(folder for folder in file.parent.iterdir() if folder.is_dir()), file.parent.parent]
    return next((folder for folder in near if any(os.path.isfile(folder / path) for path in asked)), file.parent)
