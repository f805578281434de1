"""Benchmarks: published tables that a reader can be measured beside, as a task's protocol brings them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

FREE = "None"
"""The column that reads without a lexicon."""
FULL = "Full"
"""The column whose lexicon is all labels of the set that count."""


@dataclass(frozen=True)
class KnownSet:
    """A data set with published results.

    Attributes:
        name: As the tables have it.
        folders: How its folder may be named: patterns with `*`, `?` and `[…]` for names in small letters, without punctuation.
        size: Samples that the published results count.
        keep: Says of a label, as it is stored, whether its sample counts; None leaves it to the protocol.
    """

    name: str
    folders: Sequence[str]
    size: int
    keep: Callable[[str], bool] | None = None

    def fits(self, folder: str) -> bool:
        """Whether a folder of this name holds the set.

        Example:
            >>> KnownSet("Signs-5", ["signs5*"], 500).fits("Signs_5-test")
            True
        """
        plain = "".join(filter(str.isalnum, folder.lower()))
        return any(fnmatchcase(plain, pattern) for pattern in self.folders)


@dataclass(frozen=True)
class Published:
    """One row of published results.

    Attributes:
        name: What stands in front of the row.
        source: Where the numbers come from, and what the reader was trained on.
        percent: (set, column) → whole sequences right, percent, of as many samples as the set's `size`.
    """

    name: str
    source: str
    percent: Mapping[tuple[str, str], float]


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A table of results: a column for each data set and each way to read it.

    A set is read without a lexicon (`FREE`), with its pictures' own lexicons where it has them (a column each), with all its
    labels (`FULL`), and with the lexicons named here.

    Attributes:
        sets: The data sets it knows; of others all samples count.
        lexicons: Column → name of the task's lexicon.
        published: Rows of others.
    """

    sets: Sequence[KnownSet] = ()
    lexicons: Mapping[str, str] = field(default_factory=dict)
    published: Sequence[Published] = ()

    def known(self, folder: str) -> KnownSet | None:
        """The set that a folder of this name holds."""
        return next((one for one in self.sets if one.fits(folder)), None)

    def ordered(self, columns: Sequence[str]) -> list[str]:
        """Columns as they stand in the table: the pictures' own lexicons by size, `FULL`, the task's, `FREE`."""
        last = [FULL, *self.lexicons, FREE]
        own = sorted({name for name in columns if name not in last}, key=lambda name: (words_in(name), name))
        return [*own, *(name for name in last if name in columns)]


def size_name(words: float) -> str:
    """Name of a lexicon by about how many words it has, as tables have it: one digit and noughts.

    Example:
        >>> [size_name(50), size_name(1000), size_name(48), size_name(7)]
        ['50', '1k', '50', '7']
    """
    about = f"{words:.0e}"
    digit, power = int(about[0]), int(about[2:])
    for letter, noughts in (("M", 6), ("k", 3)):
        if power >= noughts:
            return f"{digit * 10 ** (power - noughts)}{letter}"
    return str(digit * 10**power)


def words_in(name: str) -> float:
    """About how many words a lexicon with a name by size has; of another name as many as can be.

    Example:
        >>> [words_in("50"), words_in("1k"), words_in("streets")]
        [50.0, 1000.0, inf]
    """
    scale = {"k": 1e3, "M": 1e6}.get(name[-1:], 1.0)
    digits = name if scale == 1.0 else name[:-1]
    return float(digits) * scale if digits.isdecimal() else float("inf")
