"""Archives beside folders of pictures: what is in them is not read, and may be a class or part."""

from collections.abc import Collection, Iterator
from pathlib import Path

from diptych.errors import InputError
from diptych.sources.endings import is_called_picture
from diptych.sources.folders.folder_names import is_of_lists, is_wrapper
from diptych.sources.folders.leftovers import kind_of_leftovers
from diptych.sources.foreign import is_foreign_archive
from diptych.sources.tables.file_names import fold
from diptych.sources.trees import Tree
from diptych.sources.trees.archives import archive_tree, ending_of
from diptych.sources.trees.numbered import names_meant
from diptych.sources.trees.shown import other_files, shown


def refuse_packed_beside(tree: Tree) -> None:
    """Raise InputError for an archive of pictures beside folders of them, unless what is in it lies
    unpacked there too."""
    packed = [n for n in other_files(tree) if ending_of(n) or is_foreign_archive(n)]
    if not packed:
        return
    pictures = [name for name in shown(tree.names) if is_called_picture(name)]
    for name in packed:
        above = name.rpartition("/")[0]
        prefix = f"{above}/" if above else ""
        inside = {one.removeprefix(prefix) for one in pictures if one.startswith(prefix)}
        folders = {fold(one.partition("/")[0]) for one in inside if "/" in one}
        stem = _stem(name)
        meant = names_meant([stem])[stem]
        no_data = is_of_lists(meant) or kind_of_leftovers(meant)
        if not folders or folders & {fold(stem), fold(meant)} or no_data:
            continue
        if not _lies_unpacked(tree, name, meant, inside):
            raise InputError(
                f"{tree.root}: {name} is an archive beside folders of pictures, and what is in it "
                "would be left out; unpack it there, or take it out of the folder"
            )


def _lies_unpacked(tree: Tree, name: str, meant: str, pictures: Collection[str]) -> bool:
    """Whether all pictures in an archive lie beside it, or there are none in it."""
    place = tree.place(name)
    if not isinstance(place, Path) or not ending_of(name):
        return False
    try:
        packed = archive_tree(place, place)
    except InputError:
        return False
    members = [one for one in shown(packed.names) if is_called_picture(one)]
    # Files of a folder of no class have to be called as no others are: 0.jpg is in many.
    flat = [one.rpartition("/")[2] for one in pictures if is_wrapper(one.partition("/")[0])]
    ways = {one if "/" in one else f"{meant}/{one}" for one in members}
    lying = {end for one in pictures for end in _ends(one)}
    return ways <= lying or {one.rpartition("/")[2] for one in members} <= set(flat)


def _ends(name: str) -> Iterator[str]:
    """A file with all folders of its path, and with fewer."""
    while "/" in name:
        yield name
        name = name.partition("/")[2]


def _stem(name: str) -> str:
    file = name.rpartition("/")[2]
    end = ending_of(file)
    return file[: -len(end)] if end else file.partition(".")[0]
