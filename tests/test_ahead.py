"""Work done ahead: order, errors where they belong, bounds, and threads that end."""

import threading
import time
from collections.abc import Iterator

import pytest

from seqrec.ahead import ahead, mapped


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("seqrec-")}


@pytest.mark.parametrize("count", [0, 1, 2, 100])
@pytest.mark.parametrize("at_most", [1, 3])
def test_items_come_in_their_order(count: int, at_most: int) -> None:
    assert list(ahead(range(count), at_most)) == list(range(count))
    assert list(mapped(str, range(count), at_most)) == [*map(str, range(count))]
    assert not threads()


def test_items_are_made_in_a_thread_before_they_are_asked_for_and_not_too_many() -> None:
    made: list[str] = []

    def items() -> Iterator[int]:
        for item in range(50):
            made.append(threading.current_thread().name)
            yield item

    found = ahead(items(), 3)
    assert not made
    assert next(found) == 0
    deadline = time.monotonic() + 10
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert made == ["seqrec-ahead"] * 5  # the one given, three that wait, one that waits for room
    assert list(found) == list(range(1, 50))


def test_error_is_raised_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("no fourth")

    found = ahead(items(), 10)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no fourth"):
        next(found)
    assert not threads()
    with pytest.raises(ZeroDivisionError):
        list(mapped(lambda number: 1 // number, [1, 0, 1], 2))
    assert not threads()


def test_a_caller_that_stops_early_stops_the_thread_and_closes_the_items() -> None:
    closed: list[str] = []

    def items() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.append(threading.current_thread().name)

    found = ahead(ahead(items(), 2), 2)
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert closed == ["seqrec-ahead"]
    assert not threads()


def test_so_many_run_at_a_time_and_no_more() -> None:
    running, most, both = 0, 0, threading.Barrier(3, timeout=10)
    lock = threading.Lock()

    def work(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()  # ends only when three are here
        with lock:
            running -= 1
        return item

    assert list(mapped(work, range(12), 3)) == list(range(12))
    assert most == 3
