"""Audit: which samples of a store can be used, and what is wrong with the others, each named by its key."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from seqrec.alphabet import Alphabet, size_told
from seqrec.alphabet import frames_needed as ctc_frames_needed
from seqrec.errors import SeqrecError
from seqrec.interfaces import Store
from seqrec.pictures import open_picture, picture_size

Pictures = Literal["skip", "header", "decode"]

UNREADABLE = "unreadable"
EMPTY_LABEL = "empty label"
UNKNOWN_SYMBOL = "symbol outside the alphabet"
UNREACHABLE = "target unreachable"


@dataclass(frozen=True)
class Problem:
    """Why one sample cannot be used.

    Attributes:
        kind: `unreadable`, `empty label`, `symbol outside the alphabet` or `target unreachable`.
        index: Place in the store.
        key: Name of the sample.
        details: The symbols outside the alphabet, or one sentence.
    """

    kind: str
    index: int
    key: str
    details: tuple[str, ...]

    def __str__(self) -> str:
        """The problem as a line of a list."""
        found = ", ".join(map(repr, self.details)) if self.kind == UNKNOWN_SYMBOL else "; ".join(self.details)
        return f"sample '{self.key}': {self.kind}{': ' * bool(found)}{found}"


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        total: Samples in the store.
        usable: Places of the samples without a problem, ascending, int64.
        problems: The first problem of each other sample, in order.
    """

    total: int
    usable: npt.NDArray[np.int64]
    problems: tuple[Problem, ...]

    def summary(self, named: int = 3) -> list[str]:
        """One line for each kind of problem: how many samples, what was found, the first few keys.

        Args:
            named: How many symbols and samples are named in a line.

        Returns:
            As in `12 of 891 samples skipped: symbol outside the alphabet: 'é' (sample 'a.png'), …`; [] if all is well.
        """
        lines = []
        for kind in dict.fromkeys(problem.kind for problem in self.problems):
            those = [problem for problem in self.problems if problem.kind == kind]
            if kind == UNKNOWN_SYMBOL:
                first: dict[str, str] = {}
                counts: Counter[str] = Counter()
                for problem in those:
                    counts.update(problem.details)
                    for symbol in problem.details:
                        first.setdefault(symbol, problem.key)
                items = [f"{symbol!r} (sample '{first[symbol]}')" for symbol, _ in counts.most_common(named)]
                more = len(counts) > named
            else:
                items = [f"sample '{one.key}'" + "".join(f" ({told})" for told in one.details) for one in those[:named]]
                more = len(those) > named
            found = ", ".join([*items, *["…"] * more])
            lines.append(f"{len(those):,} of {self.total:,} samples skipped: {kind}: {found}")
        return lines


def audit(
    store: Store,
    alphabet: Alphabet,
    frames_for: Callable[[int, int], int] | None = None,
    pictures: Pictures = "header",
    frames_needed: Callable[[Sequence[int]], int] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Audit:
    """Look at every sample of a store.

    Labels are always looked at. A sample is named once, by its first problem: label, then picture, then frames.

    Args:
        store: What to look at.
        alphabet: The alphabet that labels must be spelt in.
        frames_for: Frames that a network gives for a picture of width and height in pixels; None leaves frames alone.
        pictures: `header` reads each picture's bytes and parses their header, `decode` decodes it, `skip` leaves
            pictures alone; then frames are checked only where the store knows sizes (`wh-%09d`).
        frames_needed: Fewest frames in which a target of ids can be spelt; CTC's by default.
        progress: Called with the number of samples done, after each.
    """
    needed = frames_needed or ctc_frames_needed
    usable: list[int] = []
    problems: list[Problem] = []
    for index in range(len(store)):
        problem = _problem(store, index, alphabet, frames_for, pictures, needed)
        if problem is None:
            usable.append(index)
        else:
            problems.append(problem)
        if progress is not None:
            progress(index + 1)
    return Audit(len(store), np.array(usable, np.int64), tuple(problems))


def _problem(
    store: Store,
    index: int,
    alphabet: Alphabet,
    frames_for: Callable[[int, int], int] | None,
    pictures: Pictures,
    frames_needed: Callable[[Sequence[int]], int],
) -> Problem | None:
    key = store.key(index)
    try:
        label = store.label(index)
        unknown = alphabet.unknown(label)
        if unknown:
            return Problem(UNKNOWN_SYMBOL, index, key, tuple(unknown))
        target = alphabet.encode(label)
        if not target:
            return Problem(EMPTY_LABEL, index, key, ())
        size = _size(store, index, key, pictures)
    except SeqrecError as error:
        return Problem(UNREADABLE, index, key, (str(error),))
    if frames_for is None or size is None:
        return None
    frames, needs = frames_for(*size), frames_needed(target)
    if frames >= needs:
        return None
    told = f"{size_told(target, needs)} need {needs} frames, the picture gives {frames}"
    return Problem(UNREACHABLE, index, key, (told,))


def _size(store: Store, index: int, key: str, pictures: Pictures) -> tuple[int, int] | None:
    if pictures == "decode":
        height, width = open_picture(store.encoded(index), name=key).shape
        return width, height
    if pictures == "header":
        return picture_size(store.encoded(index), name=key)
    known: tuple[int, int] | None = getattr(store, "size", lambda _: None)(index)
    return known
