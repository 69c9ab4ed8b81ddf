"""The pictures of earlier runs, which are not asked for again."""

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from diptych.gathering.manifest import Earlier, Entry
from diptych.system.files import write_file

_NAME = re.compile(r"([0-9a-f]{16})\.\w+")
# What a killed run was about to rename.
_ASIDE = re.compile(r"\.([0-9a-f]{16}\.\w+|gathered\.csv)\.[0-9a-f]{8}\.writing")


class Kept:
    """What lies in a folder: by the key of an address, the paths of its picture."""

    def __init__(self, folder: Path, earlier: Mapping[str, Earlier]) -> None:
        self._folder, self._earlier = folder, earlier
        self._by_name = {path.rpartition("/")[2]: one for path, one in earlier.items()}
        self._paths: dict[str, list[str]] = {}
        for name in _files(folder):
            if match := _NAME.fullmatch(name.rpartition("/")[2]):
                self._paths.setdefault(match[1], []).append(name)

    def places(self, key: str, folders: Collection[str]) -> Mapping[str, str] | None:
        """Where the picture of an address lies for each folder of a label; None where nowhere.

        Where the table has another label by now, the file goes to its folder. Where somebody put it
        into another folder, it stays there.
        """
        there = sorted(self._paths.get(key, ()))
        if not there:
            return None
        places = {folder: path for path in there if (folder := _folder(path)) in folders}
        spare = [path for path in there if path not in places.values()]
        for folder in sorted(set(folders) - set(places)):
            was_here = _at(folder, there[0]) in self._earlier
            if spare and not was_here:
                places[folder] = self._moved(spare.pop(), folder)
            elif was_here:
                places[folder] = spare.pop() if spare else there[0]
            else:
                places[folder] = self._copied(next(iter(places.values())), folder)
        return places

    def entry(self, path: str) -> Entry | None:
        """What the manifest knows of a picture, also from before it was moved."""
        known = self._earlier.get(path) or self._by_name.get(path.rpartition("/")[2])
        return known.entry if known else None

    def _moved(self, path: str, folder: str) -> str:
        there = _at(folder, path)
        (self._folder / there).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / path).replace(self._folder / there)
        with contextlib.suppress(OSError):  # others are in it
            (self._folder / path).parent.rmdir()  # an empty folder would be a class
        return there

    def _copied(self, path: str, folder: str) -> str:
        there = _at(folder, path)
        write_file(self._folder / there, (self._folder / path).read_bytes())
        return there


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _at(folder: str, path: str) -> str:
    """The path of a file of the same name in a folder."""
    return f"{folder}/{path.rpartition('/')[2]}".lstrip("/")


def _files(folder: Path) -> Iterator[str]:
    """The files below a folder; what was never renamed is deleted."""
    for here, _, files in os.walk(folder):
        below = "" if Path(here) == folder else Path(here).relative_to(folder).as_posix()
        for file in files:
            if _ASIDE.fullmatch(file):
                Path(here, file).unlink(missing_ok=True)
            else:
                yield f"{below}/{file}".lstrip("/")
