"""Data sets that are no plain files of this machine: archives, addresses, Parquet, shards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from diptych.data.dataset import Dataset
from diptych.data.places import Address, Member, Place
from diptych.errors import InputError, shortened
from diptych.sources.endings import is_called_picture
from diptych.sources.meaning import Meaning
from diptych.sources.pixels.number_arrays import is_array_name
from diptych.sources.pixels.table_folder import pixel_tables
from diptych.sources.records.parquet import is_parquet, pictures_of, read_parquet
from diptych.sources.records.parquet_rows import ParquetFile
from diptych.sources.records.webdataset import is_webdataset, read_webdataset
from diptych.sources.trees import Tree
from diptych.sources.trees.archive_tree import is_named_table
from diptych.sources.trees.archives import archive_tree, ending_of
from diptych.sources.trees.folder import FolderTree
from diptych.sources.trees.joined import JoinedTree, OneFileTree
from diptych.sources.trees.narrowed import NarrowedTree
from diptych.sources.trees.numbered import names_meant, piece_of
from diptych.sources.trees.shown import other_files, set_aside, shown
from diptych.sources.trees.unwrapping import UnwrappedTree, wrapper


class Readers(NamedTuple):
    """What reads a data set once it is known to be a tree of files, or a table alone."""

    tree: Callable[[Tree, Meaning], Dataset]
    # A table, the tree of the files that it may name, and what it is called.
    table: Callable[[Place, Callable[[], Tree], Path | Address, Meaning], Dataset]


def is_store(name: str) -> bool:
    """Whether a file is called as archives and Parquet files are."""
    return bool(ending_of(name)) or is_parquet(name)


def read_store(path: Path, root: Path | Address, meaning: Meaning, readers: Readers) -> Dataset:
    """The data set in an archive or Parquet file, which is called `root`.

    Raises InputError where it cannot be read, or there is none in it.
    """
    if is_parquet(root.name):
        return read_parquet([ParquetFile(root.name, path)], root, meaning)
    tree = archive_tree(path, root)
    names = shown(tree.names)
    if not names:
        raise InputError(f"{root}: {_why_empty(tree)}")
    if len(names) > 1 and pixel_tables(tree):
        return _read(tree, meaning, readers)
    if all(map(_may_be_table, names)):
        if ending_of(root.name) == ".zip" and isinstance(root, Path):
            data = readers.table(path, lambda: FolderTree(path.parent), path, meaning)
        else:
            data = readers.table(_only(tree, names), lambda: tree, root, meaning)
        hidden = set_aside(set(tree.names) - set(names), "not used", "")
        return replace(data, strays=(*tree.strays, *hidden, *data.strays))
    inner = [name for name in names if is_store(name)]
    if inner and not any(map(is_called_picture, names)):
        kind = "Parquet files" if all(map(is_parquet, inner)) else "archives"
        raise InputError(
            f"{root}: it holds {kind} ({shortened(inner, 3)}); unpack it, and give one of them, "
            "or the folder"
        )
    tables = [name for name in names if is_named_table(name)]
    if len(tables) == 1 and not any(map(is_called_picture, names)):
        return readers.table(tree.place(tables[0]), lambda: tree, root, meaning)
    if is_webdataset(tree):
        return read_webdataset(tree, meaning)
    return _read(tree, meaning, readers)


def read_address(address: Address, meaning: Meaning, readers: Readers) -> Dataset:
    """The data set at an address: a folder, or an archive, Parquet file or table.

    Raises InputError where it cannot be reached, or there is none.
    """
    from diptych.sources.trees.addresses import at_address, local_copy

    place = at_address(address)
    if not isinstance(place, Member):
        return readers.tree(place, meaning)
    if is_store(place.name):
        return read_store(local_copy(place, address), address, meaning, readers)
    if is_array_name(place.name):
        return readers.tree(OneFileTree(address, place), meaning)
    if not is_named_table(place.name):
        raise InputError(
            f"{address}: neither a folder nor a table, archive or Parquet file; give the folder"
        )

    def beside() -> Tree:
        above = at_address(Address(address.text.rstrip("/").rpartition("/")[0]))
        assert not isinstance(above, Member)
        return above

    return readers.table(place, beside, address, meaning)


def stores_in(tree: Tree) -> list[str]:
    """The archives or Parquet files of which a folder consists, but for words on them.

    None of them where pictures lie beside them, or the archives are tables alone.
    """
    stores = [name for name in other_files(tree) if is_store(name)]
    if not stores or any(map(is_called_picture, shown(tree.names))):
        return []
    return [] if all(is_named_table(_without_ending(name)) for name in stores) else stores


def read_stores(tree: Tree, names: Sequence[str], meaning: Meaning, readers: Readers) -> Dataset:
    """The data set in archives or Parquet files of one folder.

    Parquet files are one table, shards of records one data set. Other archives are unpacked in
    mind: each is a folder of its name, or all are one folder where they are numbered pieces.
    """
    if all(map(is_parquet, names)):
        files = [ParquetFile(name, _local(tree, name)) for name in names]
        others = [name for name in tree.names if name not in set(names)]
        strays = [*tree.strays, *set_aside(others, "not used", "it is no Parquet file")]
        data = read_parquet(files, tree.root, meaning)
        return replace(data, strays=(*strays, *data.strays))
    if any(map(is_parquet, names)):
        raise InputError(
            f"{tree.root}: archives and Parquet files lie in it ({shortened(names, 3)}); give one "
            "of them"
        )
    trees = [(name, archive_tree(_local(tree, name), _root(tree, name))) for name in names]
    rest = NarrowedTree(tree, files=names)
    shards = JoinedTree(tree.root, [("", rest), *((f"{name}/", one) for name, one in trees)])
    if is_webdataset(shards):
        return read_webdataset(shards, meaning)
    stems = {name: _without_ending(name) for name in names}
    meant = names_meant(stems.values())
    pieces = _are_pieces(meant)
    prefixes = {name: "" if pieces else f"{meant[stem]}/" for name, stem in stems.items()}
    parts = [(prefixes[name], one if pieces else _unwrapped(one)) for name, one in trees]
    joined = JoinedTree(tree.root, [("", rest), *parts])
    if pieces and not joined.folders and not any(map(is_named_table, joined.names)):
        raise InputError(
            f"{tree.root}: its {len(names)} archives hold no folders, so that they may be classes "
            "or pieces of one; unpack each into the folder of its class"
        )
    data = _read(joined, meaning, readers)
    other = next((s for s, name in meant.items() if s != name), "")
    of_names = f"folders of their names ({other} as {meant[other]})" if other else ""
    kind = "pieces of one" if pieces else of_names or "folders of their names"
    return data.with_note(f"{tree.root.name}: {len(names)} archives, read as {kind}")


def pictures_in(path: Path) -> Sequence[Member] | None:
    """Every file in an archive or row of a Parquet file, in order, but those that are hidden.

    None where it is an archive of tables alone. Raises InputError where it cannot be read, or
    there is nothing in it.
    """
    if is_parquet(path.name):
        return pictures_of(ParquetFile(path.name, path))
    tree = archive_tree(path, path)
    names = shown(tree.names)
    if not names:
        raise InputError(f"{path}: {_why_empty(tree)}")
    return None if all(map(_may_be_table, names)) else [tree.place(name) for name in names]


def _are_pieces(meant: Mapping[str, str]) -> bool:
    """Whether archives are all of one name, or numbered."""
    if len(meant) < 2:
        return False
    own = all(stem == name for stem, name in meant.items())
    return len(set(meant.values())) == 1 or (own and len(set(map(piece_of, meant))) == 1)


def _read(tree: Tree, meaning: Meaning, readers: Readers) -> Dataset:
    """What a tree holds, with names from the folder on that holds everything."""
    if within := wrapper(tree.names, tree.folders):
        data = _read(UnwrappedTree(tree, within), meaning, readers)
        return data.with_note(f"{tree.root.name}: the folder {within} holds everything in it")
    return readers.tree(tree, meaning)


def _unwrapped(tree: Tree) -> Tree:
    within = wrapper(tree.names, tree.folders)
    return UnwrappedTree(tree, within) if within else tree


def _only(tree: Tree, names: Sequence[str]) -> Place:
    if len(names) > 1:
        raise InputError(
            f"{tree.root}: it has {len(names)} tables in it ({shortened(names, 3)}); give one alone"
        )
    return tree.place(names[0])


def _why_empty(tree: Tree) -> str:
    if not tree.strays:
        return "there is no file in it"
    name, reason, detail = tree.strays[0]
    return f"cannot be read: {name} is {reason} ({detail})"


def _local(tree: Tree, name: str) -> Path:
    """Where a file lies on this machine; one at an address is copied into the cache.

    Raises InputError for one in an archive.
    """
    from diptych.sources.trees.addresses import local_copy

    place = tree.place(name)
    return place if isinstance(place, Path) else local_copy(place, _root(tree, name))


def _root(tree: Tree, name: str) -> Path | Address:
    """What an archive in a folder is called."""
    return Address(f"{tree.root}/{name}") if isinstance(tree.root, Address) else tree.root / name


def _without_ending(name: str) -> str:
    return name[: -len(ending_of(name))] if ending_of(name) else name


def _may_be_table(name: str) -> bool:
    return is_named_table(name) or name.lower().endswith((".txt", ".json", ".ndjson"))
