"""A tree without some of its folders or files."""

from collections.abc import Collection
from pathlib import Path

from diptych.data.places import Member
from diptych.sources.trees import Tree


class NarrowedTree:
    """The files of a tree, but these and those in these folders and deeper."""

    def __init__(
        self, tree: Tree, without: Collection[str] = (), files: Collection[str] = ()
    ) -> None:
        self.root, self.strays = tree.root, tree.strays
        self._tree = tree
        outside = tuple(f"{folder}/" for folder in without)
        others = set(files)
        self.names = [n for n in tree.names if n not in others and not n.startswith(outside)]
        self.folders = frozenset(
            folder for folder in tree.folders if not f"{folder}/".startswith(outside)
        )

    def place(self, name: str) -> Path | Member:
        """Where the bytes of a file are."""
        return self._tree.place(name)
