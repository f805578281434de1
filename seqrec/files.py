"""Files written whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> Path:
    """The file written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".part")
    half.unlink(missing_ok=True)
    with half.open("x", encoding="utf-8", errors="backslashreplace") as file:  # never through a link that somebody left there
        file.write(text)
    os.replace(half, path)
    return path
