"""Archives, told by their names: zip and tar, packed or not."""

from pathlib import Path
from typing import TYPE_CHECKING

from diptych.data.places import Address

if TYPE_CHECKING:
    from diptych.sources.trees.archive_tree import ArchiveTree

_TARS = (
    ".tar",
    *(".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst"),
)
ENDINGS = (".zip", *_TARS)


def ending_of(name: str) -> str:
    """The ending of an archive's name, such as ".tar.gz"; "" where it is called otherwise."""
    name = name.lower()
    if not name.endswith(ENDINGS):
        return ""
    return next(ending for ending in ENDINGS if name.endswith(ending))


def archive_tree(path: Path, root: Path | Address) -> "ArchiveTree":
    """The files of an archive, which is called `root` in messages.

    Raises InputError where it cannot be read.
    """
    from diptych.sources.trees.tars import tar_tree
    from diptych.sources.trees.zips import zip_tree

    return tar_tree(path, root) if ending_of(root.name) in _TARS else zip_tree(path, root)
