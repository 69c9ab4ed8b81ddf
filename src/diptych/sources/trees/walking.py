"""Every file below a folder, once.

A link to a folder outside is followed. One to a folder that is looked at anyway, or that holds it,
is not: its files would be found twice, under two labels, or without end. Nor is, in a linked
folder, a link to what was followed before: folders that link to each other have no end of ways.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """Something below a folder: a file, a folder, a link that is not followed, a closed folder."""

    path: Path
    leads_to: Path | None = None
    closed: OSError | None = None
    is_folder: bool = False


def walk(top: str | Path) -> Iterator[Entry]:
    """Everything below `top`: a folder's files, sorted, then what lies deeper."""
    trees: tuple[Path, ...] = (Path(top).resolve(),)
    waiting = [(Path(top), trees)]
    followed = set[Path]()
    while waiting:
        folder, trees = waiting.pop()
        try:
            items = sorted(os.scandir(folder), key=lambda item: item.name)
        except OSError as cause:
            yield Entry(folder, closed=cause)
            continue
        deeper = []
        for item in items:
            path = folder / item.name
            if item.is_dir(follow_symlinks=False):
                yield Entry(path, is_folder=True)
                deeper.append((path, trees))
            elif not (item.is_symlink() and is_folder(path)):
                yield Entry(path)
            elif any(_overlap(real := path.resolve(), tree) for tree in trees) or (
                len(trees) > 1 and real in followed
            ):
                yield Entry(path, leads_to=real)
            else:
                followed.add(real)
                yield Entry(path, is_folder=True)
                deeper.append((path, (*trees, real)))
        waiting += reversed(deeper)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is one that some program keeps for itself."""
    return name.startswith(".") or name == "__MACOSX"


def is_folder(path: str | Path) -> bool:
    """Whether there is such a folder; what cannot even be looked up is none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
