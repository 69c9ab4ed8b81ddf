"""A tree without some of its folders."""

from collections.abc import Collection
from pathlib import Path

from diptych.data.places import Member
from diptych.sources.trees import Tree


class NarrowedTree:
    """The files of a tree, but those in these folders and deeper."""

    def __init__(self, tree: Tree, without: Collection[str]) -> None:
        self.root, self.strays = tree.root, tree.strays
        self._tree = tree
        outside = tuple(f"{folder}/" for folder in without)
        self.names = [name for name in tree.names if not name.startswith(outside)]
        self.folders = frozenset(
            folder for folder in tree.folders if not f"{folder}/".startswith(outside)
        )

    def place(self, name: str) -> Path | Member:
        """Where the bytes of a file are."""
        return self._tree.place(name)
