"""Progress for people: a bar in a terminal, plain lines in a log; always on standard error."""

import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

# Seconds between two lines about the same work in a log.
LINE_EVERY = 5.0


def shown(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
    """A Track: passes the items on and shows how far they have come.

    Items that can describe themselves in a line (training epochs) are described.
    """
    return _bar(items, doing, total) if sys.stderr.isatty() else _lines(items, doing, total)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows in columns, the first to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if i == 0 else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def printable(text: str) -> str:
    """A line of text that stays one line, whatever names of files are in it."""
    odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cs")}
    return text.translate({ord(c): c.encode("unicode_escape").decode() for c in odd})


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
    said = time.monotonic()
    done = 0
    item = None
    for item in items:
        yield item
        done += 1
        if time.monotonic() - said > LINE_EVERY:
            said = time.monotonic()
            print(f"{_described(doing, item)}: {done:,} of {total:,}", file=sys.stderr, flush=True)
    if done:
        print(f"{_described(doing, item)}: {done:,} done", file=sys.stderr, flush=True)


def _described(doing: str, item: object) -> str:
    describe = getattr(item, "describe", None)
    return f"{doing}, {describe()}" if describe else doing
