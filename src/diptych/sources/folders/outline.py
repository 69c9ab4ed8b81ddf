"""The folders of a tree without their files: what their meaning is inferred from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from diptych.sources.endings import DOCUMENTS, but_pictures, ending

Levels: TypeAlias = tuple[str, ...]  # the names of the folders on the way to a folder


@dataclass
class Outline:
    """A folder, or several that are taken for one."""

    places: tuple[Levels, ...] = ()
    pictures: int = 0  # files in it, but not deeper, that may be pictures
    documents: int = 0
    folders: dict[str, "Outline"] = field(default_factory=dict)

    @property
    def all_pictures(self) -> int:
        """How many there are in it and deeper."""
        return sum(folder.pictures for folder in self.every())

    @property
    def is_empty(self) -> bool:
        """Whether there is no file in it, nor deeper."""
        return not any(folder.pictures or folder.documents for folder in self.every())

    @property
    def is_way(self) -> bool:
        """Whether most of its pictures lie in folders of it."""
        return bool(self.folders) and self.pictures * 2 < self.all_pictures

    @property
    def depth(self) -> int:
        """How many folders lead to it."""
        return len(self.places[0])

    def every(self) -> Iterator["Outline"]:
        """It and every folder below."""
        waiting = [self]
        while waiting:
            folder = waiting.pop()
            yield folder
            waiting += folder.folders.values()


def branching(folder: Outline) -> Outline:
    """The folder in it with several in it, where on the way there each is the only one."""
    while len(folder.folders) == 1 and (only := next(iter(folder.folders.values()))).is_way:
        folder = only
    return folder


def documents(files: Sequence[str]) -> int:
    """How many files are called as those that go with pictures and are none."""
    return sum(ending(file) in DOCUMENTS for file in but_pictures(files))


def outline(counts: Mapping[Levels, tuple[int, int]]) -> Outline:
    """The folders on these ways, each with its numbers of pictures and documents."""
    root = Outline(((),))
    for levels, (pictures, documents) in counts.items():
        folder = root
        for depth, name in enumerate(levels, 1):
            if name not in folder.folders:
                folder.folders[name] = Outline((levels[:depth],))
            folder = folder.folders[name]
        folder.pictures += pictures
        folder.documents += documents
    return root


def joined(folders: Iterable[Outline]) -> Outline:
    """Several folders as one, and the folders of one name in them too."""
    result = Outline()
    waiting = [(result, list(folders))]
    while waiting:
        one, several = waiting.pop()
        one.places = tuple(place for folder in several for place in folder.places)
        one.pictures = sum(folder.pictures for folder in several)
        one.documents = sum(folder.documents for folder in several)
        inside: dict[str, list[Outline]] = {}
        for folder in several:
            for name, deeper in folder.folders.items():
                inside.setdefault(name, []).append(deeper)
        for name, group in inside.items():
            one.folders[name] = Outline()
            waiting.append((one.folders[name], group))
    return result
