"""How long work is watched: a `Track` wraps an iterable and passes its items on, like tqdm.

For people it is a bar in a notebook, a bar in a terminal, or plain lines in a log; these two always
on standard error.
"""

import importlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

from diptych.system.html import bar, inline

T = TypeVar("T")

# Seconds between two lines about the same work in a log, and between two states of a bar.
LINE_EVERY, BAR_EVERY = 5.0, 0.1


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
    if display := _notebook_display():
        return _notebook_bar(items, doing, total, display)
    return _bar(items, doing, total) if sys.stderr.isatty() else _lines(items, doing, total)


class NotebookBar:
    """How far work has come, as a notebook shows it."""

    def __init__(self, doing: str, done: int, total: int) -> None:
        self.doing, self.done, self.total = doing, done, total

    def __repr__(self) -> str:
        return f"{self.doing}: {self.done:,} of {self.total:,}"

    def _repr_html_(self) -> str:
        share = bar(self.done / max(self.total, 1))
        return f"<div>{inline(repr(self))} {share}</div>"


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


def _notebook_display() -> Callable[..., Any] | None:
    """What shows a value in a notebook; None where this is none."""
    ipython = sys.modules.get("IPython")  # a notebook has imported it long ago
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not getattr(shell, "kernel", None):
        return None
    display: Callable[..., Any] = importlib.import_module("IPython.display").display
    return display


def _notebook_bar(
    items: Iterable[T], doing: str, total: int, display: Callable[..., Any]
) -> Iterator[T]:
    handle = display(NotebookBar(doing, 0, total), display_id=True)
    shown_at, done = time.monotonic(), 0
    for item in items:
        yield item
        done += 1
        if time.monotonic() - shown_at > BAR_EVERY:
            shown_at = time.monotonic()
            handle.update(NotebookBar(_described(doing, item), done, total))
    handle.update(NotebookBar(doing, done, done))


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
