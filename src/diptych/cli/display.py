"""Answers for people: tables, and lines that stay lines."""

import unicodedata
from collections.abc import Iterable, Sequence


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
