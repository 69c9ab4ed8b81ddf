"""Questions where folders and a table may both be the labels of pictures."""

from collections.abc import Mapping

from diptych.errors import InputError, shortened
from diptych.sources.meaning import LEVEL, Meaning
from diptych.sources.tables.cells import MOST_WORDS, is_telling, may_be_labels
from diptych.sources.tables.file_column import is_sure_of_files
from diptych.sources.tables.file_names import fold
from diptych.sources.tables.folder_series import look_like_ids
from diptych.sources.tables.listings import Listing
from diptych.sources.tables.rows import Row
from diptych.sources.tables.titles import (
    is_fact_title,
    is_label_title,
    is_subject,
    may_be_parts,
    may_name_classes,
)
from diptych.sources.trees import Tree

# Of so many of the pictures a table has to speak.
MOST = 0.9


def refuse_groups_for_classes(tree: Tree, table: Listing, classes: Mapping[str, str]) -> None:
    """Raise InputError where the classes would be patients or the like, by a table of these."""
    title = table.by
    if not title or not is_subject(title) or table.is_labelled:
        return
    at = table.records.titles.index(title)
    rows = {file: row[at] for file, row in table.facts(Meaning()).cells.items()}
    if not all(fold(classes[file]) == fold(key) for file, key in rows.items() if file in classes):
        return
    others = [own for own in table.records.titles[1:] if own != title]
    columns = f"one of its columns ({shortened(others, 4)})" if others else "a table's column"
    raise InputError(
        f"{tree.root}: its folders are called as {title} of {table.name} are; --label "
        f"{level_of_classes(classes)} takes them for the classes, --label COLUMN {columns}, with "
        f"--group '{title}' to keep the pictures of each together"
    )


def refuse_ids_for_classes(tree: Tree, table: Listing, classes: Mapping[str, str]) -> None:
    """Raise InputError where the classes look like sessions or patients, and a table may label.

    Where no column has a usual title of labels, one of few words that comes again may be that.
    """
    if table.by or table.is_labelled or table.covers(classes) < MOST:
        return
    facts = table.facts(Meaning())
    rows = {file: row for file, row in facts.cells.items() if file in classes}
    titles = dict(enumerate(facts.table.titles))
    same = [at for at in facts.roles.further if _are_called_so(at, rows, classes)]
    if any(may_name_classes(titles[at]) or is_label_title(titles[at]) for at in same):
        return  # it says the classes too
    if not same and not look_like_ids(set(classes.values())):
        return
    some = [
        at
        for at in facts.roles.further
        if at not in same
        and not is_fact_title(titles[at])
        and not _are_one_to_one(at, rows, classes)
        and not may_be_parts(titles[at])
        and may_be_labels(cells := [row[at] for row in rows.values()])
        and is_telling(cells)
        and len(set(cells)) <= MOST_WORDS
    ]
    if not some:
        return
    here = level_of_classes(classes)
    keys = f"'{titles[same[0]]}'" if same else here
    called = f"are called as {titles[same[0]]} of {table.name} are" if same else "look like ids"
    raise InputError(
        f"{tree.root}: its folders ({shortened(sorted(set(classes.values())), 3)}) {called}, "
        f"and {table.name} says {shortened([titles[at] for at in some])} of its pictures; which "
        f"are the labels? --label {here} says the folders, --label '{titles[some[0]]}' that "
        f"column, with --group {keys} to keep the pictures of each together"
    )


def _are_called_so(at: int, rows: Mapping[str, Row], classes: Mapping[str, str]) -> bool:
    """Whether a column has the name of the folder in each row."""
    return all(fold(row[at]) == fold(classes[file]) for file, row in rows.items())


def _are_one_to_one(at: int, rows: Mapping[str, Row], classes: Mapping[str, str]) -> bool:
    """Whether a column says the folders, under other names."""
    pairs = {(row[at], classes[file]) for file, row in rows.items()}
    return len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


def refuse_unclear(tree: Tree, table: Listing, classes: Mapping[str, str]) -> None:
    """Raise InputError where most rows of a table may mean one of several of these pictures."""
    try:
        facts = table.facts(Meaning())
    except InputError:
        return
    rows = len(facts.table.rows)
    if table.by or not is_sure_of_files(facts.table, facts.roles.file) or rows < 2:
        return
    if 2 * len(facts.unclear) <= rows:
        return
    raise InputError(
        f"{tree.root}: {table.name} names its pictures, and not in which folder each is: "
        f"{facts.unclear[0]}, or --label {level_of_classes(classes)} takes the folders for the "
        "classes"
    )


def _are_of_subjects(title: str, classes: Mapping[str, str]) -> bool:
    """Whether a column of folders, or their names, look as those of patients and the like do."""
    numbered = all(any(map(str.isdigit, label)) for label in classes.values())
    return is_subject(title) or (numbered and not may_name_classes(title))


def refuse_otherwise(tree: Tree, table: Listing, classes: Mapping[str, str], least: float) -> None:
    """Raise InputError where a table has other labels for the pictures than their folders are.

    It is heard where it names at `least` this share of them.
    """
    if table.by and not _are_of_subjects(table.by, classes):
        return  # it describes the classes
    if not table.is_labelled or not (labels := table.labels):
        return
    if table.covers(classes) < least and not _labels_a_folder_otherwise(labels, classes):
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
    here = level_of_classes(classes)
    keys = f"'{table.by}'" if table.by else here if table.below else ""
    groups = f", with --group {keys} to keep the pictures of each together" if keys else ""
    raise InputError(
        f"{tree.root}: its folders ({folders}) and {roles.label_title} of {table.name} are "
        f"different labels of its pictures; say which are meant: --label {here} or {said}{groups}"
    )


def _labels_a_folder_otherwise(labels: Mapping[str, str], classes: Mapping[str, str]) -> bool:
    """Whether a table labels one folder's pictures alone, and otherwise: it is no class."""
    own = {classes[file] for file in labels if file in classes}
    if len(own) != 1 or len(labels) < MOST * list(classes.values()).count(only := own.pop()):
        return False
    return len({labels[file] for file in labels if classes.get(file) == only}) > 1


def level_of_classes(classes: Mapping[str, str]) -> str:
    """The level of folders that are the classes, as --label takes it."""
    name, label = next(iter(classes.items()))
    folders = name.split("/")[:-1]
    return f"{LEVEL}{folders.index(label) + 1 if label in folders else 1}"
