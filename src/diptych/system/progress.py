"""How long work is watched: a `Track` wraps an iterable and passes its items on, like tqdm.

For people it is a bar in a terminal and plain lines in a log, always on standard error.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")

# Seconds between two lines about the same work in a log.
LINE_EVERY = 5.0


class Track(Protocol):
    """Shows how far an iterable has come."""

    def __call__(self, items: Iterable[T], doing: str, total: int) -> Iterable[T]:
        """Pass the items on; `total` is how many there are, `doing` names the work."""


def unwatched(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
    """The Track of a library: silence."""
    return items


def shown(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
    """A Track: passes the items on and shows how far they have come.

    Items that can describe themselves in a line (training epochs) are described.
    """
    return _bar(items, doing, total) if sys.stderr.isatty() else _lines(items, doing, total)


def _bar(items: Iterable[T], doing: str, total: int) -> Iterator[T]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(doing, total=total)
        for item in items:
            yield item
            progress.update(task, advance=1, description=_described(doing, item))
        progress.update(task, total=progress.tasks[0].completed, description=doing)


def _lines(items: Iterable[T], doing: str, total: int) -> Iterator[T]:
    written = time.monotonic()
    done = 0
    item = None
    for item in items:
        yield item
        done += 1
        if time.monotonic() - written > LINE_EVERY:
            written = time.monotonic()
            print(f"{_described(doing, item)}: {done:,} of {total:,}", file=sys.stderr, flush=True)
    if done:
        print(f"{_described(doing, item)}: {done:,} done", file=sys.stderr, flush=True)


def _described(doing: str, item: object) -> str:
    describe = getattr(item, "describe", None)
    return f"{doing}, {describe()}" if describe else doing
