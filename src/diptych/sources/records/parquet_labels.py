"""The labels of rows of Parquet files: in a column, in several, or the folders of their paths."""

from collections.abc import Sequence
from typing import NamedTuple

from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.parts import are_parts, folder_part, part_named
from diptych.sources.records.parquet_rows import Row, Table, paths_of
from diptych.sources.tables.cells import is_amount, label_spellings, no_labels, says_nothing
from diptych.sources.tables.label_column import NoLabelsError, label_column
from diptych.sources.tables.onehot import OneHot
from diptych.sources.tables.rows import Records, position
from diptych.sources.tables.titles import FILE_TITLES, is_label_title, rank


class Labels(NamedTuple):
    """What the labels of all rows are, in their order, and where they were."""

    title: str  # what they are called in messages
    words: Sequence[Sequence[str]]  # of each row: one, none or several
    column: int | None = None  # where it is one
    parts: Sequence[str] = ()  # that the folders of the paths say, where labels are folders
    note: str = ""


def labels_of(
    table: Records,
    free: Sequence[int],
    rows: Sequence[Row],
    tables: Sequence[Table],
    meaning: Meaning,
) -> Labels:
    """The labels in the column that was said, or in what is free.

    Raises InputError where there are none, or several columns may have them.
    """
    try:
        label = _label(table, free, tables, meaning)
    except NoLabelsError:
        if meaning.label is None and (by_folders := _by_folders(table, tables)):
            return by_folders
        raise
    if isinstance(label, OneHot):
        words = [label.labels(row) for row in table.rows]
        return Labels(f"{len(label.columns)} columns of zeros and ones", words)
    title = table.titles[label]
    cells = table.column(label)
    many = [row.several.get(title.casefold(), ()) for row in rows]
    if any(table.columns.names.get(table.columns.title(title)) for table in tables):
        # Names are as they are; where there is none, the cell is empty.
        words = [list(own or [cell] * bool(cell)) for own, cell in zip(many, cells, strict=True)]
        return Labels(title, words, label)
    single = [cell for cell, own in zip(cells, many, strict=True) if not own]
    if meaning.label is None and is_amount(cell for cell in single if not says_nothing(cell)):
        raise InputError(
            f"{table.path}: {title} looks continuous ('{single[0]}'); a label is a class, not an "
            "amount; --label COLUMN says which column has classes"
        )
    nothing, doubts = no_labels(single)
    spelt = label_spellings(cell for cell in single if cell not in nothing)
    words = [
        list(own or ([spelt[cell]] if cell in spelt else []))
        for own, cell in zip(many, cells, strict=True)
    ]
    return Labels(title, words, label, note=doubts)


def _label(
    table: Records, free: Sequence[int], tables: Sequence[Table], meaning: Meaning
) -> int | OneHot:
    if meaning.label is not None:
        return position(table, meaning.label, "label")
    called = [at for at in free if is_label_title(table.titles[at])]
    named = {title.casefold() for one in tables for title in one.columns.names}
    of_classes = [at for at in free if table.titles[at].casefold() in named]
    if len(of_classes) == 1 and not called:
        return of_classes[0]
    if of_classes and not called:
        titles = [table.titles[at] for at in of_classes]
        raise InputError(
            f"{table.path}: several columns may hold the labels ({shortened(titles)}); say which: "
            f"--label '{titles[0]}', for one"
        )
    if not free:
        raise NoLabelsError(
            f"{table.path}: no column beside the pictures can hold labels; add one called 'label'"
        )
    return label_column(table, free)


def _by_folders(table: Records, tables: Sequence[Table]) -> Labels | None:
    """The folders in which the files of the pictures lay, where all of them are known.

    A folder that is called as a part is no class.
    """
    title, paths = _paths(table, tables)
    folders = [path.replace("\\", "/").rpartition("/")[0] for path in paths]
    labels = [folder.rpartition("/")[2] for folder in folders]
    if not all(labels) or len(set(labels)) < 2 or all(map(part_named, labels)):
        return None
    parts = [folder_part(folder.rpartition("/")[0]) for folder in folders]
    some = shortened(sorted(set(labels)), 3)
    return Labels(
        f"the folders of {title} ({some})",
        [[label] for label in labels],
        parts=parts if are_parts(parts) else (),
        note="--label COLUMN takes a column instead",
    )


def _paths(table: Records, tables: Sequence[Table]) -> tuple[str, Sequence[str]]:
    """The paths of the files that pictures were, noted with them or in a column, and whose."""
    picture = tables[0].columns.picture
    if all(one.columns.has_paths for one in tables):
        paths = [path for one in tables for path in paths_of(one)]
        if any("/" in path for path in paths):
            return f"the paths in {picture}", paths
    called = {title: rank(title, FILE_TITLES) for title in table.titles}
    title = min(called, key=lambda title: called[title], default="")
    if not title or called[title] == len(FILE_TITLES):
        return "", ()
    return title, table.column(table.titles.index(title))
