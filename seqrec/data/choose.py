"""Choosing samples, always the same: some at random, parts that share no picture, those that fulfil conditions; sets as one."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from seqrec.alphabet import Alphabet
from seqrec.data.lexicons import OwnLexicon
from seqrec.errors import DataError, SeqrecError
from seqrec.interfaces import Store
from seqrec.pictures import picture_size


def sampled(total: int, count: int, seed: int) -> list[int]:
    """Places of some of a set's samples, ascending; fewer where there are fewer."""
    return sorted(np.random.default_rng(seed).permutation(total)[:count].tolist())


def parsed_parts(text: str) -> dict[str, float]:
    """Names and shares of `train=0.9,val=0.1`.

    Raises:
        DataError: Another form, a name twice, or shares that are not above 0 or do not add up to 1.

    Example:
        >>> parsed_parts("train=0.9,val=0.1")
        {'train': 0.9, 'val': 0.1}
    """
    parts: dict[str, float] = {}
    for piece in text.split(","):
        name, found, share = piece.strip().partition("=")
        try:
            value = float(share)
        except ValueError:
            value = -1.0
        if not found or not re.fullmatch(r"[\w.-]+", name) or name in parts or not 0 < value <= 1:
            raise DataError(f"parts '{text}': '{piece}' is no NAME=SHARE; write as in train=0.9,val=0.1, each name once")
        parts[name] = value
    if abs(sum(parts.values()) - 1) > 1e-6:
        raise DataError(f"parts '{text}': shares add up to {sum(parts.values()):g}; expected 1")
    return parts


def split_groups(groups: Sequence[Sequence[int]], parts: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    """Samples of each part, ascending; what is in one group comes to one part.

    Groups are dealt out largest first, and equal ones in an order that the seed gives, each to the part that lacks most.

    Args:
        groups: Samples that belong together; each sample in just one group.
        parts: Name → share.
        seed: Of the order.
    """
    order = np.random.default_rng(seed).permutation(len(groups)).tolist()
    order.sort(key=lambda number: -len(groups[number]))
    total = sum(map(len, groups))
    dealt: dict[str, list[int]] = {name: [] for name in parts}
    for number in order:
        name = max(parts, key=lambda name: parts[name] * total - len(dealt[name]))
        dealt[name] += groups[number]
    return {name: sorted(members) for name, members in dealt.items()}


def grouped(total: int, *kinds: Sequence[Sequence[int]]) -> list[list[int]]:
    """All samples in groups: those that any of several groupings puts together are together."""
    above = list(range(total))

    def top(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    for groups in kinds:
        for group in groups:
            for other in group[1:]:
                first, second = sorted((top(group[0]), top(other)))
                above[second] = first
    members: dict[int, list[int]] = {}
    for number in range(total):
        members.setdefault(top(number), []).append(number)
    return list(members.values())


def by_name(store: Store, expression: str) -> list[list[int]]:
    """Samples whose original names agree in what an expression finds in them: its first group, or all of it.

    Raises:
        DataError: It is no regular expression, or finds nothing in any name.
    """
    try:
        pattern = re.compile(expression)
    except (re.error, RecursionError) as error:
        raise DataError(f"'{expression}' is no regular expression: {error}") from error
    groups: dict[str, list[int]] = {}
    for index in range(len(store)):
        told = getattr(store, "origin", lambda _: None)(index)
        found = pattern.search(told if told is not None else store.key(index))
        if found:
            groups.setdefault(found[1] if pattern.groups and found[1] is not None else found[0], []).append(index)
    if not groups:
        raise DataError(f"'{expression}' finds nothing in any sample's name, as '{store.key(0)}'")
    return list(groups.values())


@dataclass(frozen=True)
class Conditions:
    """What samples must fulfil.

    Attributes:
        alphabet: Its symbols alone may stand in labels; None for any.
        lengths: Fewest and most symbols.
        widths, heights: Fewest and most pixels.
        label: Labels must match this as a whole; None for any.
        frames: Says of a picture's width and height and a label's ids whether these fit; None for not asking.
    """

    alphabet: Alphabet | None = None
    lengths: tuple[int, int] = (0, 1 << 30)
    widths: tuple[int, int] = (0, 1 << 30)
    heights: tuple[int, int] = (0, 1 << 30)
    label: re.Pattern[str] | None = None
    frames: Callable[[int, int, Sequence[int]], bool] | None = None

    def broken(self, store: Store, index: int) -> str:
        """The first condition that a sample does not fulfil, in words; "" where it fulfils all."""
        try:
            label = store.label(index)
            width, height = getattr(store, "size", lambda _: None)(index) or picture_size(store.encoded(index), store.key(index))
        except SeqrecError:
            return "unreadable"
        pieces = self.alphabet.split(label) if self.alphabet else list(label)
        if self.label and not self.label.fullmatch(label):
            return "label does not match"
        if self.alphabet and any(piece not in self.alphabet for piece in pieces):
            return "symbol outside the alphabet"
        for what, value, (least, most) in (
            ("label", len(pieces), self.lengths),
            ("width", width, self.widths),
            ("height", height, self.heights),
        ):
            if not least <= value <= most:
                return f"{what} too {'short' if what == 'label' and value < least else 'small' if value < least else 'large'}"
        if self.frames and self.alphabet and not self.frames(width, height, self.alphabet.encode(label)):
            return "target unreachable"
        return ""


class Merged:
    """Several sets, one after the other.

    Args:
        stores: Name and store of each; keys start with the name.
    """

    def __init__(self, stores: Sequence[tuple[str, Store]]) -> None:
        self.stores = list(stores)
        self._ends = list(accumulate(len(store) for _, store in stores))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def place(self, index: int) -> tuple[int, int]:
        """Which of the sets a sample is in, and its place there."""
        which = bisect_right(self._ends, index)
        return which, index - (self._ends[which - 1] if which else 0)

    def key(self, index: int) -> str:
        """The set's name and the sample's own key."""
        which, inside = self.place(index)
        name, store = self.stores[which]
        return f"{name}/{store.key(inside)}"

    def origin(self, index: int) -> str:
        """The set's name and the sample's original one."""
        which, inside = self.place(index)
        name, store = self.stores[which]
        told = getattr(store, "origin", lambda _: None)(inside)
        return f"{name}/{told if told is not None else store.key(inside)}"

    def label(self, index: int) -> str:
        """Label of a sample."""
        which, inside = self.place(index)
        return self.stores[which][1].label(inside)

    def encoded(self, index: int) -> bytes:
        """The picture file's own bytes."""
        which, inside = self.place(index)
        return self.stores[which][1].encoded(inside)

    def lexicons(self, each: Sequence[Mapping[str, OwnLexicon]]) -> dict[str, OwnLexicon]:
        """The sets' lexicons by name; a sample of a set that lacks one of them has none of that name."""

        def lexicon(name: str) -> OwnLexicon:
            def words(index: int) -> list[str] | None:
                which, inside = self.place(index)
                return each[which][name](inside) if name in each[which] else None

            return words

        return {name: lexicon(name) for name in dict.fromkeys(name for some in each for name in some)}
