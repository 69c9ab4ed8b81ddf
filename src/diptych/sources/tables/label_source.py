"""Which of the tables of a tree have the labels of its pictures, or whether its folders do."""

from collections.abc import Mapping, Sequence

from diptych.errors import InputError, shortened
from diptych.sources.endings import stem_of
from diptych.sources.meaning import Meaning, is_level
from diptych.sources.parts import part_in
from diptych.sources.tables.candidates import GATHERED
from diptych.sources.tables.contradictions import (
    refuse_groups_for_classes,
    refuse_ids_for_classes,
    refuse_otherwise,
    refuse_unclear,
)
from diptych.sources.tables.listings import Listing
from diptych.sources.tables.part_lists import part_lists
from diptych.sources.tables.titles import plain
from diptych.sources.trees import Tree

# Of so many of the pictures in class folders a table has to speak, to say that they are no classes.
MOST = 0.9


def label_source(
    tree: Tree,
    described: Sequence[str],
    listings: Sequence[Listing],
    classes: Mapping[str, str],
    meaning: Meaning,
) -> list[str]:
    """The tables that the tree is to be read by; none where its folders are the classes."""
    own = [one for one in listings if one.name in described]
    others = [one for one in listings if one.name not in described]
    if is_level(meaning.label):
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
    listings = [one for one in listings if one.name.rpartition("/")[2] != GATHERED]
    if classes:
        parts = part_lists([one.name for one in listings], meaning, tree.root).parts
        for one in listings:
            refuse_unclear(tree, one, classes)
            refuse_groups_for_classes(tree, one, classes)
            refuse_ids_for_classes(tree, one, classes)
            refuse_otherwise(tree, one, classes, 0 if one.name in parts else MOST)
        return []
    if meaning.label or meaning.files:
        return _one_of(tree, listings)
    # Other tables may say more of the same pictures, in columns of which none is surely the label.
    sure = [one for one in listings if one.is_labelled and one.labels]
    labelled = sure or [one for one in listings if one.labels]
    labelled = [one for one in labelled if not one.is_of_groups] or labelled
    labelled = [one for one in labelled if not _is_dictionary(one, labelled)]
    return _one_of(tree, labelled) if labelled else []


def _is_dictionary(table: Listing, others: Sequence[Listing]) -> bool:
    """Whether a table says what another calls its classes: a row for each class."""
    labels = table.labels or {}
    for one in others:
        if not table.by or one.by:
            continue
        pairs = {(own, labels[file]) for file, own in (one.labels or {}).items() if file in labels}
        alone = len(pairs) == len({own for own, _ in pairs})
        is_by_label = plain(table.by) == plain(one.labelled[1].label_title)
        if pairs and alone and (is_by_label or len(pairs) == len({word for _, word in pairs})):
            return True
    return False


def _one_of(tree: Tree, listings: Sequence[Listing]) -> Sequence[Listing]:
    """The only one of those nearest to the root, or those of a part each."""
    if all(one.below for one in listings):
        return listings
    least = min(one.name.count("/") for one in listings)
    listings = [one for one in listings if one.name.count("/") == least]
    stems = [part_in(stem_of(one.name)) or part_in(one.name.rpartition("/")[0]) for one in listings]
    if len(listings) == 1 or (all(stems) and len(set(stems)) == len(stems)):
        return list(listings)
    largest = max(listings, key=lambda one: (len(one.labels or ()), len(one.records.titles)))
    others = [one.labels or {} for one in listings if one is not largest]
    if all(own.items() < (largest.labels or {}).items() for own in others):
        return [largest]  # the others are lists of some of its rows
    titles = {*largest.records.titles}
    if all({*one.records.titles} < titles for one in listings if one is not largest) and all(
        own.items() <= (largest.labels or {}).items() for own in others
    ):
        return [largest]  # the others have some of its columns
    names = shortened([one.name for one in listings])
    raise InputError(
        f"{tree.root}: several tables name its pictures and their labels: {names}; "
        f"{_which(listings)}"
    )


def _which(tables: Sequence[Listing]) -> str:
    """How to say which of several tables are meant, of which some may go together."""
    homes: dict[str, set[str]] = {}
    for one in tables:
        folder, _, file = one.name.rpartition("/")
        homes.setdefault(folder, set()).add(part_in(stem_of(file)))
    if len(homes) > 1 and "" not in homes and all(len(parts) > 1 for parts in homes.values()):
        return f"give the folder of those that are meant: {shortened(sorted(homes))}"
    alone = len(tables) > 1 and all(part_in(stem_of(one.name)) for one in tables)
    test = ", and the one of its test part with --test" if alone else ""
    return f"give the one that is meant{test}"
