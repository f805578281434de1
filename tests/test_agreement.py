"""Several views of one picture become one reading; where they differ it is less sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqrec.agreement import Seen, agreed, surest
from seqrec.reading import Reading


def read(text: str, confidence: float, prior: float = 1.0, **more: object) -> Seen:
    return Reading(tuple(text), text, confidence, **more), prior  # type: ignore[arg-type]


def test_one_view_is_left_as_it_is() -> None:
    (reading, _) = one = read("abc", 0.4)
    assert agreed([one]) is surest([one]) is reading


def test_views_that_agree_take_the_surest_ones_word_for_it() -> None:
    first, second = read("abc", 0.4), read("abc", 0.7, spans=((0.0, 1.0),) * 3)
    assert agreed([first, second]) is second[0]


def test_what_other_views_read_is_doubt() -> None:
    found = agreed([read("abc", 0.3), read("abd", 0.5), read("abc", 0.4), read("abd", 0.1)])
    assert found.text == "abd"
    assert found.confidence == pytest.approx(0.5 * 0.6 / 1.3)


def test_an_unlikely_view_counts_less() -> None:
    found = agreed([read("abc", 0.3), read("pqr", 0.8, prior=0.25)])
    assert found.text == "abc"
    assert found.confidence == pytest.approx(0.3 * 0.3 / 0.5)
    assert surest([read("abc", 0.3), read("pqr", 0.8, prior=0.25)]).text == "abc"


def test_nothing_never_wins_over_symbols() -> None:
    seen = [read("", 0.9), read("a", 0.1)]
    assert agreed(seen).text == surest(seen).text == "a"
    assert agreed(seen).confidence == pytest.approx(0.1 * 0.1)
    assert agreed([read("", 0.0), read("", 0.0)]).confidence == 0


def test_alternatives_keep_their_distance() -> None:
    other = Reading(("b",), "b", 0.2)
    found = agreed([read("a", 0.6, alternatives=(other,)), read("c", 0.2)])
    assert [one.confidence for one in (found, *found.alternatives)] == pytest.approx([0.45, 0.15])


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.floats(0, 1), st.floats(0.01, 1)), min_size=1))
def test_confidence_stays_a_probability_and_the_reading_is_one_of_those_seen(found: list[tuple[str, float, float]]) -> None:
    seen = [read(*one) for one in found]
    reading = agreed(seen)
    same = [one.confidence for one, _ in seen if one.symbols == reading.symbols]
    assert 0 <= reading.confidence <= max(same)
    best, *others = sorted(((bool(one.symbols), one.confidence * prior) for one, prior in seen), reverse=True)
    if best not in others:  # then the order in which they were seen says nothing
        assert agreed(seen[::-1]).symbols == reading.symbols
        assert agreed(seen[::-1]).confidence == pytest.approx(reading.confidence)
