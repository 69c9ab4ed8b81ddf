"""Files whose names differ in a number: shards that a pattern names, pieces of one archive."""

import os
import re
from collections.abc import Collection, Iterator
from fnmatch import fnmatch
from pathlib import Path

from diptych.errors import InputError
from diptych.sources.trees.joined import ListedTree

# What Google Drive calls a folder that was downloaded: cat-20240101T000000Z-001.
_DRIVE = re.compile(r"(.+?)-\d{8}T\d{6}Z(?:-\d+)*")
_COPY = re.compile(r"(.+?) ?\(\d+\)")  # of what was downloaded again
_PIECE = re.compile(r"(.+?)[-_. ](0\d+)")
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


def names_meant(stems: Collection[str]) -> dict[str, str]:
    """What each of several archives is an archive of: cat of cat-20240101T000000Z-001, cat (1).

    Pieces that are numbered from 01 or 001 on are of one name, where others lie beside them.
    """
    names = {stem: _meant(stem) for stem in stems}
    numbers: dict[str, list[int]] = {}
    for name in set(names.values()):
        base, number = _base_of(name)
        numbers.setdefault(base, []).append(number)
    counted = all(sorted(some) == list(range(1, len(some) + 1)) for some in numbers.values())
    if counted and 1 < len(numbers) < len(set(names.values())):
        return {stem: _base_of(name)[0] for stem, name in names.items()}
    return names


def _meant(stem: str) -> str:
    for form in (_COPY, _DRIVE):
        if match := form.fullmatch(stem):
            stem = match[1]
    return stem


def _base_of(name: str) -> tuple[str, int]:
    match = _PIECE.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, 1)


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
