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
                field, _, length = read_field(file, size)
                if field == _METADATA_PROPS:
                    entry = _entry(file.read(length))
                    found[entry[_KEY]] = entry[_VALUE]
                else:
                    file.seek(length, 1)
    except (OSError, ValueError, KeyError, OverflowError) as error:
        raise ModelFileError(f"'{path}' is no ONNX file that can be used: {error}; export it again") from error
    return found


def read_field(file: BinaryIO, stop: int) -> tuple[int, int, int]:
    """The number of the next field, its value where that is one number, and how many bytes follow that belong to it.

    Args:
        file: Stands at the field, and then behind its length.
        stop: Where the message ends.

    Raises:
        ValueError: The field does not end before that, or is none.
    """
    tag, value = _varint(file), 0
    number, kind = tag >> 3, tag & 7
    if kind == _VARINT:
        value, length = _varint(file), 0
    elif kind == _LENGTH:
        length = _varint(file)
    else:
        length = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind, -1)
    if length < 0 or file.tell() + length > stop:
        raise ValueError("it is cut off or garbage")
    return number, value, length


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
