"""MATLAB 5 files for tests, written from the format's description: numbers, text, cells and structs."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np


def write_mat(path: Path, packed: bool = True, order: str = "<", **variables: Any) -> Path:
    """A file of some variables: arrays, strings, lists (cells), lists of dicts (struct arrays)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = b"MATLAB 5.0 MAT-file, written by a test".ljust(124) + (b"\x00\x01IM" if order == "<" else b"\x01\x00MI")
    body = b""
    for name, value in variables.items():
        element = _matrix(name, value, order)
        if packed:
            squeezed = zlib.compress(element)
            element = struct.pack(f"{order}2I", 15, len(squeezed)) + squeezed
        body += element
    path.write_bytes(header + body)
    return path


def _matrix(name: str, value: Any, order: str) -> bytes:
    if isinstance(value, str):
        kind, shape = 4, (1, len(value)) if value else (0, 0)
        content = _element(4, np.array([ord(one) for one in value], f"{order}u2").tobytes(), order)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        kind, shape = 2, (1, len(value))
        fields = b"".join(field.encode().ljust(32, b"\0") for field in value[0])
        content = _element(5, struct.pack(f"{order}i", 32), order) + _element(1, fields, order)
        content += b"".join(_matrix("", one, order) for row in value for one in row.values())
    elif isinstance(value, list):
        kind, shape = 1, (1, len(value))
        content = b"".join(_matrix("", one, order) for one in value)
    elif value.dtype.kind == "U":  # rows of characters, column by column
        kind, shape = 4, value.shape
        content = _element(4, np.array([ord(one) for one in value.flatten(order="F")], f"{order}u2").tobytes(), order)
    else:
        kind, shape = 6, value.shape
        content = _element(9, value.astype(f"{order}f8").flatten(order="F").tobytes(), order)
    flags = _element(6, struct.pack(f"{order}2I", kind, 0), order)
    dimensions = _element(5, np.array(shape, f"{order}i4").tobytes(), order)
    inside = flags + dimensions + _element(1, name.encode(), order) + content
    return struct.pack(f"{order}2I", 14, len(inside)) + inside


def _element(kind: int, content: bytes, order: str) -> bytes:
    if 0 < len(content) <= 4:
        return struct.pack(f"{order}I", len(content) << 16 | kind) + content.ljust(4, b"\0")
    return struct.pack(f"{order}2I", kind, len(content)) + content + b"\0" * (-len(content) % 8)
