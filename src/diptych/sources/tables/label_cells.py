"""The labels in a cell that programs write as a list or an object: ["cat"], {"choice": "cat"}."""

import ast
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from diptych.sources.tables.cells import says_nothing

# What does not parse as either, such as [unknown], is a word like any other.
_WRITTEN = re.compile(r"\s*(\[.*\]|\{.*\})\s*", re.DOTALL)


class SeveralMeaningsError(ValueError):
    """An object has several values, any of which may be the label."""


def is_written(cell: str) -> bool:
    """Whether a cell has a list or an object in it, of JSON or of Python."""
    return _parsed(cell) is not None


@lru_cache(2**12)
def labels_in(cell: str) -> tuple[str, ...]:
    """The labels in a cell: itself, or all that a list or an object has, each once.

    Raises SeveralMeaningsError for an object with several values.
    """
    value = _parsed(cell)
    return (cell,) if value is None else tuple(dict.fromkeys(_labels(value)))


def _parsed(cell: str) -> list[Any] | dict[Any, Any] | None:
    if not _WRITTEN.fullmatch(cell):
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            value = parse(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return value if isinstance(value, list | dict) else None
    return None


def _labels(value: object) -> Iterator[str]:
    """The words and numbers in a value, however deep."""
    match value:
        case list():
            for one in value:
                yield from _labels(one)
        case dict():
            told = [found for one in value.values() if (found := list(_labels(one)))]
            if len(told) > 1:
                raise SeveralMeaningsError
            yield from (label for found in told for label in found)
        case None:
            return
        case _ if not says_nothing(text := str(value).strip()):
            yield text
