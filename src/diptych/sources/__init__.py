"""Where pictures come from: `read(path)` tells what there is, without opening a picture.

A place becomes a tree of names (`trees`; archives, addresses and Parquet by way of `stores`). By
what is in it, `_read_tree` below gives it to one reader: arrays and tables of numbers to `pixels`,
records to `records`, all else to `tables.beside`, which reads tables that name its files, or else
`folders`. A table that is given alone is `_read_alone`'s. Each reader returns a `Dataset`: every
file is a sample, or a stray with its reason.

What people say (`--label`, `--part`, …) is a `Meaning`. Words that all readers share: `parts`
(train, 訓練), `endings`, `name_patterns` (name:_), `folder_groups`, `ids_in_names`. What is not
opened: `foreign`; labels beside pictures that nobody can use: `unheard`. Pictures with labels in
memory: `in_memory`; two data sets as one: `joining`. What somebody names to have predicted:
`inputs`.
"""

import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from diptych.data.class_order import in_order
from diptych.data.dataset import NONE, Dataset
from diptych.data.pixel_format import NO_FORMAT, PixelFormat
from diptych.data.places import Address, place_named
from diptych.errors import InputError, described
from diptych.images.preprocess import is_picture
from diptych.sources.folders.classes import read_folders
from diptych.sources.folders.copies import without_copy
from diptych.sources.foreign import is_never_opened, refuse_foreign
from diptych.sources.ids_in_names import note_on_ids
from diptych.sources.in_memory import read_labelled
from diptych.sources.joining import refuse_overlap, with_test
from diptych.sources.meaning import Meaning
from diptych.sources.packed_beside import refuse_packed_beside
from diptych.sources.part_labels import unlearned
from diptych.sources.part_words import split_part
from diptych.sources.pixels.arrays import (
    are_arrays,
    holds_arrays,
    read_array_file,
    read_array_folder,
)
from diptych.sources.pixels.layout import looks_like_pixels
from diptych.sources.pixels.number_arrays import is_array_name
from diptych.sources.pixels.pixel_csv import read_pixel_csv
from diptych.sources.pixels.table_folder import pixel_tables, read_pixel_tables
from diptych.sources.programs import refuse_project
from diptych.sources.stores import (
    Readers,
    is_store,
    read_address,
    read_store,
    read_stores,
    stores_in,
)
from diptych.sources.tables.beside import read_beside
from diptych.sources.tables.files import read_table
from diptych.sources.tables.opening import Table, is_in_utf_8, table_suffix
from diptych.sources.tables.siblings import note_on_siblings
from diptych.sources.tables.whereabouts import names_files, tree_of_table
from diptych.sources.trees import Tree
from diptych.sources.trees.folder import FolderTree
from diptych.sources.trees.numbered import named_by_pattern
from diptych.sources.unheard import read_heard
from diptych.system.files import is_regular, path_of
from diptych.system.garbage import no_garbage

# What is called so may be any text.
_TEXTS = (".txt", ".lst", ".list", ".dat")
_OBJECTS = (".json", ".jsonl", ".ndjson", ".feather")
_PACKED = (".gz", ".zst", ".zip")
TABLES = (
    *(".csv", ".tsv", ".tab", ".psv", ".json", ".jsonl", ".ndjson"),
    *_TEXTS,
    *_PACKED,
)
_NOT_UTF_8 = "its text is not UTF-8, and was read as Windows-1252"


def is_table(path: Path) -> bool:
    """Whether a file is called as tables and arrays are, and is no picture."""
    is_called_so = path.suffix.lower() in TABLES or is_array_name(path.name)
    return is_called_so and not is_picture(path)


def may_hold_pixels(path: Path) -> bool:
    """Whether a file is called as tables are, and of a text whether it has numbers in it."""
    if path.suffix.lower() not in (*_TEXTS, *_PACKED):
        return path.suffix.lower() not in _OBJECTS and is_table(path)
    try:
        if table_suffix(path) in _OBJECTS:
            return False
        return path.suffix.lower() in _PACKED or looks_like_pixels(path)
    except (InputError, OSError):
        return False


def read(
    data: Any,
    labels: Any = None,
    *,
    test: Any = None,
    files: str | None = None,
    label: str | None = None,
    part: str | None = None,
    group: str | Sequence[str] | None = None,
    fold: int | None = None,
    shape: str | None = None,
    value_range: str | None = None,
    expected: PixelFormat = NO_FORMAT,
) -> Dataset:
    """List the samples of a data set: of a folder or table, or of pictures with `labels`.

    A folder holds `root/<class>/…`, or `root/{train,valid,test}/<class>/…` whose split is kept, or
    tables that name its files and their labels. A table (.csv, .tsv, .jsonl; .gz, .zst or .zip of
    one) names files and labels too, or holds a picture's pixels in each row. An archive (.zip,
    .tar, .tar.gz and the like) is read as its folder would be, Parquet files hold a picture in each
    row, and tars of records are WebDataset's shards. All of it may lie at an address such as
    s3://bucket/photos.

    What all of it means is inferred, or said: the titles of the columns of `files`, `label`, `part`
    and `group` (of several columns too), or a level of folders ("folder:1" is the first below the
    root), or for labels and groups a pattern of names ("name:_" is what stands before the last _);
    which `fold` is to test on; the `shape` of rows of pixels ("28x28", "32x32x3") and their
    `value_range`, from black to white ("0-255", "-1-1", any two numbers). What is not said of
    numbers is as in the pictures that were `expected`, such as `bundle.pixel_format`.

    Pictures that a program has at hand come with a label each: uint8 arrays (N, H, W) or
    (N, H, W, 3), or a list of names of files, pictures of PIL, bytes or arrays. `test` is a second
    data set, in one value (a pair of pictures and labels), whose samples are the test part, of a
    data set that has none of its own. Raises InputError where there is nothing to read, or
    something in it cannot be.
    """
    if all(isinstance(one, str | os.PathLike | Address) and one for one in (data, test)):
        refuse_overlap(_place(data), _place(test))
    part, words = split_part(part) if isinstance(part, str) else (part, ())
    meaning = Meaning(files, label, part, _titles(group), fold, shape, value_range, words)
    meaning.refuse_senseless()
    if labels is not None:
        meaning.refuse_unused("labels", "what comes with labels")
    samples = _labelled(data, labels) if labels is not None else _read(data, meaning, expected)
    if test is None:
        return samples
    pair = isinstance(test, tuple | list) and len(test) == 2
    # Both have one black, one white and one order of colours.
    alike = samples.pixel_format or expected
    return with_test(samples, _labelled(*test) if pair else _read(test, meaning, alike))


def _titles(group: Any) -> tuple[str, ...]:
    """The titles of columns to group by; raises InputError for what is none."""
    if isinstance(group, str) or group is None:
        return () if group is None else (group,)
    if not isinstance(group, Sequence):
        raise InputError(
            f"group is the title of a column, or a list of them, not {described(group)}"
        )
    return tuple(group)


def as_dataset(data: Any, labels: Any = None, expected: PixelFormat = NO_FORMAT) -> Dataset:
    """A data set as it is, or what `read` makes of anything else."""
    if labels is None and isinstance(data, Dataset):
        return data
    return read(data, labels, expected=expected)


def _labelled(pictures: Any, labels: Any) -> Dataset:
    return _with_one_spelling(read_labelled(pictures, labels))


def _read(data: Any, meaning: Meaning, expected: PixelFormat) -> Dataset:
    if not isinstance(data, str | os.PathLike | Address):
        raise InputError(
            f"{described(data)} is no folder or table; pictures in memory, or a list of names, "
            "want a label each: read(pictures, labels)"
        )
    with no_garbage():
        samples = _with_one_spelling(_as_it_lies(_place(data), meaning, expected))
    word = unlearned(samples)
    return replace(samples, note="\n".join(filter(None, (samples.note, word))))


def _place(data: "str | os.PathLike[str] | Address") -> Path | Address:
    """What a name stands for; raises InputError for an empty one."""
    if isinstance(data, Address):
        return data
    path_of(data, "the folder or table")
    return place_named(os.fsdecode(data))


def _with_one_spelling(data: Dataset) -> Dataset:
    """The same with class names of one spelling: macOS and others write ä in two ways."""
    spelt = {label: unicodedata.normalize("NFC", label) for label in data.classes}
    if NONE in spelt.values():
        raise InputError(
            f"{data.root}: no class may be called '{NONE}', which is the answer for pictures of "
            "something else; call it otherwise"
        )
    if all(label == name for label, name in spelt.items()):
        return data
    samples = tuple(sample._replace(label=spelt[sample.label]) for sample in data.samples)
    return replace(data, classes=in_order(spelt.values()), samples=samples)


def _as_it_lies(place: Path | Address, meaning: Meaning, expected: PixelFormat) -> Dataset:
    readers = _readers(expected)
    if isinstance(place, Address):
        return read_address(place, meaning, readers)
    if not place.exists():
        tree = named_by_pattern(place)
        if tree is not None and stores_in(tree):
            return readers.tree(tree, meaning)
        raise InputError(f"{place}: no such file or folder")
    if place.is_dir():
        if not os.access(place, os.R_OK | os.X_OK):
            raise InputError(f"{place}: Permission denied")
        return readers.tree(FolderTree(place), meaning)
    if is_store(place.name) and is_regular(place):
        return read_store(place, place, meaning, readers)
    if is_regular(place) and holds_arrays(place):
        return read_array_file(place, meaning, expected)
    if is_regular(place):
        refuse_project(place)
    if not is_table(place) or is_never_opened(place.name):
        if is_regular(place):
            _refuse_packed(place)
            refuse_foreign(place)
        raise InputError(
            f"{place}: not a folder; give one that holds a folder for each class, or a table "
            f"({', '.join(TABLES)}), an archive or a Parquet file"
        )
    return readers.table(place, lambda: FolderTree(place.parent), place, meaning)


def _refuse_packed(path: Path) -> None:
    """Raise InputError for a table that is packed as none is opened."""
    if path.suffix.lower() in (".bz2", ".xz") and is_table(path.with_suffix("")):
        raise InputError(
            f"{path}: a table may be packed as {', '.join(_PACKED)}; unpack this one, and give it"
        )


def _readers(expected: PixelFormat) -> Readers:
    """The readers of what lies in stores, where numbers mean what was expected."""
    return Readers(partial(_read_tree, expected=expected), partial(_read_alone, expected=expected))


def _read_alone(
    table: Table,
    files: Callable[[], Tree],
    root: Path | Address,
    meaning: Meaning,
    expected: PixelFormat,
) -> Dataset:
    """A table of pixels, or of the files in a tree."""
    place: Any = table  # whose readers open what lies in a holder too
    of_this_machine = isinstance(table, Path)
    pixels = table_suffix(place) not in _OBJECTS and looks_like_pixels(place)
    if pixels and not (of_this_machine and names_files(place)):
        return replace(read_pixel_csv(place, meaning, expected), root=root)
    if isinstance(table, Path):
        own, name = tree_of_table(table, meaning)
        data = _with_hints(read_table(own, name, meaning), meaning)
        data = data.with_note(note_on_siblings(own.names, name))
        return data if is_in_utf_8(table) else replace(data, note=f"{data.note}; {_NOT_UTF_8}")
    tree = files()
    name = table.within if table.within in tree.names else table.name
    return _with_hints(read_table(tree, name, meaning), meaning)


def _read_tree(tree: Tree, meaning: Meaning, expected: PixelFormat) -> Dataset:
    """What a tree of files holds, by what is in it."""
    if stores := stores_in(tree):
        return read_stores(tree, stores, meaning, _readers(expected))
    refuse_packed_beside(tree)
    narrow, copies, note = without_copy(tree, meaning)
    data = _read_files(narrow, meaning, expected)
    return replace(data, strays=(*data.strays, *copies)).with_note(note) if copies else data


def _read_files(tree: Tree, meaning: Meaning, expected: PixelFormat) -> Dataset:
    """The same of a tree that holds no store, and everything once."""
    if are_arrays(tree):
        return read_array_folder(tree, meaning, expected)
    if tables := pixel_tables(tree):
        return read_pixel_tables(tree, tables, meaning, expected)
    return read_heard(
        tree, meaning, lambda: _with_hints(read_beside(tree, meaning, read_folders), meaning)
    )


def _with_hints(data: Dataset, meaning: Meaning) -> Dataset:
    """Files with a word on what their names may say of groups, where nobody said any."""
    return data if meaning.group else data.with_note(note_on_ids(data))
