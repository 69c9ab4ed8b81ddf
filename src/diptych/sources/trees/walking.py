"""Every file below a folder, once.

A link to a folder outside is followed. One to a folder that is looked at anyway, or that holds it,
is not: its files would be found twice, under two labels, or without end. Nor is, in a linked
folder, a link to what was followed before: folders that link to each other have no end of ways.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from diptych.sources.endings import but_pictures
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
        "node_modules",
        "readme_files",  # what a page is made of that R or a browser saved
        "_gsdata_",
    )
)
PROGRAM_ENDINGS = (
    *(".lrdata", ".lrcat", ".cocatalogdb", "@synoeastream", "@synoresource"),
    *(".photoslibrary", ".aplibrary", ".photolibrary", ".migratedphotolibrary"),
)


class Entry(NamedTuple):
    """A folder with its files, or something else below one: a link, a pipe, a closed folder."""

    name: str  # its path below the top, in posix form; "" for the top itself
    files: Sequence[str] = ()  # the names of regular files in it, sorted
    is_folder: bool = False
    is_link: bool = False
    leads_to: Path | None = None  # of a link to a folder that is not followed
    closed: OSError | None = None


def walk(top: str | Path) -> Iterator[Entry]:
    """Everything below `top`: a folder with its files, what else is in it, what lies deeper."""
    trees: tuple[Path, ...] = (Path(top).resolve(),)
    waiting: list[tuple[str, str, tuple[Path, ...], bool]] = [(os.fspath(top), "", trees, False)]
    followed = set[Path]()
    while waiting:
        folder, name, trees, is_link = waiting.pop()
        try:
            files, others = _listed(folder)
        except OSError as cause:
            yield Entry(name, is_link=is_link, closed=cause)
            continue
        yield Entry(name, files, True, is_link)
        deeper = []
        for item in others:
            below = f"{name}/{item.name}" if name else item.name
            if item.is_dir(follow_symlinks=False):
                deeper.append((item.path, below, trees, False))
            elif not (item.is_symlink() and is_folder(item.path)):
                yield Entry(below, is_link=item.is_symlink())
            elif any(_overlap(real := Path(item.path).resolve(), tree) for tree in trees) or (
                len(trees) > 1 and real in followed
            ):
                yield Entry(below, is_link=True, leads_to=real)
            else:
                followed.add(real)
                deeper.append((item.path, below, (*trees, real), True))
        waiting += reversed(deeper)


def _listed(folder: str) -> tuple[list[str], list[os.DirEntry[str]]]:
    """The names of the regular files in a folder, and what else is in it; raises OSError."""
    files, others = [], []
    with os.scandir(folder) as items:
        for item in items:
            # What is no link tells its kind without a look at it.
            if item.is_file(follow_symlinks=False) or (
                not item.is_dir(follow_symlinks=False) and is_regular(Path(item.path))
            ):
                files.append(item.name)
            else:
                others.append(item)
    files.sort()
    return files, sorted(others, key=lambda item: item.name)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is one that some program keeps for itself."""
    if name.startswith("."):
        return True
    lower = name.lower()
    return lower in PROGRAM_NAMES or lower.endswith(PROGRAM_ENDINGS)


def hidden_among(files: Sequence[str]) -> list[str]:
    """Those of the files in a folder that some program keeps for itself."""
    # Nothing that is called as a picture is on the list of names.
    if "\n." not in "\n".join(("", *files)):
        files = but_pictures(files)
    return list(filter(is_hidden, files))


def any_hidden(names: Sequence[str]) -> bool:
    """Whether some of many names or paths may be hidden: False is sure, and soon told."""
    text = "\n".join(names).lower()
    return (
        text.startswith(".")
        or "\n." in text
        or "/." in text
        or any(part in text for part in (*PROGRAM_NAMES, *PROGRAM_ENDINGS))
    )


def is_folder(path: str | Path) -> bool:
    """Whether there is such a folder; what cannot even be looked up is none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
