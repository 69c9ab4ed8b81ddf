"""Questions where folders and a table may both be the labels of pictures."""

from collections.abc import Mapping

from diptych.errors import InputError, shortened
from diptych.sources.meaning import LEVEL, Meaning
from diptych.sources.tables.file_names import fold
from diptych.sources.tables.listings import Listing
from diptych.sources.tables.titles import is_subject, may_name_classes
from diptych.sources.trees import Tree


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
    here = level_of_classes(classes)
    keys = f"'{table.by}'" if table.by else here if table.below else ""
    groups = f", with --group {keys} to keep the pictures of each together" if keys else ""
    raise InputError(
        f"{tree.root}: its folders ({folders}) and {roles.label_title} of {table.name} are "
        f"different labels of its pictures; say which are meant: --label {here} or {said}{groups}"
    )


def level_of_classes(classes: Mapping[str, str]) -> str:
    """The level of folders that are the classes, as --label takes it."""
    name, label = next(iter(classes.items()))
    folders = name.split("/")[:-1]
    return f"{LEVEL}{folders.index(label) + 1 if label in folders else 1}"
