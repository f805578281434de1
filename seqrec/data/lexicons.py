"""Lexicons of pictures, each its own: from files beside the labels or the pictures, or from an LMDB set's own keys."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from seqrec.benchmark import size_name
from seqrec.data.label_files import label_lines
from seqrec.errors import DataError, nearest
from seqrec.interfaces import Store

OwnLexicon = Callable[[int], list[str] | None]
"""Index of a sample → words that may stand on its picture; None where it has no lexicon."""
T = TypeVar("T")


def own_lexicons(store: Store, path: Path) -> dict[str, OwnLexicon]:
    """The lexicons that the pictures of a data set have, by name, those with the fewest words first.

    Files `lexicon-NAME.tsv` count that lie in the set's folder, beside its label file or, where it is of several LMDB sets, in
    theirs. Lexicons that the format itself has, as an LMDB set's `lexicon-%09d` keys, count under their names, or if they have
    none under the number of words that they usually hold, as `50` or `1k`, unless there is a file of that name.

    Args:
        store: The data set.
        path: Where it was opened: its folder or label file.

    Raises:
        DataError: A lexicon file is broken, or has none of the set's pictures; the message names file and line.
    """
    folders = [path if path.is_dir() else path.parent]
    beside = getattr(store, "folder", None)
    if beside is not None and beside.resolve() != folders[0].resolve():
        folders.insert(0, beside)
    files: dict[str, list[tuple[str, Path]]] = {}
    for folder in folders:
        files = {name: [("", file)] for name, file in _files(folder).items()} | files
    inner: dict[str, list[tuple[str, Path]]] = {}
    for prefix, folder in getattr(store, "folders", ()):
        for name, file in _files(folder).items() if folder.resolve() != folders[-1].resolve() else ():
            inner.setdefault(name, []).append((prefix, file))
    found = {name: _from_files(some, store) for name, some in (inner | files).items()}
    found |= {name: lexicon for name, lexicon in getattr(store, "named_lexicons", dict)().items() if name not in found}
    counts = {name: _usual(lexicon, store) for name, lexicon in found.items()}
    for own, lexicon in _of_format(store):
        usual = _usual(lexicon, store)
        if usual:
            name = own or size_name(usual)
            counts.setdefault(name, usual)
            found.setdefault(name, lexicon)
    return {name: found[name] for name in sorted(found, key=lambda name: (counts[name], name))}


def own_lexicon(store: Store, path: Path, name: str = "") -> tuple[str, OwnLexicon]:
    """One lexicon that the pictures of a data set have, with its name.

    Args:
        store: The data set.
        path: Where it was opened.
        name: Which one; nothing where there is just one.

    Raises:
        DataError: There is none, none of that name, or several and no name was given; or a file is broken.
    """
    found = own_lexicons(store, path)
    if not found:
        raise DataError(
            f"'{path}': its pictures have no lexicons of their own; expected lexicon-NAME.tsv beside the labels "
            "(a picture's path and its words in each line, separated by tabs), or an LMDB set with lexicon-%09d keys"
        )
    return _chosen(f"'{path}'", found, name)


def lexicon_beside(
    folders: Sequence[Path], pictures: Sequence[str], name: str = ""
) -> tuple[str, Callable[[str], list[str] | None]]:
    """One lexicon that pictures have which are in no data set, with its name: path of a picture → its words, or None.

    Files `lexicon-NAME.tsv` in the folders count; they name pictures by their paths from there.

    Args:
        folders: Folders of pictures.
        pictures: Paths of the pictures.
        name: Which one; nothing where there is just one.

    Raises:
        DataError: There is none, none of that name, several and no name was given, or none of these pictures has one; or a file
            is broken.
    """
    where = ", ".join(f"'{folder}'" for folder in folders)
    files: dict[str, list[Path]] = {}
    for folder in folders:
        for own, file in _files(folder).items():
            files.setdefault(own, []).append(file)
    if not files:
        raise DataError(
            f"{where}: no lexicon beside the pictures; expected lexicon-NAME.tsv there (a picture's path and its words in each "
            "line, separated by tabs)"
        )
    chosen, some = _chosen(where, files, name)
    words = {file.parent / path: own for file in some for path, own in _words_of(file).items()}
    if not any(Path(picture) in words for picture in pictures):
        first = f"'{next(iter(words))}'" if words else "nothing"
        told = f"none of the {len(pictures):,} pictures, first '{pictures[0]}'; its first line is about {first}"
        raise DataError(f"'{some[0]}' has {told}; name pictures by their paths from its folder")
    return chosen, lambda picture: words.get(Path(picture))


def _files(folder: Path) -> dict[str, Path]:
    """The lexicon files of a folder by their names."""
    return {file.stem.removeprefix("lexicon-"): file for file in sorted(folder.glob("lexicon-?*.tsv"))}


def _chosen(where: str, found: dict[str, T], name: str) -> tuple[str, T]:
    """The lexicon of a name, or the only one.

    Raises:
        DataError: There is none of that name, or several and no name was given.
    """
    if name and name not in found:
        raise DataError(f"{where}: its pictures have no lexicon '{name}'{nearest(name, list(found))}")
    if not name and len(found) > 1:
        raise DataError(f"{where}: its pictures have several lexicons: {', '.join(found)}; name one")
    chosen = name or next(iter(found))
    return chosen, found[chosen]


def _of_format(store: Store) -> list[tuple[str, OwnLexicon]]:
    """Lexicons that a store has of its format, of columns, or one key a sample, with their names or ""."""
    columns = getattr(store, "lexicons", ())
    single = getattr(store, "lexicon", None)
    name = getattr(store, "lexicon_name", str)()
    return [*([(name, single)] if single else []), *(("", _column(column)) for column in columns)]


def _column(column: Sequence[Sequence[str] | None]) -> OwnLexicon:
    return lambda index: None if (words := column[index]) is None else list(words)


def _usual(lexicon: OwnLexicon, store: Store) -> float:
    """Median number of words; 0 where no picture has any."""
    counts = [len(words) for index in range(len(store)) if (words := lexicon(index))]
    return statistics.median(counts) if counts else 0.0


def _from_files(files: Sequence[tuple[str, Path]], store: Store) -> OwnLexicon:
    """The lexicons of files about a data set's pictures, each with what stands before its pictures' names in the set."""
    words = {f"{prefix}{path}": own for prefix, file in files for path, own in _words_of(file).items()}
    file = files[0][1]
    if not any(store.key(index) in words for index in range(len(store))):
        first = f"'{next(iter(words))}'" if words else "nothing"
        raise DataError(
            f"'{file}' has none of the set's pictures: its first line is about {first}, the set's first picture is "
            f"'{store.key(0)}'; name pictures as the label file does"
        )
    return lambda index: words.get(store.key(index))


def _words_of(file: Path) -> dict[str, list[str]]:
    """Path of a picture → its words: a file with `path<TAB>word<TAB>word…` in each line."""
    words: dict[str, list[str]] = {}
    once: dict[str, str] = {}  # a word stands in many lists, but only once in memory
    for number, line in label_lines(file):
        path, *some = line.split("\t")
        path, some = path.strip(), [once.setdefault(word, word) for word in some if word.strip()]
        if not path or not some:
            raise DataError(f"'{file}', line {number}: no word in {line[:60]!r}; expected: picture.png<TAB>word<TAB>word…")
        if path in words:
            raise DataError(f"'{file}', line {number}: picture '{path}' has a line above already; keep one of the two")
        words[path] = some
    return words
