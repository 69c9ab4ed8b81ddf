"""Every file below a folder, once.

A link to a folder outside is followed. One to a folder that is looked at anyway, or that holds it,
is not: its files would be found twice, under two labels, or without end. Nor is, in a linked
folder, a link to what was followed before: folders that link to each other have no end of ways.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.system.files import is_regular

# What systems, disk stations, programs for photographs and tools keep beside people's files; in
# small letters. Names that begin with a dot are theirs in any case.
PROGRAM_NAMES = frozenset(
    (
        "__macosx",
        "icon\r",
        "network trash folder",
        "temporary items",
        "$recycle.bin",
        "recycler",
        "recycled",
        "system volume information",
        "found.000",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "lost+found",
        "@eadir",  # Synology
        "#recycle",
        "#snapshot",
        "@tmp",
        "@sharebin",
        "@recycle",  # QNAP
        "@recently-snapshot",
        "@__thumb",
        "picasa.ini",
        "zbthumbnail.info",
        "ipod photo cache",
        "__pycache__",
        "_gsdata_",
    )
)
PROGRAM_ENDINGS = (".lrdata", ".lrcat", ".cocatalogdb", "@synoeastream", "@synoresource")


class Entry(NamedTuple):
    """Something below a folder: a file, a folder, a link that is not followed, a closed folder."""

    name: str  # its path below the top, in posix form; "" for the top itself
    is_file: bool = False  # a regular file, or a link to one
    is_folder: bool = False
    is_link: bool = False
    leads_to: Path | None = None
    closed: OSError | None = None


def walk(top: str | Path) -> Iterator[Entry]:
    """Everything below `top`: a folder's files, sorted, then what lies deeper."""
    trees: tuple[Path, ...] = (Path(top).resolve(),)
    waiting: list[tuple[str, str, tuple[Path, ...], bool]] = [(os.fspath(top), "", trees, False)]
    followed = set[Path]()
    while waiting:
        folder, above, trees, is_link = waiting.pop()
        try:
            with os.scandir(folder) as scanned:
                items = sorted(scanned, key=lambda item: item.name)
        except OSError as cause:
            yield Entry(above.rstrip("/"), is_link=is_link, closed=cause)
            continue
        deeper = []
        for item in items:
            name = above + item.name
            # The kind of what is no link is known without a look at it.
            if item.is_file(follow_symlinks=False):
                yield Entry(name, True)
            elif item.is_dir(follow_symlinks=False):
                yield Entry(name, is_folder=True)
                deeper.append((item.path, f"{name}/", trees, False))
            elif not (item.is_symlink() and is_folder(item.path)):
                yield Entry(name, is_regular(Path(item.path)), is_link=item.is_symlink())
            elif any(_overlap(real := Path(item.path).resolve(), tree) for tree in trees) or (
                len(trees) > 1 and real in followed
            ):
                yield Entry(name, is_link=True, leads_to=real)
            else:
                followed.add(real)
                yield Entry(name, is_folder=True, is_link=True)
                deeper.append((item.path, f"{name}/", (*trees, real), True))
        waiting += reversed(deeper)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is one that some program keeps for itself."""
    if name.startswith("."):
        return True
    lower = name.lower()
    return lower in PROGRAM_NAMES or lower.endswith(PROGRAM_ENDINGS)


def is_folder(path: str | Path) -> bool:
    """Whether there is such a folder; what cannot even be looked up is none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
