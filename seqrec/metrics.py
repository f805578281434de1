"""How far readings are from labels: edit distance and the three rates of the field, all as fractions."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

Symbols = Sequence[str] | Sequence[int]


def edit_distance(one: Symbols, other: Symbols) -> int:
    """Fewest insertions, deletions and substitutions that turn one sequence into the other.

    Source:
        Levenshtein 1966; rapidfuzz's implementation.

    Example:
        >>> edit_distance("kitten", "sitting")
        3
    """
    return int(Levenshtein.distance(one, other))


def symbol_error_rate(readings: Sequence[Symbols], labels: Sequence[Symbols]) -> float:
    """Edit distances summed, over the labels' lengths summed; can exceed 1. 0 for no labels at all."""
    _same_length(readings, labels)
    errors = sum(edit_distance(reading, label) for reading, label in zip(readings, labels, strict=True))
    symbols = sum(len(label) for label in labels)
    return errors / max(symbols, 1)


def sequence_accuracy(readings: Sequence[Symbols], labels: Sequence[Symbols]) -> float:
    """Share of readings that equal their label, 0..1; 0 for no labels."""
    _same_length(readings, labels)
    right = sum(list(reading) == list(label) for reading, label in zip(readings, labels, strict=True))
    return right / max(len(labels), 1)


def one_minus_ned(readings: Sequence[Symbols], labels: Sequence[Symbols]) -> float:
    """Mean of 1 − edit distance / length of the longer one, 0..1.

    Source:
        ICDAR 2019 ReCTS, "1 − N.E.D."; a pair of empty sequences counts as 1.
    """
    _same_length(readings, labels)
    total = sum(
        1.0 - edit_distance(reading, label) / max(len(reading), len(label), 1)
        for reading, label in zip(readings, labels, strict=True)
    )
    return total / max(len(labels), 1)


def _same_length(readings: Sequence[Symbols], labels: Sequence[Symbols]) -> None:
    if len(readings) != len(labels):
        raise ValueError(f"{len(readings)} readings for {len(labels)} labels; give one reading a label")
