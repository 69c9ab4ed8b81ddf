"""A folder of this machine as a tree of files."""

from pathlib import Path

from diptych.data.dataset import Stray
from diptych.errors import InputError
from diptych.sources.trees.walking import is_hidden, walk
from diptych.system.files import is_regular


class FolderTree:
    """The files below a folder; `Tree` says what its attributes are.

    Raises InputError where a folder may not be opened, unless it is hidden or a link leads to it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        names, strays, folders = [], list[Stray](), set[str]()
        for path, leads_to, closed, is_folder in walk(root):
            name = path.relative_to(root).as_posix()
            hidden = any(map(is_hidden, path.relative_to(root).parts))
            if is_folder:
                folders.add(name)
            elif closed and not (hidden or path.is_symlink()):
                raise InputError(f"{path}: {closed.strerror}") from closed
            elif closed:
                strays.append(Stray(name, "permission denied", "it may not be opened"))
            elif leads_to:
                folders.add(name)
                detail = f"leads to {leads_to}; a folder is looked at once, where it lies"
                strays.append(Stray(name, "link", detail))
            elif is_regular(path):
                names.append(name)
            elif path.is_symlink():
                strays.append(Stray(name, "link", "leads to no file"))
        self.names = sorted(names)
        self.strays = strays
        self.folders = frozenset(folders)

    def place(self, name: str) -> Path:
        """Where a file lies."""
        return self.root / name
