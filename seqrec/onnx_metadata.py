"""The metadata of an ONNX file, read without onnx or onnxruntime: what is in a model can be told before it is loaded."""

import io
from pathlib import Path
from typing import BinaryIO

from seqrec.errors import ModelFileError

_METADATA_PROPS = 14  # fields of ModelProto …
_KEY, _VALUE = 1, 2  # … and of StringStringEntryProto
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def onnx_metadata(path: Path) -> dict[str, str]:
    """Key → text of the metadata; the graph is skipped.

    Raises:
        ModelFileError: No ONNX file, or one that is cut off.

    Source:
        The encoding of Protocol Buffers, and `onnx.proto` of ONNX (ModelProto, StringStringEntryProto).
    """
    found: dict[str, str] = {}
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while file.tell() < size:
                field, content = _field(file, size)
                if field == _METADATA_PROPS:
                    entry = _entry(content)
                    found[entry[_KEY]] = entry[_VALUE]
    except (OSError, ValueError, KeyError) as error:
        raise ModelFileError(f"'{path}' is no ONNX file that can be used: {error}; export it again") from error
    return found


def _field(file: BinaryIO, size: int) -> tuple[int, bytes]:
    """The number of the next field, and its content where it is one of the metadata."""
    tag = _varint(file)
    number, kind = tag >> 3, tag & 7
    if kind == _VARINT:
        _varint(file)
        return number, b""
    length = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind) or (_varint(file) if kind == _LENGTH else -1)
    if length < 0 or file.tell() + length > size:
        raise ValueError("it is cut off or garbage")
    if number == _METADATA_PROPS:
        return number, file.read(length)
    file.seek(length, 1)
    return number, b""


def _entry(content: bytes) -> dict[int, str]:
    """The two texts of an entry, by their field."""
    file, found = io.BytesIO(content), {}
    while file.tell() < len(content):
        number = _varint(file) >> 3
        found[number] = file.read(_varint(file)).decode()
    return found


def _varint(file: BinaryIO) -> int:
    """A number, seven bits a byte, the lowest first."""
    value = shift = 0
    while True:
        byte = file.read(1)
        if not byte or shift > 63:
            raise ValueError("it is cut off or garbage")
        value |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:
            return value
