"""Where a reader fails: judged pictures sorted into groups, those that need no domain. A task adds its own by `Task.groups`."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from seqrec.appearance import Appearance
from seqrec.rows import EXAMPLES, Row, lot, wilson_interval
from seqrec.task import Grouping, Judged


@dataclass(frozen=True)
class Group:
    """Rows that have something in common.

    Attributes:
        name: What they have in common.
        samples: How many there are.
        right: How many of them are read right.
        examples: Some of those read wrong.
    """

    name: str
    samples: int
    right: int
    examples: tuple[Row, ...] = ()

    @property
    def accuracy(self) -> float:
        """Share read right, 0..1."""
        return self.right / max(self.samples, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the share, 0..1."""
        return wilson_interval(self.right, self.samples)


@dataclass(frozen=True)
class Grouped:
    """What one grouping makes of a data set.

    Attributes:
        grouping: Which.
        of: Rows that could be in a group: all, or the wrong ones.
        groups: In the grouping's order; those without members are left out.
    """

    grouping: Grouping
    of: int
    groups: tuple[Group, ...]

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; examples by their keys."""
        return {
            "name": self.grouping.name,
            "description": self.grouping.description,
            "of": "wrong readings" if self.grouping.errors else "all readings",
            "samples": self.of,
            "groups": [
                {
                    "name": one.name,
                    "samples": one.samples,
                    "right": one.right,
                    "accuracy": one.accuracy,
                    "interval": list(one.interval),
                    "examples": [row.key for row in one.examples],
                }
                for one in self.groups
            ],
        }


def grouped(rows: Sequence[Row], groupings: Iterable[Grouping], examples: int = EXAMPLES) -> tuple[Grouped, ...]:
    """Rows sorted by each grouping; groupings that say nothing of any row are left out.

    Args:
        rows: With their `groups`.
        groupings: Those that `groups` were made with.
        examples: Wrong readings to show of each group, of those that have a picture.
    """
    found = []
    for grouping in groupings:
        members: dict[str, list[Row]] = {}
        for row in rows:
            for name in row.groups.get(grouping.name, ()):
                members.setdefault(name, []).append(row)
        if members:
            known = {name: place for place, name in enumerate(grouping.order)}
            names = sorted(members, key=lambda name: (known.get(name, len(known)), name))
            groups = tuple(_group(grouping, name, members[name], examples) for name in names)
            of = sum(not row.right for row in rows) if grouping.errors else len(rows)
            found.append(Grouped(grouping, of, groups))
    return tuple(found)


def _group(grouping: Grouping, name: str, rows: Sequence[Row], examples: int) -> Group:
    pictured = [row for row in rows if not row.right and row.picture is not None]
    shown = sorted(pictured, key=lambda row: lot(grouping.name, name, row.key))
    return Group(name, len(rows), sum(row.right for row in rows), tuple(shown[:examples]))


def spans(starts: Sequence[float], form: str = "{}", whole: bool = False) -> tuple[tuple[str, ...], Callable[[float], str]]:
    """Names of groups of numbers, and what names a number's group; the last one has no end.

    Args:
        starts: Where groups begin, rising; what lies below the first belongs to it.
        form: Of a bound.
        whole: Whether numbers are whole, so that a group ends at the number before the next one's start.

    Example:
        >>> names, name_of = spans((0, 1, 3), whole=True)
        >>> names, name_of(2)
        (('0', '1–2', '3 and more'), '1–2')
    """

    def name(place: int) -> str:
        low = form.format(starts[place])
        if place + 1 == len(starts):
            return f"{low} and more"
        high = form.format(starts[place + 1] - (1 if whole else 0))
        return low if low == high else f"{low}–{high}"

    names = tuple(name(place) for place in range(len(starts)))
    return names, lambda value: names[max(bisect_right(starts, value) - 1, 0)]


def _by_number(
    name: str,
    value: Callable[[Judged], float | None],
    starts: Sequence[float],
    form: str = "{}",
    whole: bool = False,
    description: str = "",
) -> Grouping:
    """A grouping by a number; pictures of which it is not known have no group."""
    names, name_of = spans(starts, form, whole)

    def of(judged: Judged) -> str:
        found = value(judged)
        return "" if found is None else name_of(found)

    return Grouping(name, of, names, description=description)


def _shape(judged: Judged) -> float | None:
    return None if judged.picture is None else judged.picture.shape[1] / judged.picture.shape[0]


def _height(judged: Judged) -> float | None:
    return None if judged.picture is None else judged.picture.shape[0]


def _room(judged: Judged) -> float | None:
    shape = _shape(judged)
    return None if shape is None or not judged.wanted else shape / len(judged.wanted)


def _seen(measure: Callable[[Appearance], float | None]) -> Callable[[Judged], float | None]:
    """A number of the picture's appearance."""
    return lambda judged: None if judged.appearance is None else measure(judged.appearance)


def _size(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _ground(judged: Judged) -> str:
    if judged.appearance is None:
        return ""
    dark = judged.appearance.dark_ground
    return _GROUNDS[0] if dark < 0.4 else _GROUNDS[1] if dark > 0.6 else _GROUNDS[2]


def _turned(judged: Judged) -> str:
    return _POSITIONS[judged.reading.turned // 90 % 4]


def _edits(judged: Judged) -> str:
    """The kinds of edits that lead from the label to a wrong reading."""
    if judged.right:
        return ""
    if not judged.reading.symbols:
        return _EDITS[0]
    kinds = Counter(edit.tag for edit in Levenshtein.editops(list(judged.wanted), list(judged.reading.symbols)))
    if len(kinds) > 1:
        return _EDITS[-1]
    ((kind, count),) = kinds.items()
    return _EDITS[1 + 2 * ("replace", "delete", "insert").index(kind) + (count > 1)]


def _places(judged: Judged) -> Sequence[str]:
    """Where edits are; those of an insertion are the symbols between which it stands."""
    if judged.right or not judged.wanted:
        return ()
    last = len(judged.wanted) - 1
    found = set()
    for edit in Levenshtein.editops(list(judged.wanted), list(judged.reading.symbols)):
        if edit.tag == "insert":
            found.add(_PLACES[0] if edit.src_pos == 0 else _PLACES[2] if edit.src_pos > last else _PLACES[1])
        else:
            found.add(_PLACES[3] if edit.src_pos == 0 else _PLACES[5] if edit.src_pos == last else _PLACES[4])
    return sorted(found, key=_PLACES.index)


_GROUNDS = ("dark on light", "light on dark", "cannot be told")
_POSITIONS = ("as it is", "turned by 90°", "turned by 180°", "turned by 270°")
_EDITS = (
    "nothing read",
    "one symbol taken for another",
    "several taken for others",
    "one symbol missing",
    "several missing",
    "one symbol too many",
    "several too many",
    "of several kinds",
)
_PLACES = (
    "something before the first symbol",
    "something between symbols",
    "something after the last symbol",
    "the first symbol",
    "a symbol inside",
    "the last symbol",
)

GENERAL = (
    _by_number("symbols in the label", lambda one: len(one.wanted), (0, *range(1, 14), 17, 25, 33, 49, 65), whole=True),
    _by_number("confidence", lambda one: one.reading.confidence, (0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99), "{:g}"),
    _by_number("height of the picture, pixels", _height, (1, 12, 16, 24, 32, 48, 64, 96, 128, 192), whole=True),
    _by_number("width ÷ height of the picture", _shape, (0, 1, 2, 3, 4, 6, 8, 12, 20)),
    _by_number(
        "width of a symbol ÷ height of the picture",
        _room,
        (0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.2),
        description="the picture's width shared by the symbols of its label",
    ),
    _by_number(
        "sharpness: width of edges, pixels",
        _seen(lambda picture: picture.edge_px),
        (0, 2.2, 2.6, 3, 3.5, 4),
        description="at a height of 32 pixels, where a step from one pixel to the next is 2",
    ),
    _by_number("contrast, grey levels", _seen(lambda picture: picture.contrast), (0, 25, 50, 75, 100, 150, 200)),
    Grouping("ground", _ground, _GROUNDS, description="told from the picture's edge"),
    _by_number(
        "slope of the line, degrees",
        _seen(lambda picture: _size(picture.slope_deg)),
        (0, 1, 4, 7, 10, 15),
        whole=True,
        description="up or down, estimated; of pictures that are wide enough",
    ),
    _by_number(
        "bend of the line ÷ height of the picture",
        _seen(lambda picture: _size(picture.sag)),
        (0, 0.05, 0.15, 0.3),
        description="how far its middle lies off the line between its ends, estimated; of pictures that are wide enough",
    ),
    Grouping("position", _turned, _POSITIONS, description="in which the picture was read"),
    Grouping("kind of error", _edits, _EDITS, errors=True),
    Grouping("place of the error", _places, _PLACES, errors=True, description="a reading may be in several groups"),
)
"""Groupings that need no domain."""
