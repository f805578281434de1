"""Compiled lexicons on disk: mapped into memory, so that a million words are there at once."""

import hashlib
import json
import math
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from numba import njit

from seqrec.alphabet import Alphabet
from seqrec.decoding.bounds import Tables
from seqrec.decoding.lexicon import Lexicon
from seqrec.decoding.trie import Int32s
from seqrec.errors import GrammarError
from seqrec.model_file import write_atomically

VERSION = 1
"""Of the layout; a reader refuses others."""
MAGIC = b"seqrec.lexicon\r\n\x1a"
_HEAD = struct.Struct("<IQ32s")
"""Behind the magic bytes: version, length of the header, SHA-256 of all that follows."""
_ALIGNMENT = 64
_HEADER_LIMIT = 1 << 26
_KINDS = {
    "top": "<f4",
    "weight": "<f8",
    "may_end": "|b1",
    "ids_first": "<i8",
    "text": "|u1",
    "text_begin": "<i8",
}
"""Types of the tables that are not int32."""


@dataclass(frozen=True, eq=False)
class Texts(Sequence[str]):
    """Words in one piece of UTF-8, decoded when they are asked for.

    Attributes:
        blob: All words, uint8.
        begin: Word w is the bytes from `begin[w]` to `begin[w + 1]`, (words + 1,), int64.
    """

    blob: npt.NDArray[np.uint8]
    begin: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.begin) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return self.blob[self.begin[place] : self.begin[place + 1]].tobytes().decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))


def save_lexicon(path: Path, lexicon: Lexicon) -> None:
    """Write a compiled lexicon; an older file is replaced only when the new one is complete.

    Raises:
        ModelFileError: The disk is full or the folder not writable.
    """
    encoded = [text.encode("utf-8") for text in lexicon.texts]
    arrays: dict[str, npt.NDArray[np.generic]] = {
        name: np.ascontiguousarray(values, _KINDS.get(name, "<i4")) for name, values in lexicon.tables._asdict().items()
    }
    arrays["text"] = np.frombuffer(b"".join(encoded), np.uint8)
    arrays["text_begin"] = np.concatenate([[0], np.cumsum([len(one) for one in encoded])]).astype("<i8")
    places, offset = {}, 0
    for name, values in arrays.items():
        places[name] = {"offset": offset, "count": values.size, "type": values.dtype.str}
        offset += -(-values.nbytes // _ALIGNMENT) * _ALIGNMENT
    body = b"".join(values.tobytes().ljust(-(-values.nbytes // _ALIGNMENT) * _ALIGNMENT, b"\0") for values in arrays.values())
    header = json.dumps(
        {
            "alphabet": json.loads(lexicon.alphabet.to_json()),
            "longest": lexicon.longest,
            "shortest": lexicon.shortest,
            "widest": lexicon.widest,
            "arrays": places,
            "bytes": len(body),
        },
        ensure_ascii=False,
    ).encode("utf-8")
    fixed = len(MAGIC) + _HEAD.size
    content = header.ljust(-(-(fixed + len(header)) // _ALIGNMENT) * _ALIGNMENT - fixed, b"\0") + body
    write_atomically(path, MAGIC + _HEAD.pack(VERSION, len(header), hashlib.sha256(content).digest()) + content)


def load_lexicon(path: Path, alphabet: Alphabet | None = None) -> Lexicon:
    """A compiled lexicon, mapped into memory, every table checked against its bounds; its hash is not: see `verify_lexicon`.

    Args:
        path: A file that `save_lexicon` wrote.
        alphabet: What it must be spelt with; None for its own.

    Raises:
        GrammarError: No such file, not a compiled lexicon, truncated, damaged, of another version or another alphabet.
    """
    header, arrays = _mapped(path)
    try:
        own = Alphabet.from_json(json.dumps(header["alphabet"]))
        longest, shortest, widest = int(header["longest"]), int(header["shortest"]), int(header["widest"])
        tables = Tables(**{name: arrays[name] for name in Tables._fields})
        texts = Texts(arrays["text"], arrays["text_begin"])
    except Exception as error:
        raise GrammarError(f"lexicon '{path}': its header is damaged ({error}); build it again") from error
    fault = _fault(tables, texts, own.classes, longest, shortest, widest)
    if fault:
        raise GrammarError(f"lexicon '{path}' is damaged: {fault}; build it again")
    if alphabet is not None and tuple(own.symbols) != tuple(alphabet.symbols):
        raise GrammarError(
            f"lexicon '{path}' is of alphabet '{own.name}' ({len(own)} symbols), the reader's is '{alphabet.name}' "
            f"({len(alphabet)}); build it for that one: seqrec lexicon build … --alphabet {alphabet.name}"
        )
    return Lexicon(alphabet or own, tables, texts, longest, shortest, widest)


def is_lexicon_file(path: Path) -> bool:
    """Whether a file starts as compiled lexicons do."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def verify_lexicon(path: Path) -> None:
    """Compare the whole file with its hash.

    Raises:
        GrammarError: They differ, or the file cannot be loaded.
    """
    load_lexicon(path)
    header, _ = _mapped(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(len(MAGIC) + _HEAD.size)
        while piece := file.read(1 << 20):
            digest.update(piece)
    if digest.digest() != header["sha256"]:
        raise GrammarError(f"lexicon '{path}': its content is not what was written (SHA-256 differs); copy or build it again")


def _mapped(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and arrays of a file; the arrays lie inside of it, their values are not checked."""
    fixed = len(MAGIC) + _HEAD.size
    try:
        size = os.stat(path).st_size
        with path.open("rb") as file:
            begin = file.read(fixed)
            if begin[: len(MAGIC)] != MAGIC:
                raise GrammarError(f"'{path}' is no compiled lexicon; make one with: seqrec lexicon build words.txt -o words.lex")
            version, length, digest = _HEAD.unpack(begin[len(MAGIC) :].ljust(_HEAD.size, b"\0"))
            if version != VERSION:
                raise GrammarError(f"lexicon '{path}' is of version {version}; this seqrec reads {VERSION}: build it again")
            if length > min(_HEADER_LIMIT, size):
                told = f"its header says {length:,} bytes, the file has {size:,}"
                raise GrammarError(f"lexicon '{path}' is truncated: {told}; copy or build it again")
            header = json.loads(file.read(length).decode("utf-8"))
        start = -(-(fixed + length) // _ALIGNMENT) * _ALIGNMENT
        if start + int(header["bytes"]) != size:
            raise GrammarError(f"lexicon '{path}' is truncated or longer than written: {size:,} bytes; copy or build it again")
        body = np.memmap(path, np.uint8, "r", start) if header["bytes"] else np.zeros(0, np.uint8)
        arrays = {}
        for name in (*Tables._fields, "text", "text_begin"):
            place, kind = header["arrays"][name], _KINDS.get(name, "<i4")
            offset, count = int(place["offset"]), int(place["count"])
            stop = offset + count * np.dtype(kind).itemsize
            if place["type"] != kind or min(offset, count) < 0 or offset % _ALIGNMENT or stop > len(body):
                raise ValueError(f"table '{name}' does not lie in the file")
            arrays[name] = np.asarray(body[offset:stop]).view(kind)
        header["sha256"] = digest
        return header, arrays
    except OSError as error:
        raise GrammarError(f"lexicon '{path}' cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError, OverflowError) as error:
        raise GrammarError(f"lexicon '{path}': its header is damaged ({error}); build it again") from error


def _fault(tables: Tables, texts: Texts, classes: int, longest: int, shortest: int, widest: int) -> str:
    """What is wrong with the tables, so that a search would leave them; nothing where all is well."""
    nodes, spellings, words, rows = len(tables.skip), len(tables.word), len(tables.own) - 1, len(tables.used)
    lengths = {
        "depth": nodes, "symbol": nodes, "spelling": nodes, "top": nodes, "own": words + 1,
        "weight": spellings, "spellings_of": spellings, "ids_first": spellings + 1, "row": classes, "may_end": rows,
    }  # fmt: skip
    for name, length in lengths.items():
        if len(getattr(tables, name)) != length:
            return f"table '{name}' has {len(getattr(tables, name)):,} entries, expected {length:,}"
    if not (nodes > 1 and words > 0 and spellings >= words and 1 < rows <= classes and len(texts.begin) == words + 1):
        return "it holds no words"
    if len(tables.follow_first) not in (0, rows + 1) or not (shortest > 0 and 0 < longest < nodes and 0 < widest < nodes):
        return "its header contradicts its tables"
    ranges = {
        "symbol": (0, classes - 1), "spelling": (-1, spellings - 1), "word": (0, words - 1), "spellings_of": (0, spellings - 1),
        "ids": (1, classes - 1), "used": (0, classes - 1), "row": (0, rows - 1), "follow": (1, rows - 1),
    }  # fmt: skip
    for name, (low, high) in ranges.items():
        values = getattr(tables, name)
        if len(values) and not (low <= int(values.min()) and int(values.max()) <= high):
            return f"table '{name}' has entries outside {low}..{high}"
    steps: list[tuple[str, npt.NDArray[Any], int]] = [
        ("own", tables.own, spellings),
        ("ids_first", tables.ids_first, len(tables.ids)),
        ("text_begin", texts.begin, len(texts.blob)),
    ]
    if len(tables.follow_first):
        steps.append(("follow_first", tables.follow_first, len(tables.follow)))
    for name, values, last in steps:
        if values[0] != 0 or values[-1] != last or bool((values[1:] < values[:-1]).any()):
            return f"table '{name}' does not ascend from 0 to {last:,}"
    if not (tables.own[1:] > tables.own[:-1]).all() or int((tables.ids_first[1:] - tables.ids_first[:-1]).max()) > longest:
        return "it has a word without a spelling, or a spelling longer than it says"
    for values in (tables.weight, tables.top):
        if not (float(values.min()) > 0 and math.isfinite(float(values.max()))):
            return "its weights are not above 0"
    if tables.used[0] != 0 or not np.array_equal(tables.row[tables.used], np.arange(rows)):
        return "table 'used' does not fit 'row'"
    return str(_trie_fault(tables.skip, tables.depth, longest, widest))


@njit(cache=True)
def _trie_fault(skip: Int32s, depth: Int32s, longest: int, widest: int) -> str:
    nodes = len(skip)
    if depth[0] != 0 or skip[0] != nodes:
        return "its trie has no root"
    inside = np.full(longest + 1, nodes, np.int32)  # where the open node of each depth ends
    children = np.zeros(longest + 1, np.int32)
    for node in range(1, nodes):
        level = depth[node]
        if level < 1 or level > longest or level > depth[node - 1] + 1:
            return "its trie has a node of impossible depth"
        if skip[node] <= node or skip[node] > inside[level - 1] or node >= inside[level - 1]:
            return "its trie has a node outside of its parent"
        if level <= depth[node - 1] and inside[level] != node:
            return "its trie has a gap"
        inside[level] = skip[node]
        children[level - 1] += 1
        children[level] = 0
        if children[level - 1] > widest:
            return "its trie has more children than it says"
    return ""
