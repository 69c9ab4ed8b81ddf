"""Which file a name means that was written on another machine, or in a hurry.

A name means the file whose path agrees with it longest from the end: roots, drive letters and
folders above differ between machines. It never means one in another part or class than it says.
"""

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from diptych.sources.endings import COMPANIONS, PICTURES, is_called_picture
from diptych.sources.folders.folder_names import is_of_masks, is_of_small_copies
from diptych.sources.parts import folder_part, part_in
from diptych.sources.tables.file_names import fold, folders_in, parted
from diptych.sources.trees import Tree
from diptych.sources.trees.folder import FolderTree
from diptych.sources.trees.shown import shown
from diptych.system.files import is_regular

_WHOLE = re.compile(r"\d+\.0")


class Match(NamedTuple):
    """The files that a name may mean: one, none or several; and what is against a near one."""

    files: Sequence[str]
    place: Path | None = None  # of a file elsewhere on this machine
    against: str = ""
    passed_over: str = ""  # another file of the name: a mask, or nothing that is decoded


class Hints(NamedTuple):
    """What else a row says of its file, so that one in another part or class is not taken."""

    label: str = ""
    part: str = ""  # of the row
    table_part: str = ""  # in the name of the table: trainLabels.csv


class Files:
    """The files of a tree, by what tables call them.

    `base` is the folder of the table below the tree's root, from which its names start; where
    `below`, no file outside of it is meant.
    """

    def __init__(self, tree: Tree, base: str = "", below: bool = False) -> None:
        names: Sequence[str] = tree.names
        if below and base:
            names = [name for name in names if name.startswith(f"{base}/")]
        self._names = frozenset(names)
        self._base = base
        # What lies in an archive comes from others, and means no file of this machine.
        self._root = tree.root if isinstance(tree, FolderTree) else None
        self.by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self.folders = frozenset(fold(folder.rpartition("/")[2]) for folder in tree.folders)
        self.parts = frozenset(filter(None, map(part_in, self.folders)))
        for name in shown(names):
            key = fold(name[name.rfind("/") + 1 :])
            self.by_name[key].append(name)
            dot = key.rfind(".")
            if key[dot:] not in COMPANIONS:
                self._by_stem[key[:dot] if dot > 0 else key].append(name)

    def seen_from(self, base: str) -> "Files":
        """The same files by names that start from another folder."""
        files = copy(self)
        files._base = base
        return files

    @property
    def count(self) -> int:
        """How many files there are that may be pictures."""
        return sum(map(len, self._by_stem.values()))

    def names_one(self, name: str) -> str:
        """How surely a cell names a file: "name" with its ending, "stem" without, "" not at all."""
        if not name:
            return ""
        _, last = parted(name)
        if last in self.by_name or self.exact(name) or self.elsewhere(name):
            return "name"
        return "stem" if any(self.by_stem(last)) else ""

    def names_one_by_its_ending(self, name: str) -> bool:
        """Whether a cell names a file that is there, with its ending."""
        return self.names_one(name) == "name"

    def names_one_in_its_folder(self, name: str) -> bool:
        """Whether a cell names a file that is there, with all folders from the root on.

        A folder called images lies in many a data set.
        """
        if self.exact(name) or self.elsewhere(name):
            return True
        folders, last = parted(name)
        named = "/".join(("", *folders, last))
        return any(
            "/" in file and named.endswith(f"/{fold(file)}") for file in self.by_name.get(last, ())
        )

    def exact(self, name: str) -> str:
        """The file at the end of a path from the table's folder; "" where none is."""
        if name in self._names and not self._base:
            return name
        path = name.replace("\\", "/")
        if self._base:
            path = posixpath.join(self._base, path)
        if path not in self._names:
            path = posixpath.normpath(path) if "." in path or "//" in path else ""
        return path if path in self._names else ""

    def elsewhere(self, name: str) -> Path | None:
        """A file of this machine outside of the tree that is named as it is."""
        if self._root is None or not (name.startswith(("/", "file://")) or "../" in name):
            return None
        path = os.path.join(self._root, self._base, name.removeprefix("file://"))  # noqa: PTH118
        try:
            if not _is_folder(path.rpartition("/")[0]):
                return None
            return there if is_regular(there := Path(path)) else None
        except (OSError, ValueError):
            return None

    def called(self, last: str) -> Iterator[Sequence[str]]:
        """The files of a name that has an ending, then those of one that has none, or another."""
        if last in self.by_name:
            yield self.by_name[last]
        yield from self.by_stem(last)

    def count_called(self, name: str) -> int:
        """How many files may be meant by a name, wherever they lie."""
        return len(next(filter(None, self.called(parted(name)[1])), ()))

    def by_stem(self, last: str) -> Iterator[Sequence[str]]:
        """The files of a name that has no ending, or another one."""
        if last:
            yield self._by_stem.get(last, ())
            stem, dot, ending = last.rpartition(".")
            if f"{dot}{ending}" in PICTURES or _WHOLE.fullmatch(last):
                yield self._by_stem.get(stem, ())


class Finder:
    """Finds the files of a table's rows, of these labels and with these folders in its names.

    Labels and folders are folded.
    """

    def __init__(self, files: Files, labels: frozenset[str], named: frozenset[str]) -> None:
        self._files = files
        self._labels = labels & files.folders
        self._named = named
        self._fits: dict[tuple[tuple[str, ...], str, Hints], tuple[int, str]] = {}

    def find(self, name: str, hints: Hints) -> Match:
        """What a name means."""
        if exact := self._files.exact(name):
            return Match((exact,))
        if elsewhere := self._files.elsewhere(name):
            return Match((name,), elsewhere)
        folders, last = parted(name)
        against = ""
        for candidates in self._files.called(last):
            fitting: list[tuple[int, str]] = []
            for file in candidates:
                agreeing, why = self._fit(folders, file[: max(file.rfind("/"), 0)], hints)
                if why:
                    against = against or f"{file} {why}"
                else:
                    fitting.append((agreeing, file))
            if len(fitting) == 1:
                return Match((fitting[0][1],))
            if fitting:
                longest = max(agreeing for agreeing, _ in fitting)
                best = [file for agreeing, file in fitting if agreeing == longest]
                best = _hinted(best, hints) if len(best) > 1 else best
                usable = _usable(best)
                passed = next((file for file in best if file not in usable), "")
                return Match(_written_so(usable, name), passed_over=passed)
        return Match((), against=against)

    def _fit(self, named: tuple[str, ...], folder: str, hints: Hints) -> tuple[int, str]:
        """How many folders of a name and of a file agree, and what is against that file."""
        key = named, folder, hints
        if key not in self._fits:
            own = folders_in(folder)
            agreeing, below = agreement(named, own)
            first, last = len(own) - below - agreeing, len(own) - below
            # Parts are told apart by capitals too: trainImages.
            way = folder.split("/")
            rest = "/".join((*way[:first], *way[last:]))
            others = own[:first] + own[last:]
            agreed = own[first:last]
            why = self._against(named[: len(named) - agreeing], others, rest, agreed, hints)
            # A file in the folder itself goes before one in a folder of that.
            self._fits[key] = 2 * agreeing - (below > 0), why
        return self._fits[key]

    def _against(
        self,
        named: tuple[str, ...],
        own: tuple[str, ...],
        own_path: str,
        agreed: tuple[str, ...],
        hints: Hints,
    ) -> str:
        """What a file's folders say against it, of those that do not agree with the name's.

        A folder that agreed may come again: train/train.
        """
        file_part = folder_part(own_path)
        said = folder_part("/".join(named)) or hints.table_part
        if said and file_part and said != file_part:
            return f"is in the {file_part} part"
        at_odds = file_part and hints.part and hints.part != file_part
        if at_odds and ("test" in (hints.part, file_part) or hints.part in self._files.parts):
            return f"is in the {file_part} part"
        label = fold(hints.label)
        if label and label not in own and (others := self._labels.intersection(own)):
            return f"is in the folder {min(others)}"
        if named and named[-1] in self._files.folders and named[-1] not in agreed:
            return f"is not in the folder {named[-1]}"
        if named and own and own[-1] in self._named and own[-1] not in (label, *agreed):
            return f"is in the folder {own[-1]}"
        return ""


@lru_cache(maxsize=2**12)
def _is_folder(path: str) -> bool:
    return Path(path).is_dir()


def agreement(named: Sequence[str], own: Sequence[str]) -> tuple[int, int]:
    """How many folders of a name and of a file are the same, and how many of the file lie below.

    Of x/train/1.jpg and train/images/1.jpg one is the same, below which is one.
    """
    last = len(own) - 1
    while named and last >= 0 and own[last] != named[-1]:
        last -= 1
    if not named or last < 0:
        return 0, 0
    count = 0
    for a, b in zip(reversed(named), reversed(own[: last + 1]), strict=False):
        if a != b:
            break
        count += 1
    return count, len(own) - last - 1


def _hinted(files: list[str], hints: Hints) -> list[str]:
    """Those of several files that a row means by its label and its part."""
    label = fold(hints.label)
    tests: tuple[Callable[[str], bool], ...] = (
        lambda file: bool(label) and label in folders_in(file.rpartition("/")[0]),
        lambda file: bool(hints.part) and hints.part == folder_part(file.rpartition("/")[0]),
    )
    for test in tests:
        files = list(filter(test, files)) or files
    return files


def _usable(files: list[str]) -> list[str]:
    """The only one of several files that is a picture, and no mask of one; else all of them."""
    if len(files) < 2:
        return files
    pictures = list(filter(is_called_picture, files))
    for is_of_others in (is_of_masks, is_of_small_copies):
        pictures = [
            file for file in pictures if not any(map(is_of_others, file.split("/")[:-1]))
        ] or pictures
    return pictures if len(pictures) == 1 else files


def _written_so(files: list[str], name: str) -> list[str]:
    """Those of several files whose letters are as in a name, small or capital."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return [file for file in files if file.rpartition("/")[2] == last] or files
