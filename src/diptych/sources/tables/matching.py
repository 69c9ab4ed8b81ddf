"""Which file a name means that was written on another machine, or in a hurry.

A name means the file whose path agrees with it longest from the end: roots, drive letters and
folders above differ between machines. It never means one in another part or class than it says.
"""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from diptych.sources.parts import PART_NAMES
from diptych.sources.trees import Tree
from diptych.sources.trees.walking import is_hidden
from diptych.system.files import is_regular

PICTURES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
        *(".heic", ".heif", ".avif", ".ppm", ".pgm", ".jp2"),
    )
)
# Files that lie beside pictures, called as they are: annotations, captions, features.
COMPANIONS = frozenset(
    (
        *(".txt", ".xml", ".json", ".csv", ".tsv", ".jsonl", ".parquet", ".npy", ".npz", ".pkl"),
        *(".html", ".md", ".yaml", ".yml", ".zip", ".gz"),
    )
)
_DRIVE = re.compile(r"[A-Za-z]:$")
_WHOLE = re.compile(r"\d+\.0")
_TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


class Match(NamedTuple):
    """The files that a name may mean: one, none or several; and what is against a near one."""

    files: Sequence[str]
    place: Path | None = None  # of a file elsewhere on this machine
    against: str = ""


class Hints(NamedTuple):
    """What else a row says of its file, so that one in another part or class is not taken."""

    label: str = ""
    part: str = ""  # of the row
    table_part: str = ""  # in the name of the table: trainLabels.csv


class Files:
    """The files of a tree, to be found by what tables call them.

    `base` is the folder of the table below the tree's root, from which its names start; where
    `below`, no file outside of it is meant.
    """

    def __init__(self, tree: Tree, base: str = "", below: bool = False) -> None:
        within = f"{base}/" if below and base else ""
        names = [name for name in tree.names if name.startswith(within)]
        self._names = frozenset(names)
        self._base = base
        self._root = tree.root if isinstance(tree.root, Path) else None
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        self.folders = frozenset(fold(folder.rpartition("/")[2]) for folder in tree.folders)
        self._parts = frozenset(filter(None, map(part_in, self.folders)))
        for name in names:
            if any(map(is_hidden, name.split("/"))):
                continue
            key = fold(name.rpartition("/")[2])
            stem, dot, ending = key.rpartition(".")
            self._by_name.setdefault(key, []).append(name)
            if f"{dot}{ending}" not in COMPANIONS:
                self._by_stem.setdefault(stem if dot and stem else key, []).append(name)

    def names_one(self, name: str) -> str:
        """How surely a cell names a file: "name" with its ending, "stem" without, "" not at all."""
        if not name:
            return ""
        if self._exact(name) or self._elsewhere(name):
            return "name"
        parts = components(name)
        if parts and parts[-1] in self._by_name:
            return "name"
        return "stem" if any(self._stems(parts)) else ""

    def names_one_in_its_folder(self, name: str) -> bool:
        """Whether a cell names a file that is there, in a folder that it names too."""
        if self._exact(name) or self._elsewhere(name):
            return True
        *folders, last = components(name) or [""]
        return bool(folders) and any(
            fold(file).endswith(f"{folders[-1]}/{last}") for file in self._by_name.get(last, ())
        )

    def find(
        self,
        name: str,
        hints: Hints = Hints(),  # noqa: B008
        labels: frozenset[str] = frozenset(),
        vocabulary: frozenset[str] = frozenset(),
    ) -> Match:
        """What a name means, for a table of these labels whose names have these folders in them.

        Labels and folders are folded.
        """
        if exact := self._exact(name):
            return Match([exact])
        if elsewhere := self._elsewhere(name):
            return Match([name], elsewhere)
        *folders, last = components(name) or [""]
        against = ""
        for candidates in (self._by_name.get(last, ()), *self._stems([last])):
            fitting: list[tuple[int, str]] = []
            for file in candidates:
                own = file.split("/")[:-1]
                agreeing = _agreeing(folders, [fold(folder) for folder in own])
                rest = folders[: len(folders) - agreeing], own[: len(own) - agreeing]
                why = self._contradiction(*rest, hints, labels, vocabulary)
                if not why:
                    fitting.append((agreeing, file))
                against = against or (f"{file} {why}" if why else "")
            if fitting:
                longest = max(agreeing for agreeing, _ in fitting)
                best = [file for agreeing, file in fitting if agreeing == longest]
                return Match(_likeliest(best, name, hints))
        return Match((), against=against)

    def _exact(self, name: str) -> str:
        if name in self._names and not self._base:
            return name
        path = posixpath.normpath(posixpath.join(self._base, name.replace("\\", "/")))
        return path if path in self._names else ""

    def _elsewhere(self, name: str) -> Path | None:
        """A file of this machine outside of the tree that is named as it is."""
        if self._root is None or not (name.startswith(("/", "file://")) or ".." in name):
            return None
        path = self._root / self._base / name.removeprefix("file://")
        try:
            return path if ("/" in name and is_regular(path)) else None
        except (OSError, ValueError):
            return None

    def _stems(self, parts: Sequence[str]) -> Iterable[Sequence[str]]:
        """The files of a name that has no ending, or another one."""
        if not parts or not parts[-1]:
            return
        last = parts[-1]
        yield self._by_stem.get(last, ())
        stem, dot, ending = last.rpartition(".")
        if f"{dot}{ending}" in PICTURES or _WHOLE.fullmatch(last):
            yield self._by_stem.get(stem, ())

    def _contradiction(
        self,
        named: Sequence[str],
        own: Sequence[str],
        hints: Hints,
        labels: frozenset[str],
        vocabulary: frozenset[str],
    ) -> str:
        """What a file's folders say against it, of those that do not agree with the name's."""
        file_part = _first_part(own)
        own = [fold(folder) for folder in own]
        said = _first_part(named) or hints.table_part
        if said and file_part and said != file_part:
            return f"is in the {file_part} part"
        at_odds = file_part and hints.part and hints.part != file_part
        if at_odds and ("test" in (hints.part, file_part) or hints.part in self._parts):
            return f"is in the {file_part} part"
        label = fold(hints.label)
        if own and label and label not in own and (other := labels.intersection(own)):
            return f"is in the folder {min(other)}"
        if named and named[-1] in self.folders:
            return f"is not in the folder {named[-1]}"
        if named and own and own[-1] in vocabulary and own[-1] != label:
            return f"is in the folder {own[-1]}"
        return ""


def folder_part(file: str) -> str:
    """The part that one of a file's folders is called after; "" where none is."""
    return _first_part(file.split("/")[:-1])


@lru_cache(maxsize=4096)
def part_in(word: str) -> str:
    """The part that a name speaks of: of train_images, trainLabels.csv, Testing; "" for none."""
    whole = PART_NAMES.get(word.casefold().replace(" ", "").replace("_", ""), "")
    tokens = {PART_NAMES.get(token.lower(), "") for token in _TOKENS.findall(word)} - {""}
    return whole or (tokens.pop() if len(tokens) == 1 else "")


def components(name: str) -> list[str]:
    """The folders and the file that a name has, folded; without drive, root and query."""
    path = name.replace("\\", "/")
    if "://" in path:
        path = path.partition("://")[2].partition("?")[0].partition("#")[0]
    if "%" in path:
        path = unquote(path)
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return [fold(part) for part in parts if not _DRIVE.match(part)]


def fold(text: str) -> str:
    """A name as it is compared: ä is written in two ways, and Windows sees no capitals."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


def _agreeing(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of the last are the same."""
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count


def _first_part(folders: Iterable[str]) -> str:
    return next(filter(None, map(part_in, folders)), "")


def _likeliest(files: list[str], name: str, hints: Hints) -> list[str]:
    """Those of several files that a row means, by its label, its part, its letters."""
    if len(files) == 1:
        return files
    label, last = fold(hints.label), name.replace("\\", "/").rpartition("/")[2]
    tests: tuple[Callable[[str], bool], ...] = (
        lambda file: bool(label) and label in map(fold, file.split("/")[:-1]),
        lambda file: bool(hints.part) and hints.part == folder_part(file),
        lambda file: file.rpartition("/")[2] == last,
    )
    for test in tests:
        files = list(filter(test, files)) or files
    return files
