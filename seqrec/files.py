"""Files written whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> Path:
    """The file written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".part")
    half.write_text(text, encoding="utf-8", errors="backslashreplace")
    os.replace(half, path)
    return path
