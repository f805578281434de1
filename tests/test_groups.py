"""Groups: counted by hand, in order, with examples that do not depend on the order in which pictures come."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.alphabet import Alphabet
from seqrec.groups import GENERAL, Group, grouped, spans
from seqrec.reading import Reading
from seqrec.rows import EXAMPLES, Row, Tally
from seqrec.task import Grouping, Judged

LOWER = Alphabet("lower", "abcdefghijklmnopqrstuvwxyz", canonical={"A": "a", "B": "b"})
BY_NAME = {one.name: one for one in GENERAL}


def judged(label: str, read: str, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None = None, **more: int) -> Judged:
    return Judged(label, list(label), Reading(tuple(read), read, 0.5, **more), picture)


def groups_of(name: str, one: Judged) -> tuple[str, ...]:
    return BY_NAME[name].groups_of(one)


def tallied(labels: Sequence[str], answers: Sequence[str], groupings: Sequence[Grouping], pictures: int = 0) -> Tally:
    """Every answer judged; pictures are told from each other by their grey."""
    tally = Tally(LOWER, {LOWER.id_of(symbol) for symbol in LOWER.symbols}, pictures, (), groupings)
    for place, (label, answer) in enumerate(zip(labels, answers, strict=True)):
        picture = np.full((32, 64), place, np.uint8)
        tally.add(f"key {label} {place}", LOWER.reduce(label), Reading(tuple(answer), answer, 0.5), picture, label)
    tally.prune()
    return tally


def test_groups_add_up_and_are_in_order() -> None:
    size = Grouping("size", lambda one: "long" if len(one.wanted) > 2 else "short", ("short", "long"))
    rows = list(tallied(["a", "abc", "ab", "abcd"], ["a", "abc", "x", "ab"], [size]).rows.values())
    (found,) = grouped(rows, [size])
    assert found.groups == (Group("short", 2, 1), Group("long", 2, 1))
    assert found.of == 4
    assert found.groups[0].accuracy == 0.5


def test_groupings_see_the_label_as_it_is_stored() -> None:
    capital = Grouping("capital", lambda one: str(one.label[0].isupper()))
    rows = list(tallied(["Ab", "ab"], ["ab", "ab"], [capital]).rows.values())
    assert [row.groups for row in rows] == [{"capital": ("True",)}, {"capital": ("False",)}]
    assert all(row.right for row in rows)


def test_groups_of_errors_are_parts_of_what_is_wrong() -> None:
    (kind,) = grouped(list(tallied(["ab", "ab", "ab"], ["ab", "a", "abc"], GENERAL).rows.values()), [BY_NAME["kind of error"]])
    assert kind.of == 2
    assert [(one.name, one.samples) for one in kind.groups] == [("one symbol missing", 1), ("one symbol too many", 1)]


def test_examples_are_wrong_ones_and_the_same_in_any_order_of_the_pictures() -> None:
    every = Grouping("every", lambda one: "all")
    numbers = list(range(300))
    chosen = []
    for _ in range(2):
        tally = Tally(LOWER, set(), 1, (), [every])
        for number in numbers:
            answer = "b" if number % 3 else "a"
            tally.add(str(number), "a", Reading((answer,), answer, 0.5), np.full((4, 4), number % 256, np.uint8))
            if number % 50 == 0:
                tally.prune()
        tally.prune()
        rows = [tally.pictured.get(key, row) for key, row in sorted(tally.rows.items())]
        ((group,),) = (found.groups for found in grouped(rows, [every]))
        assert len(group.examples) == EXAMPLES
        assert not any(row.right for row in group.examples)
        chosen.append([row.key for row in group.examples])
        assert len(tally.pictured) <= 3 + EXAMPLES
        random.Random(1).shuffle(numbers)
    assert chosen[0] == chosen[1]


def test_a_picture_may_be_in_several_groups_or_none_and_in_no_group_twice() -> None:
    letters = Grouping("letters", lambda one: [*one.label, ""])
    assert letters.groups_of(judged("aba", "")) == ("a", "b")
    assert letters.groups_of(judged("", "")) == ()


@pytest.mark.parametrize(
    ("label", "read", "kind", "places"),
    [
        ("abc", "", "nothing read", ("the first symbol", "a symbol inside", "the last symbol")),
        ("abc", "xbc", "one symbol taken for another", ("the first symbol",)),
        ("abc", "xbx", "several taken for others", ("the first symbol", "the last symbol")),
        ("abc", "ab", "one symbol missing", ("the last symbol",)),
        ("abc", "abbc", "one symbol too many", ("something between symbols",)),
        ("abc", "xxabc", "several too many", ("something before the first symbol",)),
        ("abc", "abcx", "one symbol too many", ("something after the last symbol",)),
        ("abc", "xb", "of several kinds", ("the first symbol", "the last symbol")),
    ],
)
def test_errors_are_sorted_by_kind_and_place(label: str, read: str, kind: str, places: tuple[str, ...]) -> None:
    assert groups_of("kind of error", judged(label, read)) == (kind,)
    assert groups_of("place of the error", judged(label, read)) == places


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_every_wrong_reading_has_one_kind_of_error_and_a_right_one_none(label: str, read: str) -> None:
    assert len(groups_of("kind of error", judged(label, read))) == (label != read)
    assert bool(groups_of("place of the error", judged(label, read))) == (label != read and label != "")


def test_general_groupings_say_nothing_of_a_picture_that_is_not_at_hand() -> None:
    found = {one.name for one in GENERAL if one.groups_of(judged("ab", "ax"))}
    assert found == {"symbols in the label", "confidence", "position", "kind of error", "place of the error"}


def test_general_groupings_know_the_size_and_position_of_a_picture() -> None:
    picture = np.full((20, 50), 200, np.uint8)
    one = judged("ab", "ab", picture, turned=90)
    assert groups_of("height of the picture, pixels", one) == ("16–23",)
    assert groups_of("width ÷ height of the picture", one) == ("2–3",)
    assert groups_of("width of a symbol ÷ height of the picture", one) == ("1.2 and more",)
    assert groups_of("position", one) == ("turned by 90°",)
    assert groups_of("ground", one) == ("cannot be told",)
    for tiny in (np.zeros((1, 1), np.uint8), np.zeros((1, 40), np.uint8), np.arange(3, dtype=np.uint8)[:, None] * 100):
        for grouping in GENERAL:
            grouping.groups_of(judged("ab", "ab", tiny))


@given(st.floats(-10, 1000))
def test_every_number_has_a_group_that_holds_it(value: float) -> None:
    names, name_of = spans((0, 1, 2.5, 10))
    name = name_of(value)
    assert name in names
    low, _, high = name.replace(" and more", "–inf").partition("–")
    assert float(low) <= max(value, 0) < float(high)


def test_an_evaluation_without_groupings_has_no_groups() -> None:
    row = next(iter(tallied(["a"], ["a"], []).rows.values()))
    assert row.groups == {}
    assert grouped([row], GENERAL) == ()
    assert "groups" not in row.as_dict()
    assert replace(row, groups={"x": ("y",)}).as_dict()["groups"] == {"x": ["y"]}
    assert hash(Row("a", "b", "c", 0.5, 1, False, groups={"x": ("y",)}))
