"""The state of a run as it was saved: tensors, numbers and texts, and nothing that a stranger's file could do besides."""

import pickletools
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

_CLASSES = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_tensor(_v2)?|torch \w+Storage|torch\.storage UntypedStorage"
)


def load_saved(path: Path, *, older: bool = False) -> dict[str, Any]:
    """What `torch.save` wrote of a dictionary; it takes no more memory than the file has bytes.

    `torch.load(weights_only=True)` runs no code, but makes arrays of bytes of any length, unpacks what is packed, and lets few
    numbers stand for a tensor of any size. All of that is refused here.

    Args:
        path: The file.
        older: Take files of torch before 1.6 as well, which are no archives; how much memory these ask for is not bounded.

    Raises:
        ValueError, OSError, zipfile.BadZipFile, and what torch raises: It is no such file.
    """
    if not older or zipfile.is_zipfile(path):
        _check_archive(path)
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"it holds {type(state).__name__}")
    _check_tensors(state)
    return state


def _check_archive(path: Path) -> None:
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > size or any(member.compress_type for member in members):
            raise ValueError("it is packed")
        for member in members:
            if member.filename.endswith("data.pkl"):
                _check_classes(archive.read(member))


def _check_classes(pickled: bytes) -> None:
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name in ("GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4") and not _CLASSES.fullmatch(str(argument)):
            raise ValueError(f"it holds {str(argument)[:60]!r}")


def _check_tensors(value: object) -> None:
    """Nothing, where every tensor in it has its numbers in the file."""
    if isinstance(value, torch.Tensor):
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f"it holds a tensor of shape {tuple(value.shape)} of fewer numbers")
    elif isinstance(value, dict):
        for one in value.values():
            _check_tensors(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _check_tensors(one)
