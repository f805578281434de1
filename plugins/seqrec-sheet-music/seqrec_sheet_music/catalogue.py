"""Thematic catalogues: the tunes of a music21 installation as lexicons, and what of a tune counts when it is looked for.

Nothing of the tunes comes with this package. They are read from the user's own installation each time, and keep their licences.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from seqrec.decoding import Entry
from seqrec.decoding.fragment import View
from seqrec_sheet_music import metrics
from seqrec_sheet_music.abc_reader import read_abc
from seqrec_sheet_music.alphabets import semantic
from seqrec_sheet_music.errors import MusicError, needed
from seqrec_sheet_music.tokens import pitch

SOURCES = ("essenFolksong", "oneills1850", "ryansMammoth", "airdsAirs")
"""Folders of music21's corpus that hold tunes in ABC."""

_PITCH = re.compile(r"[A-G][#b]?\d")


def catalogues(alone: bool = False) -> dict[str, Callable[[], Iterator[Entry]]]:
    """Name → function that gives a catalogue's tunes: title and signature, and all tokens.

    Args:
        alone: Whether the spellings are pitches alone.
    """
    return {name: lambda name=name: tunes(name, alone) for name in SOURCES}  # type: ignore[misc]


def tunes(name: str, alone: bool = False) -> Iterator[Entry]:
    """The tunes of one of `SOURCES`, in the order of their files.

    Raises:
        MissingExtraError: music21 is absent.
        MusicError: It has no such folder.
    """
    spec = find_spec("music21")
    if spec is None or spec.origin is None:
        spec = needed("music21").__spec__
    folder = Path(str(spec.origin)).parent / "corpus" / name
    files = sorted(folder.rglob("*.abc"))
    if not files:
        raise MusicError(f"'{folder}' holds no tunes; this music21 came without that part of its corpus, install another version")
    for file in files:
        for tune in read_abc(file.read_text(encoding="utf-8", errors="replace")):
            mark = tune.note if re.fullmatch(r"[A-Z]+\d+\w*", tune.note) else f"{file.stem} {tune.number}"
            spelt = metrics.pitches(tune.tokens) if alone else tune.tokens
            yield Entry(f"{tune.title or 'untitled'} ({mark})", [semantic.separator.join(spelt)])


def pitches(symbols: Sequence[str]) -> list[str]:
    """The pitches of the notes, whether the symbols are tokens or pitches alone.

    Example:
        >>> pitches(["clef-G2", "note-C4_half", "tie", "note-C4_half", "note-E4_half"])
        ['C4', 'C4', 'E4']
    """
    return list(chain.from_iterable([one] if _PITCH.fullmatch(one) else metrics.pitches([one]) for one in symbols))


def intervals(symbols: Sequence[str]) -> list[int]:
    """Semitones from each note to the next, which no transposition changes.

    Example:
        >>> intervals(["C4", "E4", "D4"]) == intervals(["F3", "A3", "G3"]) == [4, -2]
        True
    """
    numbers = [pitch(name).midi for name in pitches(symbols)]
    return [after - before for before, after in zip(numbers, numbers[1:], strict=False)]


def steps(symbols: Sequence[str]) -> list[int]:
    """Staff steps from each note to the next: what intervals are without key signature and accidentals.

    Example:
        >>> steps(["C4", "E4", "D4"]) == steps(["Db3", "F3", "Eb3"]) == [2, -1]
        True
    """
    numbers = [pitch(name).diatonic for name in pitches(symbols)]
    return [after - before for before, after in zip(numbers, numbers[1:], strict=False)]


VIEWS: dict[str, View] = {"pitches": pitches, "intervals": intervals, "steps": steps}
"""What of symbols counts, for `--lexicon-view`."""
