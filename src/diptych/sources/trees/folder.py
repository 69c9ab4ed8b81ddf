"""A folder of this machine as a tree of files."""

import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from diptych.data.dataset import Stray
from diptych.errors import InputError
from diptych.sources.trees.walking import is_hidden, walk


class FolderTree:
    """The files below a folder; `Tree` says what its attributes are.

    Raises InputError where a folder may not be opened, unless it is hidden or a link leads to it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        names, strays, folders = list[str](), list[Stray](), set[str]()
        for name, files, is_folder, is_link, leads_to, closed in walk(root):
            if is_folder:
                folders.add(name)
                names += [f"{name}/{file}" for file in files] if name else files
            elif closed:
                folders.add(name)
                if not (is_link or any(map(is_hidden, name.split("/")))):
                    raise InputError(f"{root / name}: {closed.strerror}") from closed
                strays.append(Stray(name, "permission denied", "it may not be opened"))
            elif leads_to:
                folders.add(name)
                detail = f"leads to {leads_to}; a folder is looked at once, where it lies"
                strays.append(Stray(name, "link", detail))
            elif is_link:
                strays.append(Stray(name, "link", "leads to no file"))
        self.names = sorted(names)
        self.strays = strays
        self.folders = frozenset(folders - {""})
        # Neighbours share the path of their folder: to make it anew for each takes twice as long.
        self._folder = lru_cache(8)(root.joinpath)

    def place(self, name: str) -> Path:
        """Where a file lies."""
        folder, _, file = name.rpartition("/")
        return _child(self._folder(folder), file)


# Before 3.12, pathlib takes both paths apart to join them: that would be half of the time in which
# a large folder is read. This is how it makes the paths in a folder itself.
_child: Callable[[Path, str], Path] = (
    Path.joinpath if sys.version_info >= (3, 12) else getattr(Path, "_make_child_relpath")  # noqa: B009
)
