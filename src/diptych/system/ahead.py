"""Work done ahead on threads: while some results are used, the next are made."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

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
