"""MATLAB 5 files, as far as data sets use them: numbers, characters, cells and structs. Nothing in them is executed.

Source:
    The MathWorks, "MAT-File Format", version 5. We leave out sparse arrays, objects, function handles and imaginary parts.
    Version 7.3 is HDF5, another format.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from seqrec.errors import DataError

Value: TypeAlias = Any
"""An array; a string (several rows of characters: a list of them); a list for cells; a list of dicts for structs."""

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 16: "utf-8", 4: "utf-16", 17: "utf-16", 18: "utf-32"}
_DEEPEST = 8  # cells within structs within cells …
_MOST_TIMES = 100  # a packed variable may be so many times as large as what holds it,
_MORE_BYTES = 1 << 20  # and so much more
_PEEKED = 4096  # bytes of a variable in which its name and fields stand


@dataclass(frozen=True)
class Variable:
    """A variable of a file, not read yet.

    Attributes:
        name: Its name.
        fields: Of a struct; () for all else.
    """

    name: str
    fields: tuple[str, ...]


def is_mat_file(path: Path) -> bool:
    """Whether a file starts as one of version 5."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return len(header) == _HEADER_BYTES and header[126:128] in (b"IM", b"MI") and header.startswith(b"MATLAB 5")


def mat_variables(path: Path) -> list[Variable]:
    """The variables of a file, from the first bytes of each.

    Raises:
        DataError: The file is missing, cut off, or of another format.
    """
    found = []
    for order, content in _elements(path, whole=False):
        with _Named(path):
            found.append(_Reader(content, order).variable())
    return found


def read_mat(path: Path, wanted: str) -> Mapping[str, Value]:
    """Name → value of the variables of a file that are called so; others are passed over.

    Raises:
        DataError: The file is missing, cut off or broken, or holds what we do not read.
    """
    found = {}
    for order, content in _elements(path, whole=True, wanted=wanted):
        with _Named(path):
            name, value = _Reader(content, order).matrix(0)
        found[name] = value
    return found


class _Named:
    """Turns what goes wrong in a broken file into one error that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DataError) or error is None:
            return
        if isinstance(error, struct.error | ValueError | IndexError | zlib.error | KeyError | OverflowError | TypeError):
            told = f"'{self.path}' is a broken MATLAB file ({str(error) or type(error).__name__}); fetch it again"
            raise DataError(told) from error


def _elements(path: Path, whole: bool, wanted: str = "") -> Iterator[tuple[str, bytes]]:
    """Byte order and content of each variable's matrix, unpacked; with `whole` only of the wanted ones, else their beginnings."""
    if not is_mat_file(path):
        raise DataError(f"'{path}' is no MATLAB file of version 5; expected one that starts with 'MATLAB 5': save it with -v7")
    with path.open("rb") as file, _Named(path):
        order = "<" if file.read(_HEADER_BYTES)[126:128] == b"IM" else ">"
        while tag := file.read(8):
            kind, size = struct.unpack(f"{order}2I", tag)
            start = file.tell()
            head = _unpacked(file.read(min(size, _PEEKED)), kind, order, _PEEKED)
            if not whole:
                yield order, head
            elif _Reader(head, order).variable().name == wanted:
                file.seek(start)
                packed = file.read(size)
                if len(packed) < size:
                    raise ValueError(f"{size - len(packed):,} bytes are missing at its end")
                yield order, _unpacked(packed, kind, order, _MOST_TIMES * size + _MORE_BYTES)
            file.seek(start + size)


def _unpacked(packed: bytes, kind: int, order: str, most: int) -> bytes:
    """The content of a matrix element, packed or not."""
    if kind == _MATRIX:
        return packed
    if kind != _COMPRESSED:
        raise ValueError(f"an element of type {kind} where a variable was expected")
    content = zlib.decompressobj().decompress(packed, most)
    inner, size = struct.unpack(f"{order}2I", content[:8])
    if inner != _MATRIX:
        raise ValueError(f"a packed element of type {inner} where a variable was expected")
    if most > _PEEKED and len(content) < size + 8:
        raise ValueError(f"a variable of {size:,} bytes unpacks to {len(content) - 8:,}")
    return content[8:]


class _Reader:
    """Reads elements one after the other; every length is checked against what is there."""

    def __init__(self, content: bytes, order: str) -> None:
        self.content, self.order, self.at = content, order, 0

    def variable(self) -> Variable:
        kind, _, name = self._begin()
        return Variable(name, self._fields() if kind == _STRUCT else ())

    def matrix(self, depth: int) -> tuple[str, Value]:
        if depth > _DEEPEST:
            raise ValueError(f"cells and structs within one another, more than {_DEEPEST} deep")
        kind, shape, name = self._begin()
        count = prod(shape)
        if kind == _CELL:
            self._require(8 * count)
            return name, [self._member(depth) for _ in range(count)]
        if kind == _STRUCT:
            fields = self._fields()
            self._require(8 * count * len(fields))
            if not fields and count > 1:
                raise ValueError("a struct array without fields")
            return name, [{field: self._member(depth) for field in fields} for _ in range(count)]
        if kind == _CHAR:
            return name, self._characters(shape)
        if 6 <= kind <= 15:
            values = self._numbers()
            if values.size != count:
                raise ValueError(f"{values.size} numbers for an array of shape {shape}")
            return name, values.reshape(shape, order="F")
        raise ValueError(f"an array of class {kind}, which is not read here")

    def _member(self, depth: int) -> Value:
        kind, content = self._element()
        if kind != _MATRIX:
            raise ValueError(f"an element of type {kind} in a cell or struct")
        return _Reader(content, self.order).matrix(depth + 1)[1] if content else np.zeros((0, 0))

    def _begin(self) -> tuple[int, tuple[int, ...], str]:
        """Class, shape and name of a matrix."""
        _, flags = self._element()
        kind = struct.unpack(f"{self.order}I", flags[:4])[0] & 255
        shape = tuple(int(size) for size in self._numbers())
        if len(shape) < 2 or min(shape) < 0:
            raise ValueError(f"an array of shape {shape}")
        return kind, shape, self._element()[1].decode("latin-1")

    def _fields(self) -> tuple[str, ...]:
        (length,) = self._numbers().tolist()
        names = self._element()[1]
        if not 1 <= length <= 256:
            raise ValueError(f"field names of {length} bytes")
        pieces = [names[start : start + length] for start in range(0, len(names), length)]
        return tuple(piece.split(b"\0")[0].decode("latin-1") for piece in pieces)

    def _numbers(self) -> npt.NDArray[Any]:
        kind, content = self._element()
        if kind not in _NUMBERS:
            raise ValueError(f"an element of type {kind} where numbers were expected")
        return np.frombuffer(content, self.order + _NUMBERS[kind])

    def _characters(self, shape: tuple[int, ...]) -> str | list[str]:
        kind, content = self._element()
        if kind not in _TEXTS:
            raise ValueError(f"an element of type {kind} where characters were expected")
        suffix = ("-le" if self.order == "<" else "-be") if _TEXTS[kind][-2:] in ("16", "32") else ""
        text = content.decode(_TEXTS[kind] + suffix)
        rows = shape[0]
        if rows == 1 or not text:
            return text
        if len(text) != prod(shape):
            raise ValueError(f"{len(text)} characters for an array of shape {shape}")
        return [text[row::rows] for row in range(rows)]

    def _element(self) -> tuple[int, bytes]:
        self._require(8)
        first, size = struct.unpack(f"{self.order}2I", self.content[self.at : self.at + 8])
        if first >> 16:  # small: type, length and up to four bytes in one
            start, kind, size, step = self.at + 4, first & 0xFFFF, first >> 16, 8
            if size > 4:
                raise ValueError(f"a small element of {size} bytes")
        else:
            start, kind, step = self.at + 8, first, 8 + size + (-size % 8)
            self._require(8 + size)
        self.at += step
        return kind, self.content[start : start + size]

    def _require(self, size: int) -> None:
        if size > len(self.content) - self.at:
            raise ValueError(f"{size:,} bytes are expected where {len(self.content) - self.at:,} are left")
