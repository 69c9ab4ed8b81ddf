"""The rows of Parquet files, but for their pictures, which are read when they are wanted."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from diptych.data.places import Address, Member
from diptych.errors import InputError, first_line, shortened
from diptych.sources.records.parquet_columns import Columns, columns_of
from diptych.sources.records.parquet_footer import Footer, read_footer
from diptych.sources.records.parquet_pictures import Blocks, ParquetPictures
from diptych.sources.tables.cells import is_number, says_nothing
from diptych.sources.trees.unchanged import Unchanged

if TYPE_CHECKING:
    import polars as pl


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
    """A picture, and what its cells say by the titles of their columns in small letters."""

    name: str
    place: Member
    cells: Mapping[str, str]  # "" where there is nothing
    several: Mapping[str, Sequence[str]]  # lists of two or more


def open_tables(
    files: Sequence[ParquetFile], root: Path | Address, picture: str | None
) -> tuple[list[Table], list[str]]:
    """The tables in files of one data set, and words on what was inferred.

    Raises InputError where pictures are in columns of different titles.
    """
    tables, blocks = list[Table](), Blocks()
    for file in files:
        where = root if len(files) == 1 else f"{root}/{file.name}"
        unchanged = as_listed(file.path, where)
        footer = read_footer(file.path, where)
        own = columns_of(where, schema_of(file.path, where), footer.words, picture)
        if tables and own.picture != tables[0].columns.picture:
            first = tables[0].columns.picture
            raise InputError(
                f"{where}: its pictures are in {own.picture}, those of {files[0].name} in {first}; "
                "give one data set alone"
            )
        pictures = ParquetPictures(unchanged, where, own.picture, footer.rows, blocks)
        tables.append(Table(file, where, footer, own, pictures))
    return _with_shared_names(tables)


def _with_shared_names(tables: list[Table]) -> tuple[list[Table], list[str]]:
    """The tables with names of classes for those that have none beside others that have.

    Raises InputError where those others differ.
    """
    words: list[str] = []
    for title in dict.fromkeys(t.casefold() for table in tables for t in table.columns.names):
        own = [table.columns.names.get(table.columns.title(title)) for table in tables]
        lacking = [t for t, names in zip(tables, own, strict=True) if names is None]
        named = set(own) - {None}
        if lacking and len(named) > 1:
            raise InputError(
                f"{lacking[0].where}: it has no names of classes, and other files have different "
                "ones; give one data set alone"
            )
        if lacking:
            some = shortened([table.file.name for table in lacking], 3)
            words.append(f"{some}: classes called as in the rest")
            names = next(iter(named))
            assert names is not None
            tables = [_named(t, title, names) if t in lacking else t for t in tables]
    return tables, list(dict.fromkeys(words))


def _named(table: Table, title: str, names: tuple[str, ...]) -> Table:
    columns = table.columns
    if not (own := columns.title(title)):
        return table
    return table._replace(columns=columns._replace(names={**columns.names, own: names}))


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
    titles = table.columns.cells
    count = sum(table.footer.rows)
    columns = _read(table, list(titles)).to_dict(as_series=False) if titles else {}
    if any(len(column) != count for column in columns.values()):
        raise InputError(f"{table.where}: cannot be read: its footer is damaged; fetch it again")
    all_cells, several = dict[str, list[str]](), dict[str, dict[int, list[str]]]()
    for title, column in columns.items():
        names = table.columns.names.get(title)
        lists = [value if isinstance(value, list) else [value] for value in column]
        words = [
            [_word(one, names, f"{table.where}: row {row}") for one in value]
            for row, value in enumerate(lists)
        ]
        all_cells[title.casefold()] = [", ".join(own) for own in words]
        several[title.casefold()] = {row: own for row, own in enumerate(words) if len(own) > 1}
    return [
        Row(
            f"{table.file.name}/{row}",
            Member(table.pictures, str(row)),
            {title: cells[row] for title, cells in all_cells.items()},
            {title: own[row] for title, own in several.items() if row in own},
        )
        for row in range(count)
    ]


def paths_of(table: Table) -> list[str]:
    """What the files were called of which the pictures were read; "" where that is not said."""
    import polars as pl

    path = pl.col(table.columns.picture).struct.field("path")
    return [path or "" for path in _read(table, [path])["path"].to_list()]


def _read(table: Table, columns: list[Any]) -> "pl.DataFrame":
    import polars as pl

    try:
        return pl.scan_parquet(table.file.path, glob=False).select(columns).collect()
    except Exception as cause:
        raise InputError(f"{table.where}: cannot be read: {first_line(cause)}") from cause


def _word(value: Any, names: Sequence[str] | None, where: str) -> str:
    """What a cell says, by its name where it is a class that has one.

    "" for none, such as the -1 of a test part of Hugging Face. Raises InputError for what is
    neither a name nor the number of one.
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
