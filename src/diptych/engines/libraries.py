"""What is common to libraries of backbones: they talk a lot, and fail in many ways."""

import contextlib
import logging
from collections.abc import Iterator


def said(cause: Exception) -> str:
    """The first line of what an error says, or its name."""
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Warnings of libraries about their own insides, which no user can act on."""
    levels = {name: logging.getLogger(name).level for name in loggers}
    try:
        for name in loggers:
            logging.getLogger(name).setLevel(logging.ERROR)
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
