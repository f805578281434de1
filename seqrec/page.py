"""Pages: templates filled in, with nothing of a label taken for markup, and pictures within a budget."""

import base64
import unicodedata
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rapidfuzz.distance import Levenshtein

from seqrec.pictures import encode_png
from seqrec.rows import Row, thumbnail

MAX_PICTURES = 198
"""Pictures in one page, of three kinds."""

MAX_PICTURE_BYTES = 2_000_000
"""PNG bytes in one page; base64 adds a third. Pictures beyond it are left out, their readings are shown all the same."""

MAX_EXAMPLES = 300
"""Pictures of groups in one page, beside those."""

MAX_EXAMPLE_BYTES = 1_000_000
"""Their PNG bytes, likewise."""

_LISTED = 200  # skips named in the page; the JSON names all of them


class _Pictures:
    """Pictures as data URIs while a budget lasts.

    Args:
        most: How many pictures.
        most_bytes: Of their PNG files together.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most, self.most_bytes = most, most_bytes
        self.count = self.size = self.left_out = 0

    def __call__(self, row: Row) -> str:
        if row.picture is None:
            return ""
        encoded = encode_png(thumbnail(row.picture))
        if self.count >= self.most or self.size + len(encoded) > self.most_bytes:
            self.left_out += 1
            return ""
        self.count, self.size = self.count + 1, self.size + len(encoded)
        return "data:image/png;base64," + base64.b64encode(encoded).decode("ascii")


def visible(text: str) -> str:
    """Text in which control and direction characters, which could disguise it, stand as their numbers.

    Example:
        >>> visible("a\\u202eb")
        'a⟨U+202E⟩b'
    """
    joiners = "\u200c\u200d"  # part of the spelling in several scripts
    return "".join(
        f"⟨U+{ord(character):04X}⟩"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in joiners
        else character
        for character in text
    )


def _symbol(symbol: str) -> str:
    """A symbol as it stands in the table of confusions: one that would not be seen by its number."""
    unseen = symbol.isspace() or (len(symbol) == 1 and unicodedata.category(symbol)[0] == "M")
    return " ".join(f"U+{ord(character):04X}" for character in symbol) if unseen else visible(symbol)


def _marked(text: str, other: str) -> list[tuple[str, bool]]:
    """Pieces of a text, each with whether it differs from the other text."""
    return [
        (visible(text[edit.src_start : edit.src_end]), edit.tag != "equal")
        for edit in Levenshtein.opcodes(text, other)
        if edit.src_end > edit.src_start
    ]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": visible, "symbol": _symbol}
    environment.globals |= {"marked": _marked, "listed": _LISTED}
    return environment


def filled(template: str, **values: object) -> str:
    """A template with its values, as text."""
    budgets = {
        "picture": _Pictures(MAX_PICTURES, MAX_PICTURE_BYTES),
        "example": _Pictures(MAX_EXAMPLES, MAX_EXAMPLE_BYTES),
    }
    return _environment().get_template(template).render(**budgets, **values)
