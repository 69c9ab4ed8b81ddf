"""Labels that tables say of a part without class folders: Train/cat/…, Test/…, Test.csv."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from diptych.data.dataset import Dataset
from diptych.errors import InputError, shortened
from diptych.sources.tables.contradictions import level_of_classes
from diptych.sources.tables.listings import Listing
from diptych.sources.tables.titles import plain


def labels_of_unlabelled(
    data: Dataset, listings: Sequence[Listing], classes: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The class of each file of a part without class folders, and a word on each table of such.

    `classes` has that of each picture in class folders. Raises InputError where a table calls
    classes otherwise than folders do, and nothing says which is which.
    """
    unlabelled = {stray.name for stray in data.strays if stray.reason == "unlabelled"}
    class_of: dict[str, str] = {}
    notes: dict[str, str] = {}
    for one, labels in _labelling(listings, unlabelled):
        names = set(labels.values())
        class_named = _classes_named(names, classes, _pairs(one, listings, classes))
        if class_named is None:
            unlike = (
                f"{one.name} labels {len(labels):,} pictures that lie in no class folder with "
                f"{shortened(sorted(names), 3)}, and folders are called "
                f"{shortened(sorted(set(classes.values())), 3)}"
            )
            if one.is_labelled:
                raise InputError(
                    f"{data.root}: {unlike}; call both the same, or say --label "
                    f"{level_of_classes(classes)} to leave those pictures out"
                )
            notes[one.name] = f"{unlike}; they are set aside, call both the same to have them"
            continue
        own = {file: class_named[label] for file, label in labels.items()}
        if other := next((f for f in own if class_of.get(f, own[f]) != own[f]), ""):
            raise InputError(
                f"{data.root}: tables have two labels for {other}: {class_of[other]} and, in "
                f"{one.name}, {own[other]}; correct one of them"
            )
        class_of |= own
        title = one.labelled[1].label_title
        spelt = "" if all(a == b for a, b in class_named.items()) else _spelling(class_named)
        notes[one.name] = (
            f"{title} of {one.name} labels {len(own):,} pictures that lie in no class folder{spelt}"
        )
    return class_of, notes


def _labelling(
    listings: Sequence[Listing], unlabelled: Collection[str]
) -> Iterator[tuple[Listing, dict[str, str]]]:
    """The tables that label some of these files, and how."""
    for one in listings:
        try:
            labels = one.labels if unlabelled else None
        except InputError:
            continue
        if labels and (own := {f: label for f, label in labels.items() if f in unlabelled}):
            yield one, own


def _pairs(
    table: Listing, listings: Sequence[Listing], classes: Mapping[str, str]
) -> set[tuple[str, str]]:
    """What tables with this column of labels call the classes that folders are: Train.csv."""
    title = plain(table.labelled[1].label_title)
    pairs = set()
    for one in listings:
        try:
            labels = one.labels or {}
        except InputError:
            continue
        if labels and plain(one.labelled[1].label_title) == title:
            pairs |= {(label, classes[file]) for file, label in labels.items() if file in classes}
    return pairs


def _classes_named(
    names: Collection[str], classes: Mapping[str, str], pairs: Collection[tuple[str, str]]
) -> dict[str, str] | None:
    """The class that each name is, as other rows or the names tell; None where they do not."""
    folders = set(classes.values())
    if pairs:
        by_rows = dict(pairs)
        one_to_one = len(pairs) == len(by_rows) == len(set(by_rows.values()))
        return by_rows if one_to_one and by_rows.keys() >= set(names) else None
    if folders >= set(names):
        return {name: name for name in names}
    if not all(name.isdecimal() for name in (*folders, *names)):
        return None
    by_number = {int(folder): folder for folder in folders}  # 00007 is 7
    if len(by_number) < len(folders) or not by_number.keys() >= set(map(int, names)):
        return None
    return {name: by_number[int(name)] for name in names}


def _spelling(class_named: Mapping[str, str]) -> str:
    name, folder = min((name, folder) for name, folder in class_named.items() if name != folder)
    return f"; its {name} is {folder}"
