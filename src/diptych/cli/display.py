"""Answers for people and programs: lines that stay lines, tables, scores, JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from diptych.system.text import printable as printable

if TYPE_CHECKING:
    from diptych.metrics import Scores

# With fewer classes, the answers that were never given are told too.
FEW_CLASSES = 4
# Columns of a page without an end: a terminal wraps a long line, and nothing is ever cut.
ENDLESS = 100_000


def print_line(text: str) -> None:
    """A line of text that stays one line, whatever names of files are in it."""
    print(printable(text), flush=True)


def print_json(answer: Any) -> None:
    """An answer for programs."""
    ascii_only = (sys.stdout.encoding or "ascii").lower() not in ("utf-8", "utf8")
    print(json.dumps(answer, indent=2, ensure_ascii=ascii_only))


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows in columns as wide as they need, the first to the left, the others to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for i, title in enumerate(head):
        table.add_column(title, justify="right" if i else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # What is in brackets is text, no markup of rich's.
    Console(width=ENDLESS, markup=False, emoji=False, highlight=False).print(table)


def print_scores(scores: "Scores") -> None:
    """Scores for people."""
    pictures = f"{scores.n:,} picture{'s'[: scores.n != 1]}"
    print(f"accuracy {scores.accuracy} on {pictures}, macro F1 {scores.macro_f1}")
    tested = {label: score for label, score in scores.per_class.items() if score.n}
    print_table(
        ("", "precision", "recall"),
        [(f"  {label}", str(s.precision), str(s.recall)) for label, s in tested.items()],
    )
    print(f"  in brackets: intervals at {scores.method}")
    width = max(map(len, scores.per_class))
    for label, counts in zip(scores.per_class, scores.confusion, strict=True):
        if label in tested:
            by_answer = zip(scores.per_class, counts, strict=True)
            answers = [f"{n:,} as {c}" for c, n in by_answer if n or len(counts) < FEW_CLASSES]
            print(f"  {label:<{width}}  answered {', '.join(answers)}")


def note(text: str) -> None:
    """A line beside the answer."""
    print(text, file=sys.stderr, flush=True)


def complain(message: str, code: int) -> int:
    """The one line that says what went wrong; returns the exit code."""
    print(printable(f"diptych: {message}"), file=sys.stderr)
    return code
