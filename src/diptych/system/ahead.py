"""Work done ahead on threads: while some results are used, the next are made."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar, cast

from diptych.system.cores import cores

T = TypeVar("T")
R = TypeVar("R")


def mapped_ahead(
    function: Callable[[T], R], items: Iterable[T], size: int
) -> Generator[list[R], None, None]:
    """What a function makes of items, in their order, in lists of `size`; the last may be shorter.

    Threads make the next list meanwhile. No more than two lists of items are taken beyond those in
    use. Close it where it is left early: what has not begun is then not done.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(cores()) as pool:
        try:
            running = pool.map(function, islice(waiting, size))
            ahead = pool.map(function, islice(waiting, size))
            while chunk := list(running):
                running, ahead = ahead, pool.map(function, islice(waiting, size))
                yield chunk
        finally:
            pool.shutdown(cancel_futures=True)


def taken_ahead(items: Iterable[T], count: int) -> Generator[T, None, None]:
    """The items in their order, of which a thread takes the next `count` meanwhile."""
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as pool:
        try:
            waiting = deque(pool.submit(next, iterator, end) for _ in range(count))
            while (item := waiting.popleft().result()) is not end:
                waiting.append(pool.submit(next, iterator, end))
                yield cast(T, item)
        finally:
            pool.shutdown(cancel_futures=True)
