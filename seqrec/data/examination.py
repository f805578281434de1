"""An examination: everything that an audit says of a data set, or of two beside each other. Every picture is decoded once."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seqrec.alphabet import Alphabet
from seqrec.data.audit import UNKNOWN_SYMBOL, Audit, Problem, audit
from seqrec.data.duplicates import Duplicates, Outline, find_duplicates, outline
from seqrec.errors import SeqrecError
from seqrec.interfaces import Picture, Store
from seqrec.pictures import open_picture, picture_kind

Range = tuple[float, float, float, float, float]
"""Least, 5th percentile, median, 95th percentile, greatest."""


@dataclass(frozen=True)
class Stranger:
    """A piece of labels that the alphabet does not have.

    Attributes:
        symbol: The piece.
        codes: Its code points and their names, as `U+00C9 LATIN CAPITAL LETTER E WITH ACUTE`.
        count: How often it occurs.
        keys: The first samples that have it.
    """

    symbol: str
    codes: str
    count: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Loss:
    """How improbable a model finds a label.

    Attributes:
        index: The sample's place.
        nats: -log p(label | picture) a symbol of the label.
        reading: What the model reads instead.
    """

    index: int
    nats: float
    reading: str


@dataclass(frozen=True)
class Examination:
    """What was found.

    Attributes:
        store: The data set.
        found: Which samples can be used, and what is wrong with the others.
        widths, heights, lengths, shapes: Of pictures in pixels, of labels in symbols, of width over height.
        symbols: How often each symbol of the alphabet occurs, most frequent first.
        unused: Symbols of the alphabet that never occur.
        strangers: Pieces that the alphabet does not have, most frequent first.
        kinds: Kinds of picture files, as `PNG RGB`, with how many there are.
        odd_labels: Place of labels not in NFC, with white space at an end, or with what cannot be seen, and why.
        duplicates: Pictures that occur more than once.
        contradictions: Groups of the same bytes with different labels.
        losses: Of labels under a model, the worst first; () without a model.
        leaks: Pairs of places, here and in the other set, of pictures that are one; () without another set.
    """

    store: Store
    found: Audit
    widths: Range
    heights: Range
    lengths: Range
    shapes: Range
    symbols: Mapping[str, int]
    unused: tuple[str, ...]
    strangers: tuple[Stranger, ...]
    kinds: Mapping[str, int]
    odd_labels: tuple[tuple[int, str], ...]
    duplicates: Duplicates
    contradictions: tuple[tuple[int, ...], ...]
    losses: tuple[Loss, ...] = ()
    leaks: tuple[tuple[int, int], ...] = ()
    outlines: tuple[Outline | None, ...] = field(default=(), repr=False)

    @property
    def copies(self) -> tuple[int, int]:
        """Samples beyond the first of each group: of the same bytes, and of near duplicates."""
        return tuple(sum(len(group) - 1 for group in groups) for groups in (self.duplicates.exact, self.duplicates.near))  # type: ignore[return-value]

    def reasons(self, tolerated: float = 0.0) -> list[str]:
        """Why training on this would not be safe; [] where it is.

        Args:
            tolerated: Share of samples that may be unusable.
        """
        told = []
        lost = len(self.found.problems)
        if lost > tolerated * self.found.total:
            told.append(f"{lost:,} of {self.found.total:,} samples cannot be used")
        if self.contradictions:
            told.append(f"{len(self.contradictions):,} pictures stand there several times with different labels")
        if self.leaks:
            told.append(f"{len({here for here, _ in self.leaks}):,} pictures are in the other set too")
        return told


def examine(
    store: Store,
    alphabet: Alphabet,
    frames_for: Callable[[int, int], int] | None = None,
    frames_needed: Callable[[Sequence[int]], int] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Examination:
    """Look at every sample of a store.

    Args:
        store: What to look at.
        alphabet: The alphabet that labels must be spelt in.
        frames_for: Frames that a network gives for a picture of width and height in pixels; None leaves frames alone.
        frames_needed: Fewest frames in which a target of ids can be spelt; CTC's by default.
        progress: Called with the number of samples done, after each.
    """
    seen = _Seen(store)
    found = audit(seen, alphabet, frames_for, "header", frames_needed, progress)
    labels = [label_of(store, index) for index in range(len(store))]
    pieces = [alphabet.split(label) for label in labels]
    counts = Counter(alphabet.symbols[number - 1] for row in pieces for piece in row if (number := alphabet.id_of(piece)))
    duplicates = find_duplicates(seen.outlines, seen.picture, labels)
    sizes = [size for size in seen.sizes if size]
    return Examination(
        store,
        found,
        _range([width for width, _ in sizes]),
        _range([height for _, height in sizes]),
        _range([len(row) for row in pieces]),
        _range([width / height for width, height in sizes]),
        dict(counts.most_common()),
        tuple(symbol for symbol in alphabet.symbols if symbol not in counts),
        _strangers(found.problems, pieces, alphabet),
        dict(Counter(kind for kind in seen.kinds if kind).most_common()),
        tuple((index, why) for index, label in enumerate(labels) if (why := oddity(label))),
        duplicates,
        tuple(group for group in duplicates.exact if len({labels[index] for index in group}) > 1),
        outlines=tuple(seen.outlines),
    )


def find_leaks(one: Examination, other: Examination) -> tuple[tuple[int, int], ...]:
    """Pairs of places, in the one set and in the other, of pictures that are one."""
    stores, border = (one.store, other.store), len(one.outlines)

    def picture(number: int) -> Picture:
        store, index = (stores[0], number) if number < border else (stores[1], number - border)
        return open_picture(store.encoded(index), store.key(index))

    labels = [label_of(store, index) for store in stores for index in range(len(store))]
    groups = find_duplicates([*one.outlines, *other.outlines], picture, labels).near
    return tuple(
        (here, there - border) for group in groups for here in group if here < border for there in group if there >= border
    )


def oddity(label: str) -> str:
    """What is odd about a label that may be right all the same; "" for nothing.

    Example:
        >>> oddity("a\u00a0 ")
        'ends with white space'
    """
    if unicodedata.normalize("NFC", label) != label:
        return "not in Unicode's normal form NFC"
    if label[:1].isspace():
        return "starts with white space"
    if label[-1:].isspace():
        return "ends with white space"
    unseen = next((one for one in label if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn")), None)
    return f"holds {code_point(unseen)}, which cannot be seen" if unseen else ""


def code_point(character: str) -> str:
    """Number and name, as `U+00C9 LATIN CAPITAL LETTER E WITH ACUTE`."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()


class _Seen:
    """A store that decodes each picture when its label is asked for, and remembers what an examination needs of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outlines: list[Outline | None] = [None] * len(store)
        self.sizes: list[tuple[int, int] | None] = [None] * len(store)
        self.kinds = [""] * len(store)
        self._last: tuple[int, bytes | SeqrecError] = (-1, b"")

    def __len__(self) -> int:
        return len(self.store)

    def key(self, index: int) -> str:
        return self.store.key(index)

    def label(self, index: int) -> str:
        self._look(index)  # also where the label is at fault, at which an audit stops
        return self.store.label(index)

    def encoded(self, index: int) -> bytes:
        last, held = self._last
        if last != index:
            return self.store.encoded(index)
        if isinstance(held, SeqrecError):  # also where only the pixels are at fault, and not the header
            raise held
        return held

    def picture(self, index: int) -> Picture:
        return open_picture(self.store.encoded(index), self.store.key(index))

    def _look(self, index: int) -> None:
        try:
            encoded = self.store.encoded(index)
            image = open_picture(encoded, self.store.key(index))
        except SeqrecError as error:
            self._last = index, error
            return
        self._last = index, encoded
        self.sizes[index] = image.shape[1], image.shape[0]
        self.outlines[index] = outline(encoded, image)
        self.kinds[index] = picture_kind(encoded)


def label_of(store: Store, index: int) -> str:
    """The label; "" where it cannot be read."""
    try:
        return store.label(index)
    except SeqrecError:
        return ""


def _strangers(problems: Sequence[Problem], pieces: Sequence[Sequence[str]], alphabet: Alphabet) -> tuple[Stranger, ...]:
    counts: Counter[str] = Counter()
    keys: dict[str, list[str]] = {}
    for problem in problems:
        if problem.kind == UNKNOWN_SYMBOL:
            for piece in pieces[problem.index]:
                if piece not in alphabet:
                    counts[piece] += 1
                    named = keys.setdefault(piece, [])
                    if problem.key not in named:
                        named.append(problem.key)
    return tuple(
        Stranger(symbol, ", ".join(map(code_point, symbol[:4])), count, tuple(keys[symbol][:3]))
        for symbol, count in counts.most_common()
    )


def _range(values: Sequence[float]) -> Range:
    if not values:
        return (0.0,) * 5
    least, low, middle, high, greatest = np.percentile(np.array(values, np.float64), [0, 5, 50, 95, 100]).tolist()
    return least, low, middle, high, greatest
