"""What an ONNX file asks for beyond itself, found before it is loaded: files that it names, operators that are no plain ONNX."""

import struct
from pathlib import Path
from typing import BinaryIO

from seqrec.errors import ModelFileError
from seqrec.onnx_metadata import read_field

_DEEPEST = 64  # messages inside of each other; those of `seqrec export` are ten deep
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor"},
    "sparse tensor": {1: "tensor", 2: "tensor"},
}
"""Message → number of a field → the message in it, as far as nodes and tensors may stand there."""
_DOMAIN, _EXTERNAL_DATA, _LOCATION = 7, 13, 14  # of a node; of a tensor
_PLAIN = (b"", b"ai.onnx")


def check_contents(path: Path) -> None:
    """Nothing, where a file holds all its tensors and asks for no operator but those of ONNX itself.

    Operators of other domains may name files; tensors may lie in other files, wherever these are.

    Raises:
        ModelFileError: It does not, it is no ONNX file, or it is cut off.

    Source:
        The encoding of Protocol Buffers, and `onnx.proto` of ONNX.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            _look(file, size, "model", path, 0)
    except (OSError, ValueError, struct.error) as error:
        raise ModelFileError(f"'{path}' is no ONNX file that can be used: {error}; export it again") from error


def _look(file: BinaryIO, stop: int, message: str, path: Path, depth: int) -> None:
    """Look at a message that begins where the file stands and ends at `stop`."""
    if depth > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} graphs and tensors inside of each other")
    inside = _INSIDE.get(message, {})
    while file.tell() < stop:
        number, value, length = read_field(file, stop)
        end = file.tell() + length
        if number in inside and length:
            _look(file, end, inside[number], path, depth + 1)
        elif message == "tensor" and (number == _EXTERNAL_DATA or (number == _LOCATION and value)):
            raise ModelFileError(f"'{path}' keeps weights in another file, which is not read; export it again, as one file")
        elif message == "node" and number == _DOMAIN and (domain := file.read(min(length, 80))) not in _PLAIN:
            told = domain.decode("utf-8", "replace")
            raise ModelFileError(f"'{path}' uses operators of '{told}'; a reader has those of ONNX alone: export it again")
        file.seek(end)
