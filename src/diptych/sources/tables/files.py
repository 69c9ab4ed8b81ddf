"""A table that names files: Kaggle's `id,label`, Hugging Face's `metadata.csv`."""

import posixpath
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath
from typing import NamedTuple

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.meaning import Meaning
from diptych.sources.parts import part_of
from diptych.sources.tables.columns import FILES, LABELS, SPLITS, column, is_telling
from diptych.sources.tables.opening import Table, numbered_rows
from diptych.sources.trees import Tree

METADATA = "metadata.csv"


def read_described(tree: Tree, meaning: Meaning) -> Dataset:
    """A tree as the metadata.csv in its root says; a file that has no row in it is a stray.

    Raises what `read_table` raises.
    """
    data = read_table(tree, METADATA, meaning)
    used = {str(sample.path) for sample in data.samples}
    strays = list(tree.strays)
    for name in tree.names:
        if name == METADATA:
            strays.append(Stray(name, "table", "names the files and their labels"))
        elif str(tree.place(name)) not in used:
            strays.append(Stray(name, "not listed", f"{METADATA} does not name it"))
    return replace(data, strays=(*data.strays, *strays))


def read_table(tree: Tree, table: str, meaning: Meaning) -> Dataset:
    """Every row of a table as a sample, or as a stray where its file is missing.

    Files are looked for in the tree, below the table's folder, with any ending where the name has
    none. Further columns are kept where they may tell kinds of pictures apart. Raises InputError
    where the columns are not there, or no file is.
    """
    path = tree.place(table)
    meaning.refuse_unused(path, "a table of files")
    rows = numbered_rows(path)
    _, titles = next(rows, (1, []))
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path}: it has no rows; add one for each picture")
    columns = _columns(path, titles)
    cells: dict[int, dict[str, str]] = {i: {} for i in columns.further}
    files = _files(tree)
    there = set(tree.names)
    samples: list[Sample] = []
    strays: list[Stray] = []
    names: set[str] = set()
    for line, row in chain([first], rows):
        _refuse_row(path, titles, columns, line, row)
        file = row[columns.file].strip()
        # A file that is named twice is a duplicate, which an audit will find.
        name = f"{file}:{line}" if file in names else file
        names.add(name)
        candidates = _candidates(there, file, files)
        if len(candidates) != 1:
            strays.append(Stray(name, "missing", _why_none(path, line, candidates)))
            continue
        at = columns.part
        part = "" if at is None else part_of(row[at], f"{path}: line {line}")
        place = tree.place(candidates[0])
        samples.append(Sample(name, row[columns.label].strip(), place, part))
        for i, by_name in cells.items():
            by_name[name] = row[i].strip()
    if not samples:
        raise InputError(f"{path}: none of the {len(strays):,} files that it names is there")
    classes = tuple(sorted({sample.label for sample in samples}))
    note = f"{path.name}: {len(samples):,} files, labels in {titles[columns.label]}"
    further = {titles[i]: values for i, values in cells.items() if is_telling(values.values())}
    return Dataset(tree.root, classes, tuple(samples), tuple(strays), note=note, columns=further)


class _Columns(NamedTuple):
    """Where in a row everything stands."""

    label: int
    file: int
    part: int | None
    further: tuple[int, ...]


def _columns(path: Table, titles: Sequence[str]) -> _Columns:
    label, file = column(titles, LABELS), column(titles, FILES)
    if label is None or file is None:
        kind, names = ("labels", LABELS) if label is None else ("files", FILES)
        raise InputError(
            f"{path}: no column of {kind} among {_some(titles)}; call it one of {', '.join(names)}"
        )
    part = column(titles, SPLITS)
    further = (
        i for i, title in enumerate(titles) if title.strip() and i not in (label, file, part)
    )
    return _Columns(label, file, part, tuple(further))


def _refuse_row(
    path: Table, titles: Sequence[str], columns: _Columns, line: int, row: Sequence[str]
) -> None:
    """Raise InputError for a row that is too long or short, or has no label."""
    if len(row) != len(titles):
        raise InputError(
            f"{path}: line {line} has {len(row)} columns, the first line {len(titles)}"
        )
    if not row[columns.label].strip():
        raise InputError(f"{path}: line {line}, {titles[columns.label]}: the label is empty")


def _why_none(path: Table, line: int, candidates: Sequence[str]) -> str:
    """Why a row names no single file."""
    if candidates:
        return f"{len(candidates)} files could be meant: {candidates[0]}, {candidates[1]}"
    return f"line {line} of {path.name} names no file that is there"


def _some(titles: Sequence[str], most: int = 8) -> str:
    return ", ".join(titles[:most]) + (", …" if len(titles) > most else "")


def _files(tree: Tree) -> Mapping[str, list[str]]:
    """Every file of a tree, by its name and by its name without the ending."""
    files: dict[str, list[str]] = {}
    for name in tree.names:
        file = PurePosixPath(name)
        for key in {file.name, file.stem}:
            files.setdefault(key, []).append(name)
    return files


def _candidates(there: Set[str], name: str, files: Mapping[str, list[str]]) -> Sequence[str]:
    """The files that a name may mean: a path from the root, else anything below of that name."""
    wanted = posixpath.normpath(name.replace("\\", "/")) if name else ""
    if wanted in there:
        return [wanted]
    same = files.get(wanted.rpartition("/")[2], [])
    endings = (f"/{wanted}", *(f"/{wanted}{PurePosixPath(file).suffix}" for file in same))
    return [file for file in same if f"/{file}".endswith(endings)] or same
