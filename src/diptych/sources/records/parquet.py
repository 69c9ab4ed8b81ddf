"""Parquet files with pictures in them: a row a picture, as Hugging Face's data sets come."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.places import Address, Member
from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.parts import part_in
from diptych.sources.records.parquet_columns import picture_column
from diptych.sources.records.parquet_footer import read_footer
from diptych.sources.records.parquet_labels import Labels, labels_of
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
from diptych.sources.tables.attributes import (
    Attributes,
    attributes_of,
    may_have_labels,
    parts_said,
    table_of,
    with_partless_aside,
)
from diptych.sources.tables.rows import Records, position

PARQUET = (".parquet", ".pq")


def is_parquet(name: str) -> bool:
    """Whether a file is called as Parquet files are."""
    return name.lower().endswith(PARQUET)


def read_parquet(files: Sequence[ParquetFile], root: Path | Address, meaning: Meaning) -> Dataset:
    """Every row of the files as a sample, or as a stray where it has no label, or several.

    A sample is called by its file and the number of its row, from 0. Parts are those that the files
    are called by (train-00000-of-00002.parquet, test/0000.parquet), or that a column names. Labels
    are in a column, in one for each class, or else the folders in the paths of the pictures. Raises
    InputError for a damaged file, and where the columns do not tell what they are.
    """
    meaning.refuse_unused(root, "a table of pictures", "files", "label", "part", "group", "fold")
    tables, words = open_tables(files, root, meaning.files)
    rows, own_parts = list[Row](), list[str]()
    for one in tables:
        own = rows_of(one)
        rows += own
        own_parts += [part_of_file(one.file.name) if len(files) > 1 else ""] * len(own)
    if not rows:
        raise InputError(f"{root}: it has no rows; give one with a row for each picture")
    table = _together(root, rows, tables)
    parted = any(own_parts)
    label = None if meaning.label is None else position(table, meaning.label, "label")
    parts = parts_said(table, meaning, label, parted)
    labels = labels_of(table, may_have_labels(table, parts, meaning), rows, tables, meaning)
    _refuse_lacking(table, tables, [*parts.columns, labels.column])
    single = [own[0] if len(own) == 1 else "" for own in labels.words]
    names = [row.name for row in rows]
    said = attributes_of(table, names, single, parts, meaning, labels.column)
    if parted and meaning.part is None:
        said = said._replace(parts=own_parts)
        words.append("parts by the files' names")
    elif labels.parts and not any(said.parts):
        said = said._replace(parts=labels.parts)
        words.append("parts as the folders are called")
    return with_partless_aside(_dataset(rows, labels, said, tables, words, root), parts)


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
    *folders, file = name.split("/")
    words = (file.partition(".")[0], *reversed(folders))
    return next(filter(None, map(part_in, words)), "")


def _together(root: Path | Address, rows: Sequence[Row], tables: Sequence[Table]) -> Records:
    """The cells of all files as one table, with "" where a file has no such column."""
    titles: dict[str, str] = {}
    for table in tables:
        for title in table.columns.cells:
            titles.setdefault(title.casefold(), title)
    columns = {t: [row.cells.get(folded, "") for row in rows] for folded, t in titles.items()}
    return table_of(root, columns, range(len(rows)), [row.name for row in rows])


def _refuse_lacking(table: Records, tables: Sequence[Table], columns: Iterable[int | None]) -> None:
    """Raise InputError where a file has no column of what others have their labels or parts in."""
    for title in [table.titles[at] for at in columns if at is not None]:
        for one in tables:
            if not one.columns.title(title):
                raise InputError(
                    f"{one.where}: it has no column {title}, which others have; add it, or give "
                    "one data set alone"
                )


def _dataset(
    rows: Sequence[Row],
    labels: Labels,
    said: Attributes,
    tables: Sequence[Table],
    words: Iterable[str],
    root: Path | Address,
) -> Dataset:
    samples, strays = list[Sample](), list[Stray]()
    for row, own, part, group in zip(rows, labels.words, said.parts, said.groups, strict=True):
        if len(own) == 1:
            samples.append(Sample(row.name, own[0], row.place, part, group))
        elif own:
            detail = f"{labels.title} has {len(own)} labels: {shortened(list(own))}"
            strays.append(Stray(row.name, "several labels", detail))
        else:
            strays.append(Stray(row.name, "no label", f"{labels.title} says nothing"))
    if not samples:
        raise InputError(
            f"{root}: none of its {len(rows):,} rows has one label in {labels.title}; give the "
            "part that has, or say another column: --label COLUMN"
        )
    classes = {sample.label for sample in samples}
    if len(classes) > max(1000, len(samples) // 2):
        raise InputError(
            f"{root}: {labels.title} has {len(classes):,} different values in {len(rows):,} rows; "
            "it looks like no class to learn; say another column: --label COLUMN"
        )
    picture = tables[0].columns.picture
    note = f"{root.name}: {len(samples):,} pictures in {picture}, labels in {labels.title}"
    return Dataset(
        root,
        in_order(classes),
        tuple(samples),
        tuple(strays),
        note="; ".join(filter(None, (note, *words, *said.notes, labels.note))),
        columns={
            title: cells
            for title, cells in said.columns.items()
            if all(table.columns.title(title) for table in tables)
        },
    )
