"""Several trees as one: archives that lie in a folder, files that a pattern names."""

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path

from diptych.data.dataset import Stray
from diptych.data.places import Address, Member, Place, size_of
from diptych.errors import ImageError
from diptych.images.decoding import read_file
from diptych.sources.endings import is_called_picture
from diptych.sources.trees import Tree
from diptych.sources.trees.archive_tree import TABLES
from diptych.sources.trees.archives import ending_of

# What may name files.
_LISTS = (*TABLES, *(f"{table}.gz" for table in TABLES), ".json", ".txt", ".lst", ".xml")


class ListedTree:
    """Files whose names are known, below a folder."""

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        self.root = root
        self.names: Sequence[str] = sorted(set(names))
        self.folders: Collection[str] = ()
        self.strays: Sequence[Stray] = ()

    def place(self, name: str) -> Path:
        """Where a file lies."""
        return self.root / name


class OneFileTree:
    """A file at an address alone."""

    def __init__(self, root: Address, file: Member) -> None:
        self.root = root
        self.names: Sequence[str] = [file.name]
        self.folders: Collection[str] = ()
        self.strays: Sequence[Stray] = ()
        self._file = file

    def place(self, name: str) -> Member:
        """Where the file lies."""
        assert name == self._file.name
        return self._file


class JoinedTree:
    """Trees below a place, each under a prefix ("cats/"), or "" where its files lie in the root.

    Of files of one name the first is the one that counts, but for other pictures: these are called
    after their tree too, unless a list of names may mean one of them: cat/1 (photos-002).jpg.
    """

    def __init__(self, root: Path | Address, trees: Iterable[tuple[str, Tree]]) -> None:
        self.root = root
        trees = self._trees = list(trees)
        self._files: dict[str, tuple[Tree, str]] = {}
        folders, strays = set[str](), list[Stray]()
        for prefix, tree in trees:
            strays += [stray._replace(name=f"{prefix}{stray.name}") for stray in tree.strays]
            folders |= {f"{prefix}{folder}" for folder in tree.folders}
            folders |= {prefix[:i] for i, sign in enumerate(prefix) if sign == "/"}
            for inner in tree.names:
                name = self._apart(f"{prefix}{inner}", tree, inner)
                if name in self._files:
                    detail = f"another archive has a file of the same name: {tree.root}"
                    strays.append(Stray(f"{name}:{tree.root.name}", "named twice", detail))
                else:
                    self._files[name] = (tree, inner)
        self.names = sorted(self._files)
        self.folders = frozenset(folders)
        self.strays = strays

    def place(self, name: str) -> Path | Member:
        """Where the bytes of a file are."""
        tree, inner = self._files[name]
        return tree.place(inner)

    def _apart(self, name: str, tree: Tree, inner: str) -> str:
        """A name that no other file has, for another picture; else the same."""
        if name not in self._files or not is_called_picture(name) or self._may_be_listed:
            return name
        if _are_the_same(self.place(name), tree.place(inner)):
            return name
        stem, _, ending = name.rpartition(".")
        return f"{stem} ({tree.root.name[: -len(ending_of(tree.root.name)) or None]}).{ending}"

    @cached_property
    def _may_be_listed(self) -> bool:
        """Whether a file may name others, of which two would be called the same."""
        return any(name.lower().endswith(_LISTS) for _, tree in self._trees for name in tree.names)


def _are_the_same(one: Place, other: Place) -> bool:
    """Whether two files have the same bytes; one that cannot be read is like no other."""
    try:
        return size_of(one) == size_of(other) and read_file(one) == read_file(other)
    except (ImageError, OSError):
        return False
