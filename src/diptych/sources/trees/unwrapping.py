"""A tree from the folder on that holds everything in it, as archives of a folder have one."""

from collections.abc import Collection, Iterable
from pathlib import Path

from diptych.data.dataset import Stray
from diptych.data.places import Member
from diptych.sources.parts import part_named
from diptych.sources.trees import Tree
from diptych.sources.trees.archive_tree import is_named_table
from diptych.sources.trees.shown import set_aside, shown

_WORDS = (".txt", ".md", ".rst", ".pdf", ".html", ".json", ".yaml", ".yml", ".xml")


class UnwrappedTree:
    """The files of a tree, by their names from a folder on.

    What lies outside, in a folder on the way to that one, is called as if it lay in it; where a
    file is called so already, it is a stray.
    """

    def __init__(self, tree: Tree, folder: str) -> None:
        self.root = tree.root
        self._tree, self._prefix = tree, f"{folder}/"
        inside = (name for name in tree.names if name.startswith(self._prefix))
        self._files = {self._short(name): name for name in inside}
        twice = []
        for name in tree.names:
            if not name.startswith(self._prefix) and name != self._files.setdefault(
                self._short(name), name
            ):
                twice.append(name)
        self.names = sorted(self._files)
        self.folders = frozenset(
            self._short(one) for one in tree.folders if not self._prefix.startswith(f"{one}/")
        )
        detail = f"it lies outside of {folder}, where another file is called so"
        self.strays: list[Stray] = [
            *(s._replace(name=self._short(s.name)) for s in tree.strays),
            *set_aside(twice, "not used", detail),
        ]

    def place(self, name: str) -> Path | Member:
        """Where the bytes of a file are."""
        return self._tree.place(self._files[name])

    def _short(self, name: str) -> str:
        """A name without the folders that it shares with the prefix."""
        shared = ""
        for folder in self._prefix.split("/")[:-1]:
            if not name.startswith(f"{shared}{folder}/"):
                break
            shared += f"{folder}/"
        return name.removeprefix(shared)


def wrapper(names: Iterable[str], folders: Collection[str]) -> str:
    """The folder that holds everything but what is hidden, such as "data/photos"; "" for none.

    It is none that may be a class: there are several folders in it, or parts, or a table.
    """
    visible, visible_folders = shown(names), shown(folders)
    within = ""
    while True:
        prefix = f"{within}/" if within else ""
        below = [name.removeprefix(prefix) for name in visible]
        files = [name for name in below if "/" not in name]
        inner = {
            f.removeprefix(prefix).split("/")[0] for f in visible_folders if f.startswith(prefix)
        }
        inner -= {""}
        parts = any(map(part_named, inner))
        if len(inner) > 1 or parts or any(is_named_table(file) for file in files):
            return within
        if not inner or not all(map(_is_word, files)):
            return ""
        within = prefix + inner.pop()


def _is_word(name: str) -> bool:
    """Whether a file is called as those are that tell people of a data set."""
    return name.lower().endswith(_WORDS) or "." not in name
