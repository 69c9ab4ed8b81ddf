"""What the columns beside pictures and labels say: parts, folds, groups, kinds of pictures.

The pictures of such a table are no files that it names: they are rows of numbers, cells of bytes or
files of the same record. What its other columns mean is the same everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Stray
from diptych.data.places import Address
from diptych.errors import InputError
from diptych.sources.meaning import Meaning
from diptych.sources.tables.cells import tells_kinds
from diptych.sources.tables.fold_columns import NoFoldsError
from diptych.sources.tables.grouping import group_names, groups_note, looks_like_groups
from diptych.sources.tables.opening import Table
from diptych.sources.tables.part_columns import Parts, partless_note, table_parts
from diptych.sources.tables.rows import Records, position
from diptych.sources.tables.titles import is_label_title, may_be_parts


class Attributes(NamedTuple):
    """What columns say of pictures, in the order of the rows."""

    parts: Sequence[str]  # "" where none is said
    groups: Sequence[str]  # "" for those of none
    further: Sequence[str]  # the titles of columns that say neither
    columns: Mapping[str, Mapping[str, str]]  # those of them that may tell kinds of pictures apart
    notes: Sequence[str]  # what was inferred, and what might be said


def table_of(
    where: Table | Address,
    columns: Mapping[str, Sequence[str]],
    lines: Sequence[int],
    names: Sequence[str] = (),
) -> Records:
    """Columns by their titles as a table, whose rows are called by their lines or by `names`."""
    rows = [[cell.strip() for cell in row] for row in zip(*columns.values(), strict=True)]
    titles = [title.strip() for title in columns]
    return Records(where, titles, rows or [[] for _ in lines], list(lines), names=names)


def parts_said(
    table: Records, meaning: Meaning, label: int | None = None, parted: bool = False
) -> Parts:
    """How a table, one column of which has the labels where that is known, parts its pictures.

    Where these are `parted` already, columns are asked only if somebody said so. Raises InputError,
    naming a row, for a part that is none, for a fold that there is not, and for
    folds of pictures that are parted.
    """
    if parted and meaning.fold is not None:
        raise InputError(
            f"{table.path}: its files are parts already, which --fold would mix; give those to "
            "train on alone"
        )
    if parted and meaning.part is None:
        return Parts((), lambda row: "")
    if meaning.fold is not None and not table.titles:
        raise NoFoldsError(f"{table.path}: it has no column of folds; leave --fold out")
    used = {*_grouped(table, meaning).values()}
    # Labels that are known may be called as parts are; others may turn out to be parts.
    if label is not None and (meaning.label is not None or may_be_parts(table.titles[label])):
        used.add(label)
    return table_parts(table, [at for at in range(len(table.titles)) if at not in used], meaning)


def attributes_of(
    table: Records,
    names: Sequence[str],
    labels: Sequence[str],
    parts: Parts,
    meaning: Meaning,
    label: int | None = None,
) -> Attributes:
    """What a table says of pictures with these names and labels, "" for none.

    `label` is the column of these, where it is in the table.
    """
    own = list(map(parts.part_of_row, table.rows))
    grouped = _grouped(table, meaning)
    used = {*parts.columns, *grouped.values(), label}
    free = [at for at in range(len(table.titles)) if at not in used]
    notes = [_parts_note(table, parts, own)]
    if not grouped:
        notes += _groups_notes(table, free, labels)
    return Attributes(
        own,
        group_names([{title: row[at] for title, at in grouped.items()} for row in table.rows]),
        [table.titles[at] for at in free],
        {
            table.titles[at]: dict(zip(names, table.column(at), strict=True))
            for at in free
            if tells_kinds(table.column(at), labels)
        },
        list(filter(None, notes)),
    )


def may_have_labels(table: Records, parts: Parts, meaning: Meaning) -> list[int]:
    """The columns that may; one that is called so may be grouped by as well."""
    grouped = {*_grouped(table, meaning).values()}
    return [
        at
        for at, title in enumerate(table.titles)
        if at not in parts.columns and (at not in grouped or is_label_title(title))
    ]


def with_partless_aside(data: Dataset, parts: Parts) -> Dataset:
    """The same without pictures that say no part, which are strays, where each has to say one."""
    without = [sample for sample in data.samples if not sample.part]
    if not parts.required or not without:
        return data
    samples = tuple(sample for sample in data.samples if sample.part)
    if not samples:
        return data
    detail = f"says no part in {parts.required}"
    strays = (*data.strays, *(Stray(sample.name, "no part", detail) for sample in without))
    classes = in_order(sample.label for sample in samples)
    data = replace(data, classes=classes, samples=samples, strays=strays)
    return data.with_note(partless_note(len(without), parts))


def _grouped(table: Records, meaning: Meaning) -> dict[str, int]:
    return {title: position(table, title, "group") for title in meaning.group}


def _parts_note(table: Records, parts: Parts, own: Sequence[str]) -> str:
    """A word on the parts, by whichever column they are."""
    titles = [table.titles[at] for at in parts.columns]
    if not any(own) or any(
        f"in {title}" in parts.note or f"of {title}" in parts.note for title in titles
    ):
        return parts.note
    return "; ".join(filter(None, (f"parts in {' and '.join(titles)}", parts.note)))


def _groups_notes(table: Records, free: Sequence[int], labels: Sequence[str]) -> list[str]:
    """A word on each column of ids that come again, though nobody said what to do with them."""
    labelled = [i for i, label in enumerate(labels) if label]
    own = [labels[i] for i in labelled]
    columns = {table.titles[at]: [table.rows[i][at] for i in labelled] for at in free}
    return [
        groups_note(title, cells)
        for title, cells in columns.items()
        if looks_like_groups(title, cells, own)
    ]
