"""The files that a person names to have them predicted: paths, folders, patterns, a list."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO


def named(arguments: Iterable[str], listed: TextIO) -> Iterator[Path]:
    """The files that arguments stand for, in order; hidden ones only where they are named.

    A folder stands for every file below it, a pattern (`*.jpg`, `**/*.jpg`) for what it matches,
    "-" for the names in `listed`: one a line, or parted by NUL as `find -print0` writes them.
    What stands for no file is passed on as it is, for whoever opens it to say so.
    """
    for argument in arguments:
        if argument == "-":
            yield from map(Path, _names(listed))
        elif os.path.lexists(argument):
            yield from _below(argument)
        else:
            # Unlike pathlib's, this glob leaves hidden files alone and takes any pattern.
            matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207
            for match in matches or [argument]:
                # A pattern for all depths matches folders and what is in them.
                if "**" not in argument or not _is_folder(match):
                    yield from _below(match)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is one that some program keeps for itself."""
    return name.startswith(".") or name == "__MACOSX"


def _names(listed: TextIO) -> list[str]:
    text = listed.read()
    if "\0" in text:
        return [name for name in text.split("\0") if name]
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line]


def walked(top: str | Path, refused: Callable[[OSError], None]) -> Iterator[tuple[str, list[str]]]:
    """Every folder from `top` down, with the names of its files, sorted; links are followed.

    A folder that several links lead to is walked once. `refused` is told of one that may not be
    opened.
    """
    seen = set()
    for folder, folders, files in os.walk(top, onerror=refused, followlinks=True):
        facts = Path(folder).stat()
        if (facts.st_dev, facts.st_ino) in seen:
            folders.clear()
            continue
        seen.add((facts.st_dev, facts.st_ino))
        folders.sort()
        yield folder, sorted(files)


def _below(path: str) -> Iterator[Path]:
    """Every file below a folder; the path itself where it is none, or there is nothing below."""
    unopened: list[str] = []
    empty = True
    if _is_folder(path):
        for folder, files in walked(path, lambda cause: unopened.append(cause.filename)):
            if not any(map(is_hidden, Path(folder).relative_to(path).parts)):
                for name in files:
                    if not is_hidden(name):
                        empty = False
                        yield Path(folder, name)
    yield from map(Path, unopened)
    if empty and not unopened:
        yield Path(path)


def _is_folder(path: str) -> bool:
    """Whether there is such a folder; what cannot even be looked up is none."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False
