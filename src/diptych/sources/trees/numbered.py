"""Files whose names differ in a number: shards that a pattern names, pieces of one archive."""

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from diptych.errors import InputError
from diptych.sources.trees.joined import ListedTree

_NUMBERED = re.compile(r"(.*?)[-_. (]*\d+[)]*")


def named_by_pattern(path: Path) -> ListedTree | None:
    """The files that a pattern stands for: shard-{000..007}.tar, *.parquet.

    None where it stands for none. Raises InputError where one of a range is missing.
    """
    if not re.search(r"[*?{\[]", path.name):
        return None
    names = [name for text in _braces(path.name) for name in _matched(path.parent, text)]
    return ListedTree(path.parent, names) if names else None


def piece_of(stem: str) -> str:
    """What a piece is a piece of: photos-001 of photos."""
    match = _NUMBERED.fullmatch(stem)
    return match[1] if match and match[1] else f"{stem}/"


def _braces(text: str) -> list[str]:
    """The texts that a range in braces stands for: a-{00..02} is a-00, a-01, a-02."""
    match = re.search(r"\{(\d+)\.\.(\d+)\}", text)
    if not match:
        return [text]
    first, last = match.groups()
    if int(last) - int(first) > 1_000_000:
        raise InputError(f"{text}: it stands for too many files")
    numbers = (str(n).zfill(len(first)) for n in range(int(first), int(last) + 1))
    return [
        one for n in numbers for one in _braces(text[: match.start()] + n + text[match.end() :])
    ]


def _matched(folder: Path, name: str) -> Iterator[str]:
    """The names that a pattern matches; a name that is none stands for itself."""
    if not re.search(r"[*?\[]", name):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: no such file; the pattern names it")
        yield name
    elif folder.is_dir():
        yield from (one for one in sorted(os.listdir(folder)) if fnmatch(one, name))  # noqa: PTH208
