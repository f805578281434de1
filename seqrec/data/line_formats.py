"""Formats with a sample in each line of a label file."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from seqrec.data.label_files import (
    PICTURE,
    PICTURE_ENDING,
    Entry,
    LabelFileReader,
    first_line,
    label_files,
    label_lines,
    parse_icdar_line,
    parse_space_line,
    parse_tab_line,
    the_one,
)
from seqrec.data.store import FileStore, OwnLexicons
from seqrec.errors import DataError
from seqrec.interfaces import Store

_ICDAR_START = re.compile(rf"[^\",\t]*{PICTURE} *,", re.IGNORECASE)
_PATH_START = re.compile(rf"(?:[^\t]*{PICTURE}\t|\S*{PICTURE}(?:\s|\Z))", re.IGNORECASE)
_LIST_START = re.compile(r'\[ *".*\]\t')
_TWICE = re.compile(rf"(?P<path>\S+{PICTURE}) (?P<label>\S+) \d+ \S+", re.IGNORECASE)
_MJSYNTH = re.compile(r"(?P<path>\S*_(?P<label>[^_/\\\s]*)_\d+\.jpg)(?: \d+)?\Z", re.IGNORECASE)
_SCENE_WORDS = re.compile(r"(?P<scene>\S+)[ \t]+(?P<words>[^,]+(?:,[^,]*)*)")
_SYMBOL_LINE = re.compile(r"\S+\s+\d+\s*")


def _one(parse: Callable[[str], Entry]) -> Callable[[str], Sequence[Entry]]:
    return lambda line: [parse(line)]


class GtTxtReader(LabelFileReader):
    """A `gt.txt` with `path<TAB>label` or `path label` in each line."""

    name = "gt-txt"
    expected = "gt.txt with lines of path<TAB>label"

    def fits(self, line: str) -> object:
        """Whether a picture's path comes first, no comma behind it, and no label twice."""
        return _PATH_START.match(line) and not _ICDAR_START.match(line) and not _TWICE.fullmatch(line)

    def files(self, path: Path) -> list[Path]:
        """Such files, less those that are another format's by their name or company."""
        found = super().files(path)
        others = (IiitTagsReader(), PaddleOcrReader(), MjSynthReader())
        return [file for file in found if not any(one.named(file.name.lower()) for one in others) and not _scene_words(file)]

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """By tabs where most lines have one, else by white space."""
        return _one(parse_tab_line if 2 * sum("\t" in line for line in lines) > len(lines) else parse_space_line)


class IcdarWordsReader(LabelFileReader):
    """A `gt.txt` of ICDAR's kind: `word_1.png, "PROPER"` in each line."""

    name = "icdar-words"
    expected = 'gt.txt with lines of: word_1.png, "label"'

    def fits(self, line: str) -> object:
        """Whether a picture's path and a comma come first."""
        return _ICDAR_START.match(line)

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """By the first comma."""
        return _one(parse_icdar_line)


class IiitTagsReader(LabelFileReader):
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

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """By the first white space."""
        return _one(parse_space_line)


class Cute80Reader(LabelFileReader):
    """CUTE80's label list, which says everything twice: `timage/001.jpg RONALDO 1 RONALDO` in each line."""

    name = "cute80"
    expected = "label file with lines of: timage/001.jpg RONALDO 1 RONALDO"

    def named(self, name: str) -> bool:
        """Whether the name ends in `label.txt` or is a usual one."""
        return super().named(name) or name.endswith("label.txt")

    def fits(self, line: str) -> object:
        """Whether a line is a path, a word, a number and a word."""
        return _TWICE.fullmatch(line)

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """The first of the two words."""

        def split(line: str) -> Sequence[Entry]:
            found = _TWICE.fullmatch(line.strip())
            if not found:
                raise DataError(f"{line[:80]!r}: expected a path, the label, a number and the label again")
            return [(found["path"], found["label"])]

        return split


class PaddleOcrReader(LabelFileReader):
    """PaddleOCR's `rec_gt*.txt` or `*_list.txt`: `path<TAB>label`, where a JSON list of paths shares one label."""

    name = "paddleocr"
    expected = "rec_gt*.txt with lines of path<TAB>label"

    def named(self, name: str) -> bool:
        """Whether the name is one that PaddleOCR's documentation uses."""
        return name.endswith(".txt") and (name.startswith("rec_gt") or name.endswith("_list.txt"))

    def files(self, path: Path) -> list[Path]:
        """Files of these names, and of any name whose first line starts with a list of paths."""
        return label_files(
            path,
            lambda name: name.endswith(".txt"),
            lambda file: (
                (named := self.named(file.name.lower()) and self.fits(first_line(file)))
                or (not named and _LIST_START.match(first_line(file)))
            ),
        )

    def fits(self, line: str) -> object:
        """Whether a path, or a list of them, and a tab come first."""
        return "\t" in line and (_PATH_START.match(line) or _LIST_START.match(line))

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """By the first tab; a sample for each path of a list."""

        def split(line: str) -> Sequence[Entry]:
            path, label = parse_tab_line(line)
            if not path.startswith("["):
                return [(path, label)]
            try:
                paths = json.loads(path)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path[:80]!r} is no JSON list of paths ({error})") from error
            if not all(isinstance(one, str) for one in paths):
                raise DataError(f"{path[:80]!r}: a list of paths holds something else than strings")
            return [(one, label) for one in paths]

        return split


class EasyOcrReader(LabelFileReader):
    """EasyOCR's `labels.csv`: a line `filename,words`, then a name and a label a line, split at the first comma only."""

    name = "easyocr"
    expected = "labels.csv that starts with filename,words"

    def named(self, name: str) -> bool:
        """Whether it is a CSV file."""
        return name.endswith(".csv")

    def fits(self, line: str) -> object:
        """Whether it starts with these columns."""
        return line.strip().lower() == "filename,words"

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """By the first comma; quotes mean nothing."""

        def split(line: str) -> Sequence[Entry]:
            if self.fits(line):
                return []
            path, comma, label = line.partition(",")
            if not comma:
                raise DataError(f"{line[:80]!r} has no comma; expected: filename,words")
            return [(path.strip(), label)]

        return split


class SvtWordsReader(LabelFileReader):
    """Cropped SVT: lines of `18_01_1.png DOOR`, and a `lex.txt` beside them with each scene's words."""

    name = "svt-words"
    expected = "label file with lines of `18_01_1.png DOOR` beside a lex.txt with lines of `18_01 THE,TRIPLE,DOOR`"

    def named(self, name: str) -> bool:
        """Any text file but the lexicon."""
        return name.endswith(".txt") and name != "lex.txt"

    def files(self, path: Path) -> list[Path]:
        """Label files with a `lex.txt` beside them."""
        return [file for file in super().files(path) if _scene_words(file)]

    def fits(self, line: str) -> object:
        """Whether a picture's path comes first."""
        return _PATH_START.match(line) and not _ICDAR_START.match(line)

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """By the first white space."""
        return _one(parse_space_line)

    def lexicons(self, file: Path, entries: Sequence[Entry]) -> OwnLexicons:
        """Each picture's scene is what its name starts with, up to an underscore."""
        scenes: dict[str, list[str]] = {}
        for number, line in label_lines(file.with_name("lex.txt")):
            found = _SCENE_WORDS.fullmatch(line.strip())
            if not found:
                raise DataError(
                    f"'{file.with_name('lex.txt')}', line {number}: expected a scene and its words, as 18_01 THE,DOOR"
                )
            scenes[found["scene"]] = [word.strip() for word in found["words"].split(",") if word.strip()]

        def words(path: str) -> list[str] | None:
            stem = path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
            while stem and stem not in scenes:
                stem = stem.rpartition("_")[0]
            return scenes.get(stem)

        return (tuple(words(path) for path, _ in entries),)


def _scene_words(file: Path) -> bool:
    """Whether a `lex.txt` with scenes' words lies beside a label file."""
    beside = file.with_name("lex.txt")
    found = _SCENE_WORDS.fullmatch(first_line(beside).strip()) if beside.is_file() else None
    return found is not None and not PICTURE_ENDING.search(found["scene"]) and "," in found["words"]


class MjSynthReader(LabelFileReader):
    """MJSynth's `annotation*.txt`: the label is the second part of a name, as in `3000/7/182_slinking_71711.jpg 71711`."""

    name = "mjsynth"
    expected = "annotation*.txt with lines of: ./3000/7/182_slinking_71711.jpg 71711"

    def named(self, name: str) -> bool:
        """Whether the name starts so."""
        return name.startswith("annotation") and name.endswith(".txt")

    def fits(self, line: str) -> object:
        """Whether it is such a path, with a number behind it."""
        return _MJSYNTH.match(line.strip())

    def files(self, path: Path) -> list[Path]:
        """The list of everything where there is one, as in the official archive, else its parts."""
        found = super().files(path)
        return [file for file in found if file.name.lower() == "annotation.txt"] or found

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """Of one line."""
        return lambda line: [_mjsynth_entry(line)]

    def open(self, path: Path) -> Store:
        """The samples; nine million of them stay as the bytes of their file."""
        file = the_one([path] if path.is_file() else self.files(path), path, self.expected)
        return FileStore(file.parent, _Lines(file, _mjsynth_entry), file.name)


def _mjsynth_entry(line: str) -> Entry:
    found = _MJSYNTH.match(line.strip())
    if not found:
        raise DataError(f"{line[:80]!r}: expected a path whose name is number_label_number.jpg")
    return found["path"], found["label"]


class _Lines(Sequence[Entry]):
    """Entries that are made of their lines when they are asked for."""

    def __init__(self, file: Path, parse: Callable[[str], Entry]) -> None:
        try:
            self._bytes = file.read_bytes()
        except OSError as error:
            raise DataError(f"'{file}' cannot be read: {error}") from error
        ends = np.flatnonzero(np.frombuffer(self._bytes, np.uint8) == ord("\n"))
        bounds = np.unique(np.concatenate([[-1], ends, [len(self._bytes)]]))
        full = np.diff(bounds) > 2  # neither blank nor just a carriage return
        self._starts, self._ends = bounds[:-1][full] + 1, bounds[1:][full]
        self._file, self._parse = file, parse

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Entry:  # type: ignore[override]
        line = self._bytes[self._starts[index] : self._ends[index]]
        try:
            return self._parse(line.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
        except (UnicodeDecodeError, DataError) as error:
            number = self._bytes.count(b"\n", 0, int(self._starts[index])) + 1
            raise DataError(f"'{self._file}', line {number}: {error}") from error


class PylaiaReader(LabelFileReader):
    """PyLaia's table of `id token token …`, with a `syms` file of `symbol number` beside it; pictures lie in it or below."""

    name = "pylaia"
    expected = "table of `id token token …` beside a syms file of `symbol number`"

    def named(self, name: str) -> bool:
        """Any text file but the symbols."""
        return (name.endswith((".txt", ".gt", ".table")) or "." not in name) and "syms" not in name

    def fits(self, line: str) -> object:
        """Whether there is an id and a token."""
        return len(line.split()) >= 2

    def files(self, path: Path) -> list[Path]:
        """Tables whose first line's tokens are all symbols."""

        def table(file: Path) -> bool:
            symbols = set(_symbols(file))
            return bool(symbols) and set(first_line(file).split()[1:]) <= symbols and bool(self.fits(first_line(file)))

        return label_files(path, self.named, table)

    def parser(self, lines: Sequence[str]) -> Callable[[str], Sequence[Entry]]:
        """Of one line: id and tokens, joined by spaces."""
        return lambda line: [((words := line.split())[0], " ".join(words[1:]))]

    def open(self, path: Path) -> Store:
        """The samples; `<space>` is a space, and tokens of one character each are joined without one."""
        files = [path] if path.is_file() else self.files(path)
        file = the_one(files, path, self.expected)
        symbols = list(_symbols(file)) or [token for _, line in label_lines(file) for token in line.split()[1:]]
        single = all(len(symbol) == 1 or symbol.startswith("<") for symbol in symbols)
        pictures = {
            found.relative_to(file.parent).as_posix(): found
            for found in file.parent.rglob("*")
            if PICTURE_ENDING.search(found.name)
        }
        by_stem = {found.stem: path for path, found in sorted(pictures.items(), reverse=True)}
        entries = []
        for _, line in label_lines(file):
            name, *tokens = line.split()
            place = next(
                (one for one in (name, by_stem.get(Path(name).name), by_stem.get(Path(name).stem)) if one in pictures), name
            )
            spelt = [" " if token == "<space>" else token for token in tokens]
            entries.append((place, "".join(spelt) if single else " ".join(spelt)))
        return FileStore(file.parent, entries, file.name)


def _symbols(file: Path) -> Iterator[str]:
    """Symbols of the first `syms` file beside a table or one folder up."""
    for folder in (file.parent, file.parent.parent):
        for beside in sorted(folder.glob("*syms*")):
            if beside.is_file() and _SYMBOL_LINE.fullmatch(first_line(beside)):
                yield from (line.split()[0] for _, line in label_lines(beside))
                return
