"""Metrics: edit distance by dynamic programming, rates by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.metrics import edit_distance, one_minus_ned, sequence_accuracy, symbol_error_rate

words = st.text("abc", max_size=8)


def by_table(one: str, other: str) -> int:
    """Wagner and Fischer's table, row by row."""
    table = [[row + column if 0 in (row, column) else 0 for column in range(len(other) + 1)] for row in range(len(one) + 1)]
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            table[row][column] = min(
                table[row - 1][column] + 1,
                table[row][column - 1] + 1,
                table[row - 1][column - 1] + (one[row - 1] != other[column - 1]),
            )
    return table[-1][-1]


@given(words, words)
def test_edit_distance_is_that_of_the_table(one: str, other: str) -> None:
    assert edit_distance(one, other) == by_table(one, other)
    assert edit_distance(list(one), list(other)) == edit_distance(one, other)
    assert edit_distance([*map(ord, one)], [*map(ord, other)]) == edit_distance(one, other)


def test_symbols_of_several_characters_count_as_one() -> None:
    assert edit_distance(["note-C4", "rest"], ["note-D4", "rest"]) == 1


def test_rates_by_hand() -> None:
    readings, labels = ["abc", "ab", "", "xyz"], ["abc", "abd", "a", "x"]  # distances 0, 1, 1, 2
    assert symbol_error_rate(readings, labels) == 4 / 8
    assert sequence_accuracy(readings, labels) == 1 / 4
    assert one_minus_ned(readings, labels) == pytest.approx((1 + 2 / 3 + 0 + 1 / 3) / 4)


def test_error_rate_can_exceed_1() -> None:
    assert symbol_error_rate(["abcdef"], ["xy"]) == 3.0


def test_nothing_to_measure_gives_0_not_an_error() -> None:
    assert symbol_error_rate([], []) == sequence_accuracy([], []) == one_minus_ned([], []) == 0
    assert symbol_error_rate(["a"], [""]) == 1
    assert one_minus_ned([""], [""]) == sequence_accuracy([""], [""]) == 1


def test_tuples_and_lists_of_the_same_symbols_are_equal() -> None:
    assert sequence_accuracy([("a", "b")], [["a", "b"]]) == 1


@pytest.mark.parametrize("rate", [symbol_error_rate, sequence_accuracy, one_minus_ned])
def test_a_reading_too_few_is_refused(rate: object) -> None:
    assert callable(rate)
    with pytest.raises(ValueError, match="1 readings for 2 labels; give one reading a label"):
        rate(["a"], ["a", "b"])
