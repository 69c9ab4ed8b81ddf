"""Tables that lie among the pictures they name: train.csv beside train/, facts beside classes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import PurePosixPath
from typing import Protocol

from diptych.data.dataset import Dataset, Stray
from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning, level
from diptych.sources.parts import parts_of_tables
from diptych.sources.tables.described import describing, read_described
from diptych.sources.tables.facts import (
    Facts,
    Pictures,
    are_parted,
    of_folders,
    refuse_unknown,
    with_facts,
)
from diptych.sources.tables.file_names import COMPANIONS, part_in
from diptych.sources.tables.listings import Listing, listings_of
from diptych.sources.tables.part_tables import with_parts_of_tables
from diptych.sources.tables.table_parts import NoFoldsError
from diptych.sources.tables.unlabelled import labels_of_unlabelled
from diptych.sources.trees import Tree

# Of so many of the pictures in class folders a table has to speak, to be heard.
MOST, HALF = 0.9, 0.5


class ByFolders(Protocol):
    """Reads a tree by its folders, and files in parts without class folders by their labels."""

    def __call__(self, tree: Tree, meaning: Meaning, labels: Mapping[str, str] = ..., /) -> Dataset:
        """The data set."""


def read_beside(tree: Tree, meaning: Meaning, by_folders: ByFolders) -> Dataset:
    """A tree by its folders or by tables in it, with what other tables say of the same files.

    Raises InputError where both say something else of its pictures, or several tables do.
    """
    read = cache(partial(by_folders, tree))
    described = describing(tree)
    listings = listings_of(tree, meaning.files)
    if not described and not listings:
        return read(meaning)
    classes = _classes(read, of_folders(meaning, True) if _is_level(meaning.label) else Meaning())
    sources = _sources(tree, described, listings, classes, meaning)
    if sources:
        return _by_tables(tree, sources, listings, meaning)
    if not classes:
        return read(meaning)
    if meaning.label is not None:
        return _by_folders(tree, listings, meaning, classes, read)
    labels, notes = labels_of_unlabelled(read(Meaning()), listings, classes)
    if labels:
        and_by_tables = partial(_with_labels, by_folders, tree, labels)
        classes = _classes(and_by_tables, Meaning())
        data = _by_folders(tree, listings, meaning, classes, and_by_tables)
    else:
        data = _by_folders(tree, listings, meaning, classes, read)
    strays = [
        Stray(s.name, "table", "names the files and their labels") if s.name in notes else s
        for s in data.strays
    ]
    note = "\n".join(filter(None, (data.note, *notes.values())))
    return replace(data, strays=tuple(strays), note=note)


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
    parts = _parts(listings, meaning)
    facts = _facts(listings, classes, parts, meaning)
    if not facts:
        return read(meaning)
    refuse_unknown(tree.root, facts, meaning)
    data = read(of_folders(meaning, are_parted(facts)))
    pictures = with_parts_of_tables(Pictures(data), parts, facts)
    return with_facts(pictures, facts, meaning)


def _by_tables(
    tree: Tree, sources: Sequence[str], listings: Sequence[Listing], meaning: Meaning
) -> Dataset:
    """Labels by one table, or one for each part, with what others say of the same files."""
    own = [one for one in listings if one.name in sources]
    others = [one for one in listings if one.name not in sources]
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
        data, file_of = read_described(tree, sources, mine)
    except NoFoldsError as refusal:
        rest = replace(rest, part=mine.part, fold=mine.fold)
        if mine.part is not None or not are_parted([one.facts(rest) for one in others]):
            raise refusal
        data, file_of = read_described(tree, sources, replace(mine, fold=None))
    parts = _parts(others, meaning)
    facts = _facts(others, {file_of[sample.name] for sample in data.samples}, parts, rest)
    pictures = Pictures(data, file_of, "joined by file name: ")
    return with_facts(with_parts_of_tables(pictures, parts, facts), facts, rest)


def _parts(listings: Sequence[Listing], meaning: Meaning) -> Mapping[str, str]:
    """The part of each table that is called as one, where none was said otherwise."""
    if meaning.part is not None or meaning.fold is not None:
        return {}
    return parts_of_tables([one.name for one in listings])


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


def _sources(
    tree: Tree,
    described: Sequence[str],
    listings: Sequence[Listing],
    classes: Mapping[str, str],
    meaning: Meaning,
) -> list[str]:
    """The tables that the tree is to be read by; none where its folders are the classes."""
    own = [one for one in listings if one.name in described]
    others = [one for one in listings if one.name not in described]
    if _is_level(meaning.label):
        return list(described)
    if meaning.label:
        in_own, in_others = (any(o.has(meaning.label) for o in some) for some in (own, others))
        is_described = in_own or not in_others
    else:
        labelled, elsewhere = (any(o.is_labelled for o in some) for some in (own, others))
        is_described = labelled or not (classes or elsewhere)
    if described and is_described:
        return list(described)
    return [one.name for one in _chosen(tree, listings, classes, meaning)]


def _chosen(
    tree: Tree, listings: Sequence[Listing], classes: Mapping[str, str], meaning: Meaning
) -> Sequence[Listing]:
    """The tables that have the labels; none where folders are the classes."""
    if meaning.files is not None:
        listings = [one for one in listings if one.has(meaning.files)]
    if meaning.label and (having := [one for one in listings if one.has(meaning.label)]):
        return _one_of(tree, having)
    if classes:
        parts = parts_of_tables([one.name for one in listings])
        for one in listings:
            _refuse_otherwise(tree, one, classes, 0 if one.name in parts else MOST)
        return []
    if meaning.label or meaning.files:
        return _one_of(tree, listings)
    # Other tables may say more of the same pictures, in columns of which none is surely the label.
    sure = [one for one in listings if one.is_labelled and one.labels]
    labelled = sure or [one for one in listings if one.labels]
    labelled = [one for one in labelled if not one.is_of_groups] or labelled
    return _one_of(tree, labelled) if labelled else []


def _one_of(tree: Tree, listings: Sequence[Listing]) -> Sequence[Listing]:
    """The only one of those nearest to the root, or those of a part each."""
    least = min(one.name.count("/") for one in listings)
    listings = [one for one in listings if one.name.count("/") == least]
    stems = [
        part_in(PurePosixPath(one.name).stem) or part_in(one.name.rpartition("/")[0])
        for one in listings
    ]
    if len(listings) == 1 or (all(stems) and len(set(stems)) == len(stems)):
        return list(listings)
    names = shortened([one.name for one in listings])
    raise InputError(
        f"{tree.root}: several tables name its pictures and their labels: {names}; give the one "
        "that is meant"
    )


def _refuse_otherwise(tree: Tree, table: Listing, classes: Mapping[str, str], least: float) -> None:
    """Raise InputError where a table has other labels for the pictures than their folders are.

    It is heard where it names at `least` this share of them.
    """
    if not table.is_labelled or not (labels := table.labels) or table.covers(classes) < least:
        return
    pairs = {(labels[file], classes[file]) for file in classes if file in labels}
    if len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs}):
        return
    roles = table.labelled[1]
    folders = shortened(sorted(set(classes.values())), 3)
    if callable(roles.label) or not isinstance(roles.label, int):
        said = f"diptych audit {tree.root}/{table.name}"
    else:
        said = f"--label '{roles.label_title}'"
    raise InputError(
        f"{tree.root}: its folders ({folders}) and {roles.label_title} of {table.name} are "
        f"different labels of its pictures; say which are meant: --label folder:1 or {said}"
    )


def _classes(read: Callable[[Meaning], Dataset], meaning: Meaning) -> Mapping[str, str]:
    """The class of each picture that lies in a class folder, where there are several."""
    try:
        data = read(meaning)
    except InputError:
        return {}
    classes = {
        sample.name: sample.label
        for sample in data.samples
        if PurePosixPath(sample.name).suffix.lower() not in COMPANIONS
    }
    different = set(classes.values())
    return classes if len(different) > 1 and not all(map(part_in, different)) else {}


def _is_level(said: str | None) -> bool:
    return said is not None and level(said) is not None
