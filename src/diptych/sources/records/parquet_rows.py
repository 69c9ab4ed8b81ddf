"""The rows of Parquet files, but for their pictures, which are read when they are wanted."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from diptych.data.places import Address, Member
from diptych.errors import InputError, first_line, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.records.parquet_columns import Columns, columns_of
from diptych.sources.records.parquet_footer import Footer, read_footer
from diptych.sources.records.parquet_pictures import Blocks, ParquetPictures
from diptych.sources.tables.cells import is_number, says_nothing
from diptych.sources.trees.unchanged import Unchanged


class ParquetFile(NamedTuple):
    """One file of a data set: its path below the root, and where it lies on this machine."""

    name: str
    path: Path


class Table(NamedTuple):
    """A file whose columns are known."""

    file: ParquetFile
    where: Path | Address | str  # what it is called in messages
    footer: Footer
    columns: Columns
    pictures: ParquetPictures


class Row(NamedTuple):
    """A picture, and what its cells say by the roles of their columns."""

    name: str
    place: Member
    label: str  # "" where there is none
    part: str
    grouped_by: Mapping[str, str]
    further: Mapping[str, str]


def open_tables(
    files: Sequence[ParquetFile], root: Path | Address, meaning: Meaning
) -> tuple[list[Table], list[str]]:
    """The tables in files of one data set, and words on what was inferred.

    Raises InputError where pictures or labels are in columns of different titles.
    """
    tables, blocks = list[Table](), Blocks()
    for file in files:
        where = root if len(files) == 1 else f"{root}/{file.name}"
        unchanged = as_listed(file.path, where)
        footer = read_footer(file.path, where)
        own = columns_of(where, schema_of(file.path, where), footer.words, meaning)
        first = tables[0].columns if tables else own
        if (own.picture, own.label) != (first.picture, first.label):
            raise InputError(
                f"{where}: its columns are others ({own.picture}, {own.label}) than those of "
                f"{files[0].name} ({first.picture}, {first.label}); give one data set alone"
            )
        pictures = ParquetPictures(unchanged, where, own.picture, footer.rows, blocks)
        tables.append(Table(file, where, footer, own, pictures))
    return _with_shared_names(tables)


def _with_shared_names(tables: list[Table]) -> tuple[list[Table], list[str]]:
    """The tables with names of classes for those that have none beside others that have.

    Raises InputError where those others differ.
    """
    named = {table.columns.names for table in tables} - {None}
    lacking = [table for table in tables if table.columns.names is None]
    if not named or not lacking:
        return tables, []
    if len(named) > 1:
        raise InputError(
            f"{lacking[0].where}: it has no names of classes, and other files have different ones; "
            "give one data set alone"
        )
    (names,) = named
    word = f"{shortened([table.file.name for table in lacking], 3)}: classes called as in the rest"
    return [t._replace(columns=t.columns._replace(names=names)) for t in tables], [word]


def as_listed(path: Path, where: object) -> Unchanged:
    """A file as it is now; raises InputError where it is not there."""
    try:
        return Unchanged(path)
    except OSError as cause:
        raise InputError(f"{where}: cannot be read: {cause.strerror or cause}") from cause


def schema_of(path: Path, where: object) -> Mapping[str, Any]:
    """The columns of a file and their types; raises InputError where it cannot be read."""
    import polars as pl

    try:
        return pl.scan_parquet(path, glob=False).collect_schema()
    except Exception as cause:
        # polars raises errors of its own, and of the operating system.
        raise InputError(f"{where}: cannot be read: {first_line(cause)}") from cause


def rows_of(table: Table) -> list[Row]:
    """Every row of a file; raises InputError where it is damaged."""
    import polars as pl

    where, columns = table.where, table.columns
    titles = dict.fromkeys((columns.label, columns.part, *columns.groups, *columns.further))
    wanted = [title for title in titles if title]
    try:
        frame = pl.scan_parquet(table.file.path, glob=False).select(wanted).collect()
    except Exception as cause:
        raise InputError(f"{where}: cannot be read: {first_line(cause)}") from cause
    if len(frame) != sum(table.footer.rows):
        raise InputError(f"{where}: cannot be read: its footer is damaged; fetch it again")
    rows = []
    for number, values in enumerate(frame.iter_rows()):
        cells = dict(zip(wanted, map(_text, values), strict=True))
        name = f"{table.file.name}/{number}"
        value = values[wanted.index(columns.label)]
        row = Row(
            name,
            Member(table.pictures, str(number)),
            _label(value, columns.names, f"{where}: row {number}"),
            cells.get(columns.part, ""),
            # As they were said, since files may spell them in small letters or capitals.
            {title.lower(): cells[title] for title in columns.groups},
            {title: cells[title] for title in columns.further},
        )
        rows.append(row)
    return rows


def _label(value: Any, names: Sequence[str] | None, where: str) -> str:
    """The class that a label names; "" for none, such as the -1 of a test part of Hugging Face.

    Raises InputError for what is neither a name nor the number of one.
    """
    text = _text(value)
    if names is None or says_nothing(text):
        return "" if names else text
    if isinstance(value, str) and text in names:
        return text
    if text.isdecimal() and int(text) < len(names):
        return names[int(text)]
    if text.startswith("-") and is_number(text):
        return ""
    raise InputError(f"{where}: there is a class {text}, and names for {len(names)} from 0 on")


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return ""
    return str(value).strip()
