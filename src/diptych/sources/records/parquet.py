"""Parquet files with pictures in them: a row a picture, as Hugging Face's data sets come."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.places import Address, Member
from diptych.errors import InputError
from diptych.sources.meaning import Meaning
from diptych.sources.parts import PART_NAMES, part_named, part_of
from diptych.sources.records.parquet_columns import part_column, picture_column
from diptych.sources.records.parquet_footer import read_footer
from diptych.sources.records.parquet_pictures import Blocks, ParquetPictures
from diptych.sources.records.parquet_rows import (
    ParquetFile,
    Row,
    Table,
    as_listed,
    open_tables,
    rows_of,
    schema_of,
)
from diptych.sources.tables.cells import is_telling, label_spellings, no_labels, says_nothing
from diptych.sources.tables.grouping import group_names

PARQUET = (".parquet", ".pq")


def is_parquet(name: str) -> bool:
    """Whether a file is called as Parquet files are."""
    return name.lower().endswith(PARQUET)


def read_parquet(files: Sequence[ParquetFile], root: Path | Address, meaning: Meaning) -> Dataset:
    """Every row of the files as a sample, or as a stray where it has no label.

    A sample is called by its file and the number of its row, from 0. Parts are those that a column
    names or the files are called by (train-00000-of-00002.parquet, test/0000.parquet). Raises
    InputError for a damaged file, and where the columns do not tell what they are.
    """
    meaning.refuse_unused(root, "a table of pictures", "files", "label", "part", "group", "fold")
    tables, words = open_tables(files, root, meaning)
    rows, parts = list[Row](), list[str]()
    for table in tables:
        own = rows_of(table)
        rows += own
        parts += [part_of_file(table.file.name) if len(files) > 1 else ""] * len(own)
    if not rows:
        raise InputError(f"{root}: it has no rows; give one with a row for each picture")
    words.append(_parts(rows, parts, tables, meaning, root))
    if tables[0].columns.names is None:
        rows, doubts = _with_labels_as_in_tables(rows)
        words.append(doubts)
    return _dataset(rows, parts, tables, words, root)


def pictures_of(file: ParquetFile) -> list[Member]:
    """The picture in each row of a file, whatever else it holds.

    Raises InputError for a damaged file, and where no column holds pictures.
    """
    unchanged = as_listed(file.path, file.path)
    footer = read_footer(file.path, file.path)
    column = picture_column(file.path, schema_of(file.path, file.path), None)
    pictures = ParquetPictures(unchanged, file.path, column, footer.rows, Blocks())
    return [Member(pictures, str(number)) for number in range(sum(footer.rows))]


def part_of_file(name: str) -> str:
    """The part that a file is called by, or a folder it lies in; "" where none is."""
    for text in reversed(PurePosixPath(name).parts):
        first = re.split(r"[-_.]", text.lower())[0]
        if first in PART_NAMES:
            return PART_NAMES[first]
    return ""


def _parts(
    rows: Sequence[Row], parts: list[str], tables: Sequence[Table], meaning: Meaning, root: object
) -> str:
    """Fill in the parts that a column says; returns a word on them, or ""."""
    title = tables[0].columns.part
    if meaning.fold is not None:
        test = str(meaning.fold)
        if test not in {row.part for row in rows}:
            raise InputError(f"{root}: {title} has no fold {test}")
        parts[:] = ["test" if row.part == test else "train" for row in rows]
        return f"fold {test} of {title} is the test part"
    if title:
        cells = [row.part for row in rows]
    else:
        further = dict.fromkeys(t for table in tables for t in table.columns.further)
        title = "" if any(parts) else part_column(list(further))
        cells = [row.further.get(title, "") for row in rows]
        if not title or not any(map(part_named, cells)):
            return "parts by the files' names" if any(parts) else ""
        for table in tables:
            if title not in table.columns.further:
                raise InputError(
                    f"{table.where}: it has no column {title}, which says the parts of others; "
                    "add it, or give one data set alone"
                )
    parts[:] = [
        "" if says_nothing(cell) else part_of(cell, f"{root}: {row.name}, {title}")
        for row, cell in zip(rows, cells, strict=True)
    ]
    return f"parts in {title}"


def _with_labels_as_in_tables(rows: Sequence[Row]) -> tuple[list[Row], str]:
    """The rows with labels by the rules for cells of tables, and a word on those in doubt."""
    nothing, doubts = no_labels(row.label for row in rows)
    spelt = label_spellings(row.label for row in rows if row.label not in nothing)
    return [row._replace(label=spelt.get(row.label, "")) for row in rows], doubts


def _dataset(
    rows: Sequence[Row],
    parts: Sequence[str],
    tables: Sequence[Table],
    words: Iterable[str],
    root: Path | Address,
) -> Dataset:
    samples, strays = list[Sample](), list[Stray]()
    columns = tables[0].columns
    groups = group_names([row.grouped_by for row in rows])
    for row, part, group in zip(rows, parts, groups, strict=True):
        if row.label:
            samples.append(Sample(row.name, row.label, row.place, part, group))
        else:
            strays.append(Stray(row.name, "no label", f"{columns.label} says nothing"))
    if not samples:
        raise InputError(
            f"{root}: none of its {len(rows):,} rows has a label in {columns.label}; give the "
            "part that has, or say another column: --label COLUMN"
        )
    classes = {sample.label for sample in samples}
    if len(classes) > max(1000, len(samples) // 2):
        raise InputError(
            f"{root}: {columns.label} has {len(classes):,} different values in {len(rows):,} rows; "
            "it looks like no class to learn; say another column: --label COLUMN"
        )
    note = f"{root.name}: {len(samples):,} pictures in {columns.picture}, labels in {columns.label}"
    return Dataset(
        root,
        in_order(classes),
        tuple(samples),
        tuple(strays),
        note="; ".join(filter(None, (note, *words))),
        columns=_telling(rows, tables),
    )


def _telling(rows: Sequence[Row], tables: Sequence[Table]) -> Mapping[str, Mapping[str, str]]:
    """What the columns that all files have say of the rows, where it tells kinds apart."""
    titles = [t for t in tables[0].columns.further if all(t in o.columns.further for o in tables)]
    columns = {title: {row.name: row.further[title] for row in rows} for title in titles}
    return {title: cells for title, cells in columns.items() if is_telling(cells.values())}
