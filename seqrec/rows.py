"""One labelled picture and how it was read: the rows of every evaluation and report."""

import math
import typing
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from heapq import nlargest

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from seqrec.alphabet import Alphabet
from seqrec.interfaces import Picture
from seqrec.metrics import edit_distance
from seqrec.reading import Reading
from seqrec.task import Grouping, Judged, Metric

EXAMPLES = 4
"""Wrong readings of each group that keep a picture."""

_THUMBNAIL_PX = (48, 400)  # height, width at most: what a report shows


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled picture and how it was read.

    Attributes:
        key: Names the sample.
        label: The label that the reading is compared with: reduced to the protocol's alphabet.
        text: The reading's text.
        confidence: p(reading | picture), 0..1.
        distance: Edit distance of reading and label, in symbols.
        right: Whether they are equal.
        picture: (H, W), uint8, or None; shown in reports, and may be smaller than the one that was read.
        length: Symbols in the label; by default its characters.
        width_px: Width of the picture as opened; by default that of `picture`, 0 where it is not known.
        height_px: Its height, likewise.
        word: The lexicon's word that was read, where it stands there in another form than the text.
        share: Its part of the probability of the whole lexicon, 0..1; -1 where it was not asked for.
        free: Whether the reading without the lexicon or pattern was kept.
        groups: Name of a grouping → the groups that the picture is in, of the groupings that were asked for.
    """

    key: str
    label: str
    text: str
    confidence: float
    distance: int
    right: bool
    picture: Picture | None = field(default=None, compare=False, repr=False)
    length: int = -1
    width_px: int = 0
    height_px: int = 0
    word: str = ""
    share: float = -1.0
    free: bool = False
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False, repr=False)

    def __post_init__(self) -> None:
        if self.length < 0:
            object.__setattr__(self, "length", len(self.label))
        if self.picture is not None and not self.width_px:
            object.__setattr__(self, "height_px", self.picture.shape[0])
            object.__setattr__(self, "width_px", self.picture.shape[1])

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON, without the picture; of the last four only what applies."""
        applied = ("picture", "word", "share", "free", "groups")
        values = {name: getattr(self, name) for name in self.__slots__ if name not in applied}
        values["confidence"] = round(self.confidence, 6) if math.isfinite(self.confidence) else None
        if self.word:
            values["word"] = self.word
        if self.share >= 0:
            values["share"] = round(self.share, 6)
        if self.free:
            values["free"] = True
        if self.groups:
            values["groups"] = {name: list(groups) for name, groups in self.groups.items()}
        return values


class Skip(typing.NamedTuple):
    """A sample that stands apart, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Gallery:
    """The rows worth looking at, no row twice.

    Attributes:
        sure_but_wrong: Wrong readings, most confident first.
        far_off: The other wrong ones, largest edit distance first.
        best: Right readings, most confident first, of equal ones the longer first.
    """

    sure_but_wrong: tuple[Row, ...]
    far_off: tuple[Row, ...]
    best: tuple[Row, ...]


def judge(key: str, label: str, reading: Reading, alphabet: Alphabet, picture: Picture | None = None) -> Row:
    """The row of one reading; the label's other spellings count as the symbols they stand for."""
    symbols = canonical_symbols(label, alphabet)
    distance = edit_distance(reading.symbols, symbols)
    height_px, width_px = (0, 0) if picture is None else picture.shape
    small = None if picture is None else thumbnail(picture)
    return Row(
        key,
        alphabet.text(symbols),
        reading.text,
        float(reading.confidence),
        distance,
        distance == 0,
        small,
        len(symbols),
        width_px,
        height_px,
        reading.word if reading.word != reading.text else "",
        reading.share,
        reading.free,
    )


def canonical_symbols(label: str, alphabet: Alphabet) -> list[str]:
    """A label's pieces, those of the alphabet in canonical form, the others as they are."""
    numbers = ((piece, alphabet.id_of(piece)) for piece in alphabet.split(label))
    return [piece if number is None else alphabet.symbols[number - 1] for piece, number in numbers]


def confused(label: Sequence[str], read: Sequence[str]) -> list[tuple[str, str]]:
    """(label symbol, read symbol) of each edit along one shortest alignment; `""` stands for nothing.

    Example:
        >>> confused("boot", "b0ots")
        [('o', '0'), ('', 's')]
    """
    return [
        ("" if edit.tag == "insert" else label[edit.src_pos], "" if edit.tag == "delete" else read[edit.dest_pos])
        for edit in Levenshtein.editops(label, read)
    ]


def gallery(rows: Iterable[Row], each: int = 60) -> Gallery:
    """At most `each` rows of each kind."""
    rows = list(rows)
    wrong = [row for row in rows if not row.right]
    sure = nlargest(each, wrong, key=lambda row: (row.confidence, row.distance, row.key))
    taken = {id(row) for row in sure}
    far = nlargest(each, (row for row in wrong if id(row) not in taken), key=lambda row: (row.distance, row.confidence, row.key))
    best = nlargest(each, (row for row in rows if row.right), key=lambda row: (round(row.confidence, 3), row.length, row.key))
    return Gallery(tuple(sure), tuple(far), tuple(best))


def lot(grouping: str, group: str, key: str) -> bytes:
    """By which examples of a group are drawn, least first: chance, but always the same, and another for each group."""
    return blake2b("\0".join((grouping, group, key)).encode("utf-8", "surrogatepass"), digest_size=8).digest()


class Tally:
    """The rows of the pictures read so far, and their sums; memory for pictures is bounded by what reports show.

    Args:
        alphabet: Readings and labels are compared in it.
        known: Its ids that the reader has.
        pictures: Rows of each kind in `gallery` that keep a small picture.
        metrics: Further rates to count.
        groupings: Ways to sort the pictures into groups.

    Attributes:
        rows: By key; without pictures.
        pictured: The rows with pictures, by key, of those that may still be wanted.
        outside: Those whose label holds a symbol that the reader does not have.
        confusions: (label symbol, read symbol) → count, of differences only.
        closeness: 1 − edit distance / length of the longer one, summed.
        counts: For each metric what it counted and what that is a part of, summed.
    """

    def __init__(
        self,
        alphabet: Alphabet,
        known: set[int | None],
        pictures: int,
        metrics: Sequence[Metric] = (),
        groupings: Sequence[Grouping] = (),
    ) -> None:
        self.alphabet, self.known, self.pictures, self.metrics, self.groupings = alphabet, known, pictures, metrics, groupings
        self.rows: dict[str, Row] = {}
        self.pictured: dict[str, Row] = {}
        self.outside: list[Skip] = []
        self.confusions: Counter[tuple[str, str]] = Counter()
        self.closeness = 0.0
        self.counts = [(0.0, 0.0)] * len(metrics)
        self._examples: dict[tuple[str, str], list[tuple[bytes, Row]]] = {}

    def add(self, key: str, label: str, reading: Reading, picture: Picture | None, stored: str | None = None) -> None:
        """Judge one more reading.

        Args:
            key: Names the sample.
            label: In the protocol's alphabet.
            reading: What was read.
            picture: As opened, where it is at hand.
            stored: The label before it was reduced, which groupings are shown; by default it was not.
        """
        row = judge(key, label, reading, self.alphabet, picture)
        symbols = canonical_symbols(label, self.alphabet)
        if self.groupings:
            judged = Judged(label if stored is None else stored, symbols, reading, picture)
            row = replace(row, groups={one.name: found for one in self.groupings if (found := one.groups_of(judged))})
            self._keep_example(row)
        foreign = [symbol for symbol in dict.fromkeys(symbols) if self.alphabet.id_of(symbol) not in self.known]
        if foreign:
            self.outside.append(Skip(key, f"label '{row.label}': the reader has no symbol {', '.join(map(repr, foreign))}"))
        self.confusions.update(confused(symbols, reading.symbols))
        self.closeness += 1.0 - row.distance / max(len(symbols), len(reading.symbols), 1)
        for place, metric in enumerate(self.metrics):
            amount, whole = metric.count(reading.symbols, symbols)
            self.counts[place] = self.counts[place][0] + amount, self.counts[place][1] + whole
        self.rows[key] = replace(row, picture=None)
        self.pictured[key] = row
        if len(self.pictured) >= 12 * self.pictures + 1000:
            self.prune()

    def prune(self) -> None:
        """Let go of the pictures that neither `gallery` nor a group would take."""
        # A row that is not taken now is never taken later, as rows only come in.
        taken = gallery(self.pictured.values(), self.pictures)
        examples = [row for some in self._examples.values() for _, row in some]
        self.pictured = {row.key: row for row in (*taken.sure_but_wrong, *taken.far_off, *taken.best, *examples)}

    def _keep_example(self, row: Row) -> None:
        """Hold on to a wrong row with a picture, if it is among those drawn for one of its groups."""
        if row.right or row.picture is None:
            return
        for grouping, names in row.groups.items():
            for name in names:
                some = self._examples.setdefault((grouping, name), [])
                some.append((lot(grouping, name, row.key), row))
                some.sort(key=lambda one: one[0])
                del some[EXAMPLES:]


def wilson_interval(right: int, samples: int) -> tuple[float, float]:
    """95 % confidence interval of a share, 0..1; (0, 1) for no samples.

    Source:
        Wilson 1927, "Probable inference, the law of succession, and statistical inference"; 1.96 is the normal quantile.

    Example:
        >>> [round(bound, 3) for bound in wilson_interval(8, 10)]
        [0.49, 0.943]
    """
    if not samples:
        return 0.0, 1.0
    z, share = 1.959964, right / samples
    middle = share + z * z / (2 * samples)
    half = z * math.sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples))
    scale = 1 + z * z / samples
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def thumbnail(picture: Picture) -> Picture:
    """The picture, shrunk to what a report shows."""
    height, width = picture.shape
    scale = min(1.0, _THUMBNAIL_PX[0] / height, _THUMBNAIL_PX[1] / width)
    if scale == 1.0:
        return picture
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
