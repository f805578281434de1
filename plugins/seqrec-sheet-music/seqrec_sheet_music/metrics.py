"""How far readings of music are from their labels, all as fractions, with ties left out."""

from collections.abc import Callable, Sequence

from seqrec import Metric
from seqrec.metrics import edit_distance, symbol_error_rate
from seqrec_sheet_music.bars import check_bars, meters_of
from seqrec_sheet_music.errors import MusicError
from seqrec_sheet_music.staff import staff_of
from seqrec_sheet_music.tokens import Element, Note, Rest, parse

Tokens = Sequence[str]


def without_ties(tokens: Tokens) -> list[str]:
    """Tokens but for ties: two tied notes and two that are not look alike but for a thin arc."""
    return [token for token in tokens if token != "tie"]


def pitches(tokens: Tokens) -> list[str]:
    """Sounding pitches of the notes that are drawn, in order; grace notes are left out.

    Example:
        >>> pitches(["clef-G2", "note-F#4_half", "rest-half", "barline"])
        ['F#4']
    """
    return [str(element.pitch) for element in _elements(tokens) if isinstance(element, Note)]


def rhythm(tokens: Tokens) -> list[str]:
    """Values of notes and rests, in order; grace notes, multirests and fermatas are left out.

    Example:
        >>> rhythm(["clef-G2", "note-F#4_half", "rest-half", "barline"])
        ['note-half', 'rest-half']
    """
    found = [element for element in _elements(tokens) if isinstance(element, Note | Rest)]
    return [f"{'note' if isinstance(element, Note) else 'rest'}-{element.value}" for element in found]


def music_error_rate(readings: Sequence[Tokens], labels: Sequence[Tokens]) -> float:
    """Symbol error rate of tokens with ties left out; can exceed 1.

    Raises:
        ValueError: Not as many readings as labels.
    """
    return _rate(readings, labels, without_ties)


def pitch_error_rate(readings: Sequence[Tokens], labels: Sequence[Tokens]) -> float:
    """Symbol error rate of the pitches alone; can exceed 1.

    Raises:
        ValueError: Not as many readings as labels.
    """
    return _rate(readings, labels, pitches)


def rhythm_error_rate(readings: Sequence[Tokens], labels: Sequence[Tokens]) -> float:
    """Symbol error rate of the values alone; can exceed 1.

    Raises:
        ValueError: Not as many readings as labels.
    """
    return _rate(readings, labels, rhythm)


def average_edit_distance(readings: Sequence[Tokens], labels: Sequence[Tokens]) -> float:
    """Mean edits a sequence; 0 for no labels.

    Source:
        Shi, Bai and Yao 2015, "An end-to-end trainable neural network for image-based sequence recognition", table 4, there for
        the pitches of fragments. The other number of that table, fragment accuracy, is `seqrec.metrics.sequence_accuracy`.

    Raises:
        ValueError: Not as many readings as labels.
    """
    return sum(edit_distance(*pair) for pair in zip(readings, labels, strict=True)) / max(len(labels), 1)


def share_of_full_bars(readings: Sequence[Tokens], meter: str = "") -> float:
    """Share of all bars of all readings that fill their meter, or are short where they may be, 0..1; 0 for no bars.

    Args:
        readings: Tokens of staves.
        meter: For staves where none is drawn, as in `3/4`; empty for the one that fits most bars of a staff.

    Raises:
        MusicError: `meter` is not one of the alphabet.
    """
    fine = []
    for tokens in readings:
        staff, _ = staff_of(tokens)
        fine += [bar.fine for bar in check_bars(staff.bars, meters_of([staff], meter)[0])]
    return sum(fine) / max(len(fine), 1)


def music_metrics(meter: str = "") -> tuple[Metric, ...]:
    """What `seqrec evaluate` reports of tokens beside its own rates.

    Args:
        meter: For staves where none is drawn, as in `3/4`; empty for the one that fits most bars of a staff.
    """

    def full_bars(read: Tokens, label: Tokens) -> tuple[float, float]:
        staff, _ = staff_of(read)
        checked = check_bars(staff.bars, meters_of([staff], meter)[0])
        return sum(bar.fine for bar in checked), len(checked)

    return (
        Metric("pitch errors", _counted(pitches), description="edits among the pitches of the notes alone"),
        Metric("rhythm errors", _counted(rhythm), description="edits among the values of notes and rests alone"),
        Metric("errors but for ties", _counted(without_ties), description="edits with ties left out"),
        Metric("bars that add up", full_bars, description="bars read that fill their meter, or are short where they may be"),
        *PITCH_METRICS,
    )


PITCH_METRICS = (
    Metric(
        "average edit distance",
        lambda read, label: (edit_distance(read, label), 1),
        percent=False,
        description="edits a sequence, as in table 4 of Shi, Bai and Yao 2015",
    ),
)
"""The paper's other number beside fragment accuracy, which is the share of sequences that are right."""


def _counted(reduce: Callable[[Tokens], list[str]]) -> Callable[[Tokens, Tokens], tuple[float, float]]:
    """Edits, and symbols of the label, of what is left of both."""

    def count(read: Tokens, label: Tokens) -> tuple[float, float]:
        wanted = reduce(label)
        return edit_distance(reduce(read), wanted), len(wanted)

    return count


def _elements(tokens: Tokens) -> list[Element]:
    """The elements of what is a token."""
    found = []
    for token in tokens:
        try:
            found.append(parse(token))
        except MusicError:
            continue  # counted where whole tokens are compared
    return found


def _rate(readings: Sequence[Tokens], labels: Sequence[Tokens], reduce: Callable[[Tokens], list[str]]) -> float:
    return symbol_error_rate([reduce(one) for one in readings], [reduce(one) for one in labels])
