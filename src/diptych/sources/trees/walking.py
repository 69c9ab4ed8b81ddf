"""Every file below a folder, once.

A link to a folder outside is followed. One to a folder that is looked at anyway, or that holds it,
is not: its files would be found twice, under two labels, or without end. Nor is, in a linked
folder, a link to what was followed before: folders that link to each other have no end of ways.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.data.dataset import Stray
from diptych.errors import InputError
from diptych.system.files import is_regular


class Entry(NamedTuple):
    """Something below a folder: a file, a link that is not followed, or a folder that is closed."""

    path: Path
    leads_to: Path | None = None
    closed: OSError | None = None


def walk(top: str | Path) -> Iterator[Entry]:
    """Everything below `top` but the folders: a folder's files, sorted, then what lies deeper."""
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
                deeper.append((path, trees))
            elif not (item.is_symlink() and is_folder(path)):
                yield Entry(path)
            elif any(_overlap(real := path.resolve(), tree) for tree in trees) or (
                len(trees) > 1 and real in followed
            ):
                yield Entry(path, leads_to=real)
            else:
                followed.add(real)
                deeper.append((path, (*trees, real)))
        waiting += reversed(deeper)


def regular_files(root: Path) -> tuple[list[str], list[Stray]]:
    """The names of the regular files below root, sorted, and the links that lead to none.

    Raises InputError where a folder may not be opened, unless it is hidden or a link leads to it.
    """
    names, strays = [], []
    for path, leads_to, closed in walk(root):
        name = path.relative_to(root).as_posix()
        hidden = any(map(is_hidden, path.relative_to(root).parts))
        if closed and not (hidden or path.is_symlink()):
            raise InputError(f"{path}: {closed.strerror}") from closed
        if closed:
            strays.append(Stray(name, "permission denied", "it may not be opened"))
        elif leads_to:
            detail = f"leads to {leads_to}; a folder is looked at once, where it lies"
            strays.append(Stray(name, "link", detail))
        elif is_regular(path):
            names.append(name)
        elif path.is_symlink():
            strays.append(Stray(name, "link", "leads to no file"))
    return sorted(names), strays


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
