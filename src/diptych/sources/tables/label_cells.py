"""Labels as programs write them into cells: ["cat"], ('cat',), {"choice": "cat"}, 'cat'."""

import ast
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from diptych.sources.tables.cells import says_nothing

# What does not parse as either, such as [unknown], is a word like any other.
_WRITTEN = re.compile(r"""\s*(\[.*\]|\{.*\}|\(.*\)|'.*'|".*")\s*""", re.DOTALL)
# NumPy writes no commas: ['cat' 'dog'].
_WITHOUT_COMMA = re.compile(r"""(['"])\s+(?=['"])""")


class SeveralMeaningsError(ValueError):
    """An object has several values, any of which may be the label."""


def is_written(cell: str) -> bool:
    """Whether a cell has a list, an object or a quoted word in it, of JSON or of Python."""
    return _parsed(cell) is not None


@lru_cache(2**12)
def labels_in(cell: str) -> tuple[str, ...]:
    """The labels in a cell: itself, or all that a list or an object has, each once.

    Raises SeveralMeaningsError for an object with several values.
    """
    value = _parsed(cell)
    return (cell,) if value is None else tuple(dict.fromkeys(_labels(value)))


def _parsed(cell: str) -> Any:
    """What is written in a cell; None for a word like any other."""
    if not _WRITTEN.fullmatch(cell):
        return None
    written = _WITHOUT_COMMA.sub(r"\1, ", cell)
    for parse in (json.loads, ast.literal_eval):
        try:
            value = parse(written)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return value if isinstance(value, list | dict | tuple | set | str) else None
    return None


def _labels(value: object) -> Iterator[str]:
    """The words and numbers in a value, however deep."""
    match value:
        case list() | tuple() | set():
            for one in sorted(value) if isinstance(value, set) else value:
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
