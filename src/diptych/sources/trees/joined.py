"""Several trees as one: archives that lie in a folder, files that a pattern names."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from diptych.data.dataset import Stray
from diptych.data.places import Address, Member
from diptych.sources.trees import Tree


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


class JoinedTree:
    """Trees below a place, each under a prefix ("cats/"), or "" where its files lie in the root.

    Of files of one name the first is the one that counts.
    """

    def __init__(self, root: Path | Address, trees: Iterable[tuple[str, Tree]]) -> None:
        self.root = root
        self._files: dict[str, tuple[Tree, str]] = {}
        folders, strays = set[str](), list[Stray]()
        for prefix, tree in trees:
            strays += [stray._replace(name=f"{prefix}{stray.name}") for stray in tree.strays]
            folders |= {f"{prefix}{folder}" for folder in tree.folders}
            folders |= {prefix[:i] for i, sign in enumerate(prefix) if sign == "/"}
            for inner in tree.names:
                name = f"{prefix}{inner}"
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
