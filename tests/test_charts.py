"""Charts: on a logarithmic axis equal factors are equal ways, and everything stays inside."""

from hypothesis import example, given
from hypothesis import strategies as st

from seqrec.charts import chart

INSIDE = (62, 452)


def test_equal_factors_are_equal_ways_on_a_logarithmic_axis() -> None:
    drawn = chart("Time", "ms", [("reading", [(1.0, 2.0), (10.0, 3.0), (100.0, 4.0), (1000.0, 5.0)])], log_x=True)
    assert drawn is not None
    (line,) = drawn["lines"]  # type: ignore[misc]
    xs = [x for x, _ in line["points"]]
    assert xs == [62.0, 192.0, 322.0, 452.0]
    assert [text for _, text in drawn["x_ticks"]] == ["1", "10", "100", "1000"]  # type: ignore[attr-defined]


@example([10.0])
@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=8, unique=True))
def test_points_and_ticks_of_a_logarithmic_axis_stay_inside(values: list[float]) -> None:
    drawn = chart("Time", "ms", [("reading", [(x, 1.0) for x in sorted(values)])], log_x=True)
    assert drawn is not None
    (line,) = drawn["lines"]  # type: ignore[misc]
    places = [x for x, _ in [*line["points"], *drawn["x_ticks"]]]  # type: ignore[misc]
    assert all(INSIDE[0] <= x <= INSIDE[1] for x in places)
