"""Which way a line runs, and what that means for a network, which reads everything from left to right.

Labels and readings are in logical order, first symbol first. A line that runs leftwards is mirrored before it is read, one that
runs downwards is turned so that its top is on the left: then the frames come in the order of the symbols, and lexicons, patterns
and language models need not know. Numbers and words of left-to-right scripts inside a line that runs leftwards still run
rightwards; along the line their symbols come the other way round, which `along_line` says.

Source:
    Unicode Standard Annex 9, "Unicode Bidirectional Algorithm", as far as one line needs it: no explicit embeddings, and a number
    after a left-to-right word and a space is a run of its own.
"""

import unicodedata
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from seqrec.errors import SeqrecError, nearest

Direction = Literal["rightwards", "leftwards", "downwards"]

_LETTERS, _DIGITS = ("L",), ("EN", "AN")
_INSIDE_NUMBERS = ("CS", "ES", "ET")  # 12:30, 1,000, 3-4
_STRONG = ("R", "AL")


def direction_of(name: str) -> Direction:
    """The direction of that name.

    Raises:
        SeqrecError: There is none.
    """
    for known in get_args(Direction):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise SeqrecError(f"no direction '{name}'{nearest(name, list(get_args(Direction)))}")


def facing(image: npt.NDArray[np.uint8], direction: Direction) -> npt.NDArray[np.uint8]:
    """The picture with its line from left to right: one that runs downwards turned anti-clockwise."""
    if direction == "leftwards":
        return np.ascontiguousarray(image[:, ::-1])
    return np.ascontiguousarray(np.rot90(image)) if direction == "downwards" else image


def along_line(symbols: Sequence[str], direction: Direction) -> list[int]:
    """Places of symbols in the order in which they stand along their line; done twice it is the order that there was.

    Example:
        >>> along_line("אב 12:30 ג", "leftwards")
        [0, 1, 2, 7, 6, 5, 4, 3, 8, 9]
        >>> along_line("ab", "rightwards")
        [0, 1]
    """
    order = list(range(len(symbols)))
    if direction != "leftwards":
        return order
    for start, stop in _runs([unicodedata.bidirectional(symbol[0]) if symbol else "" for symbol in symbols]):
        order[start:stop] = reversed(order[start:stop])
    return order


def _runs(kinds: Sequence[str]) -> list[tuple[int, int]]:
    """What runs rightwards: words with whatever stands between them, and numbers with the one sign that they may hold inside.

    Words are letters and digits side by side with a letter among them, numbers digits alone; read from behind they are the same.
    """
    runs: list[tuple[int, int]] = []
    was_word = False
    for start, stop in _pieces(kinds):
        is_word = any(kind in _LETTERS for kind in kinds[start:stop])
        between = kinds[runs[-1][1] : start] if runs else []
        inside = len(between) == 1 and between[0] in _INSIDE_NUMBERS if not is_word else not set(between) & set(_STRONG)
        if runs and is_word == was_word and inside:
            runs[-1] = runs[-1][0], stop
        else:
            runs.append((start, stop))
        was_word = is_word
    return runs


def _pieces(kinds: Sequence[str]) -> list[tuple[int, int]]:
    """Letters and digits of left-to-right scripts side by side."""
    found: list[tuple[int, int]] = []
    for place, kind in enumerate(kinds):
        if kind in (*_LETTERS, *_DIGITS):
            if found and found[-1][1] == place:
                found[-1] = found[-1][0], place + 1
            else:
                found.append((place, place + 1))
    return found
