"""What is printed, and where it goes."""

import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diptych.metrics import Scores

# With fewer classes, the answers that were never given are told too.
FEW_CLASSES = 4


def print_json(answer: Any) -> None:
    """An answer for programs."""
    ascii_only = (sys.stdout.encoding or "ascii").lower() not in ("utf-8", "utf8")
    print(json.dumps(answer, indent=2, ensure_ascii=ascii_only))


def print_scores(scores: "Scores") -> None:
    """Scores for people."""
    pictures = f"{scores.n:,} picture{'s'[: scores.n != 1]}"
    print(f"accuracy {scores.accuracy} on {pictures}, macro F1 {scores.macro_f1}")
    width = max(map(len, scores.per_class))
    there = {label: found for label, found in scores.per_class.items() if found.n}
    for label, found in there.items():
        print(f"  {label:<{width}}  precision {found.precision}  recall {found.recall}")
    print(f"  in brackets: intervals at {scores.method}")
    for label, counts in zip(scores.per_class, scores.confusion, strict=True):
        if label not in there:
            continue
        named = zip(scores.per_class, counts, strict=True)
        said = ", ".join(f"{n:,} as {c}" for c, n in named if n or len(counts) < FEW_CLASSES)
        print(f"  {label:<{width}}  answered {said}")


def note(text: str) -> None:
    """A line beside the answer."""
    print(text, file=sys.stderr, flush=True)


def complain(message: str, code: int) -> int:
    """The one line that says what went wrong; returns the exit code."""
    from diptych.cli.display import printable

    print(printable(f"diptych: {message}"), file=sys.stderr)
    return code


def open_streams() -> None:
    """Standard streams that are there and take any name.

    One that was closed is empty instead: what is opened next would get its number otherwise. Names
    of files may be bytes that are no text: read as they are, written as escapes. Progress that
    cannot be shown stops no work.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    ours = os.name == "posix" and sys.stderr is sys.__stderr__
    if ours and isinstance(sys.stderr, io.TextIOWrapper):
        shown = _Lossy(sys.stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(shown), sys.stderr.encoding, sys.stderr.errors, line_buffering=True
        )


class _Lossy(io.FileIO):
    """A file of which nobody minds what does not fit."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def drop_output() -> None:
    """Python flushes once more at its end, and would complain of what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
