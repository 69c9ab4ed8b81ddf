"""Files that may have the labels of pictures in no class folders, and say nothing as they are."""

import re
from collections.abc import Callable, Iterator

from diptych.data.dataset import Dataset
from diptych.errors import InputError, shortened
from diptych.sources.endings import ending, is_called_picture, stem_of
from diptych.sources.foreign import WORKBOOKS, foreign, is_foreign_archive, with_labels
from diptych.sources.meaning import Meaning
from diptych.sources.tables.candidates import GATHERED, METADATA, tables_among
from diptych.sources.tables.cells import is_number
from diptych.sources.tables.file_column import names_files
from diptych.sources.tables.folder_series import look_like_ids
from diptych.sources.tables.matching import Files
from diptych.sources.tables.rows import JSON, records
from diptych.sources.tables.titles import is_label_title
from diptych.sources.tables.whereabouts import first_records
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import other_files

_LABELS = re.compile(
    r"labels?|class(es)?(?![a-z])|annot|target|truth|solution|coco|instances|categor|diagnos|(^|[_.-])(gt|y|meta)($|[_.-])",
    re.IGNORECASE,
)


_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet")


def read_heard(tree: Tree, meaning: Meaning, read: Callable[[], Dataset]) -> Dataset:
    """What is read of a tree; raises InputError where that has no classes, or only one, and a file
    lies there that may have the labels, with what to do with it."""
    try:
        data = read()
    except InputError as refusal:
        unheard = next(_unheard(tree), "") if meaning == Meaning() else ""
        if not unheard or unheard.split(" ")[0] in str(refusal):
            raise
        raise InputError(f"{refusal}; {unheard}") from refusal
    if meaning.label is not None:
        return data
    if len(data.classes) > 1:
        _refuse_ids(tree, data, meaning)
        return data
    if not data.samples and (archive := next(filter(is_foreign_archive, tree.names), "")):
        raise InputError(f"{tree.root}: {archive} is {foreign(archive)}")
    unheard = next(_unheard(tree), "")
    if not unheard:
        return data
    if not data.classes:
        raise InputError(f"{tree.root}: its pictures lie in no class folder, and {unheard}")
    only = data.classes[0]
    raise InputError(
        f"{tree.root}: all pictures lie in {only}, and {unheard}; --label folder:1 if {only} is "
        "their class"
    )


def _refuse_ids(tree: Tree, data: Dataset, meaning: Meaning) -> None:
    """Raise InputError where the classes look like patients or scenes, and a file lies there that
    may have labels and is not used."""
    numbers_alone = all(map(str.isdecimal, data.classes))
    if meaning != Meaning() or numbers_alone or not look_like_ids(data.classes):
        return
    if any(stray.reason == "table" for stray in data.strays):
        return
    samples = {sample.label: sample.name for sample in data.samples}
    named = list(_called_as_labels(tree))
    if not named or not data.samples:
        return
    way = data.samples[0].name.split("/")[:-1]
    label = data.samples[0].label
    level = way.index(label) + 1 if label in way else 1
    raise InputError(
        f"{tree.root}: its folders ({shortened(sorted(samples), 3)}) look like ids of what groups "
        f"pictures, and {named[0]}, which may have their labels, names no file or folder of them; "
        f"write a table of files and labels, or say --label folder:{level} to take the folders"
    )


def _called_as_labels(tree: Tree) -> Iterator[str]:
    """Tables that are called as those of labels or other facts are."""
    for name in other_files(tree):
        called = _LABELS.search(stem_of(name)) or name.rpartition("/")[2] in METADATA
        if ending(name) in _TABLES and called:
            yield name


def _unheard(tree: Tree) -> Iterator[str]:
    """Why files that may have labels say nothing, and what to do."""
    tables = [name for name in tables_among(tree) if name.rpartition("/")[2] != GATHERED]
    for name in sorted(tables, key=lambda name: not _LABELS.search(stem_of(name))):
        called = bool(_LABELS.search(stem_of(name))) or _has_a_title_of_labels(tree, name)
        if called and (why := _why_nothing(tree, name)):
            yield why
    for name in other_files(tree):
        if ending(name) == ".manifest" and name.count("/") <= 1:
            yield (
                f"{name} is a manifest of another program; save it as .jsonl, or write files and "
                "labels into a CSV"
            )
    for name in other_files(tree):
        if name.count("/") > 1:
            continue
        if (ending(name) in WORKBOOKS or _LABELS.search(stem_of(name))) and (
            why := with_labels(name)
        ):
            yield f"{name} is {why}"


def _has_a_title_of_labels(tree: Tree, name: str) -> bool:
    """Whether a table, whatever it is called, has a column that is called as labels are."""
    try:
        titles = first_records(tree.place(name)).titles if not name.endswith(JSON) else ()
    except InputError:
        return False
    return len(titles) > 1 and any(map(is_label_title, titles))


def _why_nothing(tree: Tree, name: str) -> str:
    """Why a table says no labels; "" where it names classes alone."""
    try:
        table = records(tree.place(name))
    except InputError as error:
        return f"{name} cannot be used: {str(error).partition(f'{name}: ')[2] or error}"
    rows = [*([table.titles] if table.headed else []), *table.rows]
    different = all(len({row[at] for row in rows}) == len(rows) for at in range(len(table.titles)))
    named = any(map(is_called_picture, (cell for row in rows for cell in row)))
    if names_files(table, Files(tree, name.rpartition("/")[0])):
        return f"{name} says no labels of them; `diptych audit {tree.root}/{name}` says why"
    is_map = any(all(map(is_number, table.column(at))) for at in range(len(table.titles)))
    if different and not named and (is_map or not name.lower().endswith(JSON)):
        return ""
    if len(table.titles) == 1 and not named:
        return (
            f"{name} has {len(rows):,} labels and names no files; write the name of its file "
            "before each, and a comma"
        )
    return f"{name} names no file that is there: '{table.rows[0][0]}', for one"
