"""Files that may have the labels of pictures in no class folders, and say nothing as they are."""

import re
from collections.abc import Callable, Iterator

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources.endings import ending, is_called_picture, stem_of
from diptych.sources.foreign import WORKBOOKS, foreign, is_foreign_archive, with_labels
from diptych.sources.meaning import Meaning
from diptych.sources.tables.candidates import tables_among
from diptych.sources.tables.file_column import names_files
from diptych.sources.tables.matching import Files
from diptych.sources.tables.rows import JSON, records
from diptych.sources.tables.titles import is_label_title
from diptych.sources.tables.whereabouts import first_records
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import shown

_LABELS = re.compile(
    r"labels?|class(es)?(?![a-z])|annot|target|truth|coco|instances|categor|diagnos|(^|[_.-])(gt|y|meta)($|[_.-])",
    re.IGNORECASE,
)


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
    if len(data.classes) > 1 or meaning.label is not None:
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


def _unheard(tree: Tree) -> Iterator[str]:
    """Why files that may have labels say nothing, and what to do."""
    tables = tables_among(tree)
    for name in sorted(tables, key=lambda name: not _LABELS.search(stem_of(name))):
        called = bool(_LABELS.search(stem_of(name))) or _has_a_title_of_labels(tree, name)
        if called and (why := _why_nothing(tree, name)):
            yield why
    for name in shown(tree.names):
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
    if different and not named and not name.lower().endswith(JSON):
        return ""
    if len(table.titles) == 1 and not named:
        return (
            f"{name} has {len(rows):,} labels and names no files; write the name of its file "
            "before each, and a comma"
        )
    if names_files(table, Files(tree, name.rpartition("/")[0])):
        return f"{name} says no labels of them; `diptych audit {tree.root}/{name}` says why"
    return f"{name} names no file that is there: '{table.rows[0][0]}', for one"
