"""The files that a person names to have them predicted: paths, folders, patterns."""

import glob
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from diptych.errors import InputError
from diptych.sources.trees.walking import is_folder, is_hidden, walk


def expand_path(name: str) -> Iterator[Path]:
    """The files that a name stands for, in order; hidden ones only where they are named.

    A folder stands for every file below it, a pattern (`*.jpg`, `**/*.jpg`) for what it matches.
    What stands for no file is passed on as it is, for whoever opens it to say so. Raises InputError
    for an empty name.
    """
    if not name:
        raise InputError("a name is empty; name files, folders or patterns")
    if os.path.lexists(name):
        yield from _below(name)
    else:
        yield from list(_matched(name)) or [Path(name)]


def _below(path: str) -> Iterator[Path]:
    """Every file below a folder; the path itself where it is none, or there is nothing below."""
    empty = True
    if is_folder(path):
        for name in _files(path):
            if not any(map(is_hidden, name.split("/"))):
                empty = False
                yield Path(path, name)
    if empty:
        yield Path(path)


def _matched(pattern: str) -> Iterator[Path]:
    """Every file that a pattern matches, or that lies below a folder which it matches."""
    parts = Path(pattern).parts
    deep = parts.index("**") if "**" in parts else len(parts)
    # Unlike pathlib's, this glob leaves hidden files alone and takes any pattern.
    for start in sorted(glob.glob(str(Path(*parts[:deep])))):  # noqa: PTH207
        if deep == len(parts):
            yield from _below(start)
        elif is_folder(start):
            # For all depths it would follow links in circles.
            for name in _files(start):
                if _matches(name.split("/") if name else (), parts[deep:]):
                    yield Path(start, name)


def _files(folder: str) -> Iterator[str]:
    """The paths from a folder of all below it but folders; it itself, and others, where closed."""
    for entry in walk(folder):
        above = f"{entry.name}/" if entry.name else ""
        yield from (above + file for file in entry.files)
        if not (entry.is_folder or entry.leads_to):
            yield entry.name


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether patterns match these names of folders and a file, or the first few of them."""
    if not patterns:
        return not any(map(is_hidden, names))
    first, *others = patterns
    if first == "**" and _matches(names, others):
        return True
    if not names or (is_hidden(names[0]) and not is_hidden(first)):
        return False
    return fnmatch(names[0], first) and _matches(names[1:], patterns if first == "**" else others)
