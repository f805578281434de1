"""The typefaces that come with this plugin, as `fonts/fonts.json` lists them."""

import json
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from seqrec.errors import DataError
from seqrec.rendering import Font

FOLDER = Path(__file__).parent / "fonts"

SHARES = {"sans": 0.46, "serif": 0.23, "display": 0.16, "script": 0.09, "mono": 0.06}
"""How often a kind of face is drawn; our estimate of what hangs in streets."""


@dataclass(frozen=True)
class Face:
    """A font with what the list says of it.

    Attributes:
        font: The font.
        family_id: Short name of its family.
        category: `sans`, `serif`, `display`, `script` or `mono`.
        license: SPDX name.
        held_out: Whether its family is kept for validation.
    """

    font: Font
    family_id: str
    category: str
    license: str
    held_out: bool


@cache
def faces(folder: Path = FOLDER) -> tuple[Face, ...]:
    """All faces, in the order of the list.

    Raises:
        DataError: The list is missing or broken.
    """
    path = folder / "fonts.json"
    try:
        return tuple(
            Face(
                Font(
                    folder / entry["file"],
                    family=entry["family"],
                    missing=entry["missing"],
                    caps_only=entry["caps_only"],
                    weight=entry["weight"],
                    category=entry["category"],
                ),
                entry["family_id"],
                entry["category"],
                entry["license"],
                entry["held_out"],
            )
            for entry in json.loads(path.read_text(encoding="utf-8"))
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: no list of fonts ({error!r}); install the plugin again") from error


@cache
def families(held_out: bool, count: int = 0) -> tuple[tuple[str, tuple[tuple[Font, ...], ...]], ...]:
    """Categories with their families, each the fonts of its faces.

    Args:
        held_out: The families kept for validation, or those of training.
        count: How many families, 0 for all; always the same ones, of all categories.
    """
    chosen = [face for face in faces() if face.held_out == held_out]
    names = sorted({face.family_id for face in chosen}, key=lambda name: (zlib.crc32(name.encode()), name))
    kept = set(names[:count] if count else names)
    groups: dict[str, dict[str, list[Font]]] = {category: {} for category in SHARES}
    for face in chosen:
        if face.family_id in kept:
            groups[face.category].setdefault(face.family_id, []).append(face.font)
    return tuple(
        (category, tuple(tuple(fonts) for fonts in by_family.values())) for category, by_family in groups.items() if by_family
    )
