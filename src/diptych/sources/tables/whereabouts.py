"""Where the files lie that a table names: below its folder, or beside that."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from diptych.errors import InputError
from diptych.sources.folders.folder_names import is_of_many_masks, is_of_small_copies
from diptych.sources.meaning import Meaning
from diptych.sources.tables import file_column
from diptych.sources.tables.cells import is_number
from diptych.sources.tables.file_column import LOOKED_AT
from diptych.sources.tables.matching import Files
from diptych.sources.tables.opening import Table, first_rows, table_suffix
from diptych.sources.tables.rows import (
    FEATHER,
    JSON,
    JSON_LINES,
    PARQUET,
    Records,
    bare,
    position,
    records,
)
from diptych.sources.tables.titles import TOGETHER, column
from diptych.sources.trees.folder import FolderTree
from diptych.sources.trees.narrowed import NarrowedTree

# A folder with more in it than this is no data set.
MOST_ENTRIES = 300_000
# So many lines tell whether a table names files.
FIRST = 50
# As many of the names must be there, of those that were looked at, for a folder above to be meant.
ENOUGH = 0.5
# What folders are called that hold tables, and no pictures; other words say no more.
_OF_TABLES = frozenset(
    (
        *("label", "labels", "annotation", "annotations", "annos", "csv", "csvs", "tsv", "split"),
        *("splits", "meta", "metadata", "table", "tables", "fold", "folds", "list", "lists", "gt"),
        *(
            "truth",
            "groundtruth",
            "target",
            "targets",
            "sheets",
            "excel",
            "docs",
            "data",
            "imagesets",
        ),
    )
)
_SAYING_NO_MORE = frozenset(("image", "images", "train", "test", "val", "files", "and", "ground"))
_WORDS = re.compile(r"[^\W\d_]+")


def tree_of_table(
    path: Path, meaning: Meaning, table: Records | None = None
) -> tuple[FolderTree, str]:
    """The folder in which a table's files lie, as a tree, and the table's name in it.

    It is the table's own folder, or one above where the own one has no file of that name and that
    one half of them: labels/train.csv beside images/. Other data sets may lie beside this one, so
    that a folder above is looked at only where the one below it is called as one of tables, or the
    names say that their folders are there.
    """
    own = FolderTree(path.parent)
    table = table or records(path, uneven=True)
    here = path.absolute()
    others = _of_no_pictures(own)
    pictures = NarrowedTree(own, others) if others else own
    # A name with its ending beside the table's folder is meant before another ending in there.
    if _share_there(table, Files(pictures), meaning, sure=True):
        return own, path.name
    nearby = _folder_above(here, table, meaning, sure=True)
    if nearby is None and not _share_there(table, Files(pictures), meaning):
        nearby = _folder_above(here, table, meaning)
    return nearby or (own, path.name)


def _of_no_pictures(tree: FolderTree) -> list[str]:
    """The folders in a tree that are called as those of masks and of small copies are."""
    return [
        folder
        for folder in tree.folders
        if is_of_many_masks(last := folder.rpartition("/")[2]) or is_of_small_copies(last)
    ]


def _folder_above(
    here: Path, table: Records, meaning: Meaning, sure: bool = False
) -> tuple[FolderTree, str] | None:
    """A folder above a table's with half of its files, and the table's name in it."""
    for root in _above(here):
        try:
            tree = FolderTree(root)
        except InputError:
            break  # a closed folder somewhere in it
        name = here.relative_to(root).as_posix()
        files = Files(tree, name.rpartition("/")[0])
        with_folders = not _is_of_tables(name.partition("/")[0])
        if _share_there(table, files, meaning, with_folders, sure) >= ENOUGH:
            return tree, name
    return None


def names_files(path: Path) -> bool:
    """Whether a table of many numbers names files nevertheless: beside a column for each class."""
    try:
        table = first_records(path)
    except InputError:
        return False
    if column(table.titles, TOGETHER) is not None:
        return False
    # Words that come again are labels; to search a folder for them takes its time.
    words = [
        at
        for at in range(len(table.titles))
        if 2 * len(cells := set(table.column(at))) > len(table.rows)
        and not all(map(is_number, cells))
    ]
    return bool(words) and file_column.names_files(
        table, Files(tree_of_table(path, Meaning(), table)[0])
    )


def first_records(path: Table) -> Records:
    """The first rows of a table, however long it is."""
    if table_suffix(path) in (*JSON_LINES, JSON, PARQUET, FEATHER):
        return records(path)
    titles, *rows = first_rows(path, FIRST)
    even = [[bare(cell) for cell in row] for row in rows if len(row) == len(titles)]
    if not even:
        raise InputError(f"{path}: it has no rows; add one for each picture")
    return Records(path, [bare(title) for title in titles], even, list(range(2, len(even) + 2)))


def _share_there(
    table: Records,
    files: Files,
    meaning: Meaning,
    with_folders: bool = False,
    sure: bool = False,
) -> float:
    """The share of the rows whose files are there, of the column that names most.

    Of names `with_folders`, the folder must be there too; of those that are `sure`, the ending.
    """
    columns = range(len(table.titles))
    if meaning.files is not None and meaning.files in table.titles:
        columns = range(at := position(table, meaning.files, "files"), at + 1)
    rows = table.rows[:: max(len(table.rows) // LOOKED_AT, 1)][:LOOKED_AT]
    is_there: Callable[[str], object] = files.names_one
    if sure:
        is_there = files.names_one_by_its_ending
    if with_folders:
        is_there = files.names_one_in_its_folder
    there = [len({row[at] for row in rows if is_there(row[at])}) for at in columns]
    return max(there, default=0) / len(rows)


def _above(path: Path) -> Iterator[Path]:
    """The folders above a table's that may be those of its data set."""
    private = {Path.home(), Path(tempfile.gettempdir())}
    private |= {above for folder in private for above in folder.parents}
    for i, root in enumerate(path.parents[1:3]):
        named_so = _is_of_tables(path.parents[i].name)
        if root in private or (i and not named_so) or not _is_searchable(root):
            return
        yield root


def _is_of_tables(folder: str) -> bool:
    """Whether a folder is called as one of tables, and as nothing else."""
    words = set(_WORDS.findall(folder.lower()))
    return bool(words & _OF_TABLES) and words <= _OF_TABLES | _SAYING_NO_MORE


def _is_searchable(folder: Path) -> bool:
    """Whether a folder is not so large that it is more than a data set."""
    entries = 0
    for _, folders, files in os.walk(folder):
        entries += len(folders) + len(files)
        if entries > MOST_ENTRIES:
            return False
    return True
