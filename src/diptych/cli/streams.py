"""Standard streams that are there, take any name, and fail nobody."""

import io
import os
import sys
from typing import Any


def open_streams() -> None:
    """Make standard streams fit for what will be said.

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
        file = _LossyFile(sys.stderr.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(file), sys.stderr.encoding, sys.stderr.errors, line_buffering=True
        )


class _LossyFile(io.FileIO):
    """A file of which nobody minds what does not fit."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def drop_output() -> None:
    """Python flushes once more at its end, and would complain of what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
