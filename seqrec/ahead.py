"""Work done ahead in a thread of its own, so that reading files, the network and decoding overlap."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class _End(Generic[T]):
    """Behind the last item: what made them end, if it was an error."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterable[T], at_most: int) -> Iterator[T]:
    """The items in their order, made by a thread of its own before they are asked for.

    An error in making one is raised where that item would have come. A caller that stops early stops the thread.

    Args:
        items: Are taken in that thread alone.
        at_most: How many wait to be asked for; a bound on memory.

    Example:
        >>> list(ahead(range(5), 2))
        [0, 1, 2, 3, 4]
    """
    waiting: queue.Queue[T | _End[T]] = queue.Queue(at_most)
    stop = threading.Event()

    def make() -> None:
        end: _End[T] = _End()
        source = iter(items)
        try:
            for item in source:
                waiting.put(item)
                if stop.is_set():
                    break
        except BaseException as error:
            end = _End(error)
        finally:
            if hasattr(source, "close"):
                source.close()
        waiting.put(end)

    thread = threading.Thread(target=make, name="seqrec-ahead", daemon=True)
    thread.start()
    item: T | _End[T] | None = None
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        while not isinstance(item, _End):  # a thread that waits for room goes on to its end
            item = waiting.get()
        thread.join()


def mapped(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The function of each item, in order, so many at a time.

    Args:
        function: Is called in threads where there are several.
        items: Are taken at most `threads` ahead of what was asked for.
        threads: How many.

    Example:
        >>> list(mapped(abs, [1, -2, 3], 2))
        [1, 2, 3]
    """
    if threads <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads, "seqrec-mapped") as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:  # one more than run, so that none waits for us
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
