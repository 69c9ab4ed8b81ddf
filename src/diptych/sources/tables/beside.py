"""Tables that lie among the pictures they name: train.csv beside train/, facts beside classes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import PurePosixPath
from typing import Protocol

from diptych.data.dataset import Dataset, Stray
from diptych.errors import InputError, shortened
from diptych.sources.endings import COMPANIONS, ending
from diptych.sources.folders.part_classes import refuse_different
from diptych.sources.meaning import Meaning, is_level
from diptych.sources.parts import part_in
from diptych.sources.tables.described import describing, read_described
from diptych.sources.tables.facts import (
    Facts,
    Pictures,
    are_parted,
    of_folders,
    refuse_unknown,
    with_facts,
)
from diptych.sources.tables.fold_columns import NoFoldsError
from diptych.sources.tables.label_source import label_source
from diptych.sources.tables.listings import Listing, listings_of
from diptych.sources.tables.part_lists import part_lists, with_parts_of_tables
from diptych.sources.tables.unlabelled import labels_of_unlabelled
from diptych.sources.trees import Tree
from diptych.sources.trees.narrowed import NarrowedTree
from diptych.sources.trees.walking import is_hidden

# Of so many of the pictures a table has to speak, to be heard.
HALF = 0.5


class ByFolders(Protocol):
    """Reads a tree by its folders, and files in parts without class folders by their labels."""

    def __call__(self, tree: Tree, meaning: Meaning, labels: Mapping[str, str] = ..., /) -> Dataset:
        """The data set."""


def read_beside(tree: Tree, meaning: Meaning, by_folders: ByFolders) -> Dataset:
    """A tree by its folders or by tables in it, with what other tables say of the same files.

    Raises InputError where both say something else of its pictures, or several tables do.
    """
    described = describing(tree)
    label = None if is_level(meaning.label) else meaning.label
    listings = listings_of(tree, meaning.files, label)
    described = [name for name in described if not any(o.name == name and o.by for o in listings)]
    if not described and not listings:
        return by_folders(tree, meaning)
    folders_of_lists = _folders_of_lists(tree, listings)
    narrow = NarrowedTree(tree, folders_of_lists) if folders_of_lists else tree
    data = _read(tree, narrow, described, listings, meaning, by_folders)
    if not folders_of_lists:
        return data
    known = {sample.name for sample in data.samples} | {stray.name for stray in data.strays}
    of_lists = tuple(f"{folder}/" for folder in folders_of_lists)
    aside = [
        Stray(name, "table", "says which files are in a part, or the like")
        for name in tree.names
        if name.startswith(of_lists) and name not in known
    ]
    return replace(data, strays=(*data.strays, *aside))


def _folders_of_lists(tree: Tree, listings: Sequence[Listing]) -> list[str]:
    """The folders that hold tables and texts alone, and are no classes whatever they are called."""
    with_more = {
        PurePosixPath(folder)
        for folder in {
            name.rpartition("/")[0]
            for name in tree.names
            if ending(name) not in COMPANIONS and not is_hidden(name.rpartition("/")[2])
        }
    }
    with_more |= {above for folder in with_more for above in folder.parents}
    folders = {above for one in listings for above in PurePosixPath(one.name).parents} - with_more
    return sorted(str(folder) for folder in folders if not folders & {*folder.parents})


def _read(
    tree: Tree,
    narrow: Tree,
    described: Sequence[str],
    listings: Sequence[Listing],
    meaning: Meaning,
    by_folders: ByFolders,
) -> Dataset:
    """The same; folders are read of a tree without those of lists."""
    read = cache(partial(by_folders, narrow))
    classes = _classes(read, of_folders(meaning, True) if is_level(meaning.label) else Meaning())
    sources = label_source(tree, described, listings, classes, meaning)
    if sources:
        return _by_tables(tree, sources, listings, meaning)
    if not classes:
        return read(meaning)
    if meaning.label is not None:
        return _by_folders(tree, listings, meaning, classes, read)
    labels, notes = labels_of_unlabelled(read(Meaning()), listings, classes)
    if labels:
        and_by_tables = partial(_with_labels, by_folders, narrow, labels)
        classes = _classes(and_by_tables, Meaning())
        data = _by_folders(tree, listings, meaning, classes, and_by_tables)
    else:
        data = _by_folders(tree, listings, meaning, classes, read)
    strays = [
        Stray(s.name, "table", "names the files and their labels") if s.name in notes else s
        for s in data.strays
    ]
    return replace(data, strays=tuple(strays)).with_note(*notes.values())


def _with_labels(
    by_folders: ByFolders, tree: Tree, labels: Mapping[str, str], meaning: Meaning
) -> Dataset:
    return by_folders(tree, meaning, labels)


def _by_folders(
    tree: Tree,
    listings: Sequence[Listing],
    meaning: Meaning,
    classes: Mapping[str, str],
    read: Callable[[Meaning], Dataset],
) -> Dataset:
    """Folders as classes, with what tables say besides."""
    lists = part_lists([one.name for one in listings], meaning, tree.root)
    meaning = replace(meaning, fold=None) if lists.fold is not None else meaning
    facts = _facts(listings, classes, lists.parts, meaning)
    if not facts:
        return read(meaning).with_note(lists.note)
    refuse_unknown(tree.root, facts, meaning)
    data = read(of_folders(meaning, are_parted(facts))).with_note(lists.note)
    pictures = with_parts_of_tables(Pictures(data), lists.parts, facts)
    return with_facts(pictures, facts, meaning)


def _by_tables(
    tree: Tree, sources: Sequence[str], listings: Sequence[Listing], meaning: Meaning
) -> Dataset:
    """Labels by one table, or one for each part, with what others say of the same files."""
    own = [one for one in listings if one.name in sources]
    others = [one for one in listings if one.name not in sources]
    lists = part_lists([one.name for one in others], meaning, tree.root)
    meaning = replace(meaning, fold=None) if lists.fold is not None else meaning
    rows_of = {one.name: one.rows for one in own if one.rows}
    elsewhere = {
        title
        for title in (*meaning.group, meaning.part)
        if title and not any(one.has(title) for one in own) and any(o.has(title) for o in others)
    }
    groups = tuple(title for title in meaning.group if title not in elsewhere)
    mine, rest = replace(meaning, group=groups), Meaning()
    if meaning.part in elsewhere:
        mine, rest = replace(mine, part=None, fold=None), replace(meaning, group=())
    rest = replace(rest, group=tuple(title for title in meaning.group if title in elsewhere))
    try:
        data, file_of = read_described(tree, sources, mine, rows_of)
    except NoFoldsError as refusal:
        rest = replace(rest, part=mine.part, fold=mine.fold)
        if mine.part is not None or not are_parted([one.facts(rest) for one in others]):
            raise refusal
        data, file_of = read_described(tree, sources, replace(mine, fold=None), rows_of)
    _refuse_other_classes(data, own)
    facts = _facts(others, {file_of[sample.name] for sample in data.samples}, lists.parts, rest)
    pictures = Pictures(data.with_note(lists.note), file_of, "joined by file name: ")
    return with_facts(with_parts_of_tables(pictures, lists.parts, facts), facts, rest)


def _refuse_other_classes(data: Dataset, tables: Sequence[Listing]) -> None:
    """Raise InputError where tables or folders of parts have a class that is not to train on."""
    labels_of: dict[str, set[str]] = {}
    for sample in data.samples:
        labels_of.setdefault(sample.part, set()).add(sample.label)
    to_train_on = labels_of.get("train", set())
    parted = len(tables) > 1 or not any(one.labelled[1].parts.columns for one in tables)
    names = shortened(sorted(one.name for one in tables))
    if parted and to_train_on and any(own - to_train_on for own in labels_of.values()):
        refuse_different(data.root, labels_of, data.samples, names)


def _facts(
    listings: Sequence[Listing],
    files: Collection[str],
    parts: Collection[str],
    meaning: Meaning,
) -> list[Facts]:
    """What tables say that name at least half of the files, are of a part, or were meant."""
    titles = {title for title in (*meaning.group, meaning.part) if title}
    return [
        one.facts(meaning)
        for one in listings
        if one.name in parts or any(map(one.has, titles)) or one.covers(files) >= HALF
    ]


def _classes(read: Callable[[Meaning], Dataset], meaning: Meaning) -> Mapping[str, str]:
    """The class of each picture that lies in a class folder, where there are several."""
    try:
        data = read(meaning)
    except InputError:
        return {}
    classes = {
        sample.name: sample.label
        for sample in data.samples
        if ending(sample.name) not in COMPANIONS
    }
    different = set(classes.values())
    return classes if len(different) > 1 and not all(map(part_in, different)) else {}
