"""Parquet files with pictures in them: a row a picture, as Hugging Face's data sets come."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.grouping import united
from diptych.data.places import Address, Member
from diptych.errors import InputError, first_line
from diptych.sources.meaning import Meaning
from diptych.sources.parts import PART_NAMES, part_of
from diptych.sources.records.parquet_columns import (
    Columns,
    columns_of,
    part_column,
    parts_in,
    picture_column,
)
from diptych.sources.records.parquet_footer import Footer, read_footer
from diptych.sources.records.parquet_pictures import Blocks, ParquetPictures
from diptych.sources.tables.cells import id_of
from diptych.sources.tables.columns import is_telling

PARQUET = (".parquet", ".pq")


class ParquetFile(NamedTuple):
    """One file of a data set: its path below the root, and where it lies on this machine."""

    name: str
    path: Path


class _Row(NamedTuple):
    name: str
    place: Member
    label: str  # "" where there is none
    cells: Mapping[str, str]


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
    rows, parts, columns = list[_Row](), list[str](), None
    blocks = Blocks()
    for file in files:
        where = root if len(files) == 1 else f"{root}/{file.name}"
        footer = read_footer(file.path, where)
        own = columns_of(where, _schema(file.path, where), footer.words, meaning)
        if columns is not None and (own.picture, own.label) != (columns.picture, columns.label):
            raise InputError(
                f"{where}: its columns are others ({own.picture}, {own.label}) than those of "
                f"{files[0].name} ({columns.picture}, {columns.label}); give one data set alone"
            )
        columns = own
        pictures = ParquetPictures(file.path, where, own.picture, footer.rows, blocks)
        part = part_of_file(file.name) if len(files) > 1 else ""
        for row in _rows(file, where, pictures, footer, own):
            rows.append(row)
            parts.append(part)
    if columns is None or not rows:
        raise InputError(f"{root}: it has no rows; give one with a row for each picture")
    noted = _parts(rows, parts, columns, meaning, root)
    return _dataset(rows, parts, columns, noted, root)


def pictures_of(file: ParquetFile) -> list[Member]:
    """The picture in each row of a file, whatever else it holds.

    Raises InputError for a damaged file, and where no column holds pictures.
    """
    footer = read_footer(file.path, file.path)
    column = picture_column(file.path, _schema(file.path, file.path), None)
    pictures = ParquetPictures(file.path, file.path, column, footer.rows, Blocks())
    return [Member(pictures, str(number)) for number in range(sum(footer.rows))]


def part_of_file(name: str) -> str:
    """The part that a file is called by, or a folder it lies in; "" where none is."""
    for text in reversed(PurePosixPath(name).parts):
        first = re.split(r"[-_.]", text.lower())[0]
        if first in PART_NAMES:
            return PART_NAMES[first]
    return ""


def _schema(path: Path, where: object) -> Mapping[str, Any]:
    import polars as pl

    try:
        return pl.scan_parquet(path, glob=False).collect_schema()
    except Exception as cause:
        # polars raises errors of its own, and of the operating system.
        raise InputError(f"{where}: cannot be read: {first_line(cause)}") from cause


def _rows(
    file: ParquetFile, where: object, pictures: ParquetPictures, footer: Footer, columns: Columns
) -> Iterator[_Row]:
    """The rows of a file but for their pictures, which are read when they are wanted."""
    import polars as pl

    titles = dict.fromkeys((columns.label, columns.part, *columns.groups, *columns.further))
    wanted = [title for title in titles if title]
    try:
        table = pl.scan_parquet(file.path, glob=False).select(wanted).collect()
    except Exception as cause:
        raise InputError(f"{where}: cannot be read: {first_line(cause)}") from cause
    if len(table) != sum(footer.rows):
        raise InputError(f"{where}: cannot be read: its footer is damaged; fetch it again")
    for number, cells in enumerate(table.iter_rows()):
        values = dict(zip(wanted, cells, strict=True))
        label = _label(values.pop(columns.label), columns.names)
        named = {title: _text(value) for title, value in values.items()}
        yield _Row(f"{file.name}/{number}", Member(pictures, str(number)), label, named)


def _label(value: Any, names: Sequence[str] | None) -> str:
    """The class that a label names; "" for none, such as the -1 of a test part of Hugging Face."""
    if names is None:
        return _text(value)
    known = isinstance(value, int) and 0 <= value < len(names)
    return names[value] if known else ""


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return ""
    return str(value).strip()


def _parts(
    rows: Sequence[_Row], parts: list[str], columns: Columns, meaning: Meaning, root: object
) -> str:
    """Fill in the parts that a column says; returns a word on them, or ""."""
    if meaning.fold is not None:
        there = {row.cells[columns.part] for row in rows}
        if str(meaning.fold) not in there:
            raise InputError(f"{root}: {columns.part} has no fold {meaning.fold}")
        test = str(meaning.fold)
        parts[:] = ["test" if row.cells[columns.part] == test else "train" for row in rows]
        return f"fold {test} of {columns.part} is the test part"
    title = columns.part
    if not title:
        title = "" if any(parts) else part_column(columns.further)
        if not title or not parts_in([row.cells[title] for row in rows]):
            return "parts by the files' names" if any(parts) else ""
    parts[:] = [part_of(row.cells[title], f"{root}: {row.name}, {title}") for row in rows]
    return f"parts in {title}"


def _groups(rows: Sequence[_Row], titles: Sequence[str]) -> list[str]:
    """The group of each row: rows that have a value in common under one of the titles."""
    known = [[(t, one) for t in titles if (one := id_of(row.cells[t]))] for row in rows]
    leaders = united(known)
    names: dict[int, str] = {}
    for leader, own in zip(leaders, known, strict=True):
        for title, value in own:
            name = value if len(titles) == 1 else f"{title}: {value}"
            names[leader] = min(names.get(leader, name), name)
    return [names.get(leader, "") for leader in leaders]


def _dataset(
    rows: Sequence[_Row],
    parts: Sequence[str],
    columns: Columns,
    noted: str,
    root: Path | Address,
) -> Dataset:
    samples, strays = list[Sample](), list[Stray]()
    groups = _groups(rows, columns.groups)
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
    further = {t: {row.name: row.cells[t] for row in rows} for t in columns.further}
    note = f"{root.name}: {len(samples):,} pictures in {columns.picture}, labels in {columns.label}"
    return Dataset(
        root,
        in_order(classes),
        tuple(samples),
        tuple(strays),
        note="; ".join(filter(None, (note, noted))),
        columns={t: cells for t, cells in further.items() if is_telling(cells.values())},
    )
