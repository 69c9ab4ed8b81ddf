"""A table that names files: Kaggle's `id,label`, Hugging Face's `metadata.csv`."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.parts import part_of
from diptych.sources.tables.columns import FILES, LABELS, SPLITS, column, is_telling
from diptych.sources.tables.opening import numbered_rows
from diptych.sources.trees.walking import regular_files, walk
from diptych.system.files import is_regular

METADATA = "metadata.csv"


def read_described(root: Path) -> Dataset:
    """A folder as the metadata.csv in it says; a file that has no row in it is a stray.

    Raises what `read_table` raises, and InputError where a folder may not be opened.
    """
    data = read_table(root / METADATA)
    names, strays = regular_files(root)
    used = {os.path.normpath(sample.path) for sample in data.samples}
    for name in names:
        if name == METADATA:
            strays.append(Stray(name, "table", "names the files and their labels"))
        elif os.path.normpath(root / name) not in used:
            strays.append(Stray(name, "not listed", f"{METADATA} does not name it"))
    return replace(data, strays=(*data.strays, *strays))


def read_table(path: Path) -> Dataset:
    """Every row as a sample, or as a stray where its file is missing.

    Files are looked for beside the table and in the folders below it, with any ending where the
    name has none. Further columns are kept where they may tell kinds of pictures apart. Raises
    InputError where the columns are not there, or no file is.
    """
    rows = numbered_rows(path)
    _, titles = next(rows, (1, []))
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path}: it has no rows; add one for each picture")
    columns = _columns(path, titles)
    cells: dict[int, dict[str, str]] = {i: {} for i in columns.further}
    files = _files(path.parent)
    samples: list[Sample] = []
    strays: list[Stray] = []
    names: set[str] = set()
    for line, row in chain([first], rows):
        _refuse_row(path, titles, columns, line, row)
        file = row[columns.file].strip()
        # A file that is named twice is a duplicate, which an audit will find.
        name = f"{file}:{line}" if file in names else file
        names.add(name)
        candidates = _candidates(path.parent, file, files)
        if len(candidates) != 1:
            strays.append(Stray(name, "missing", _why_none(path, line, candidates)))
            continue
        at = columns.part
        part = "" if at is None else part_of(row[at], f"{path}: line {line}")
        samples.append(Sample(name, row[columns.label].strip(), candidates[0], part))
        for i, by_name in cells.items():
            by_name[name] = row[i].strip()
    if not samples:
        raise InputError(f"{path}: none of the {len(strays):,} files that it names is there")
    classes = tuple(sorted({sample.label for sample in samples}))
    note = f"{path.name}: {len(samples):,} files, labels in {titles[columns.label]}"
    further = {titles[i]: values for i, values in cells.items() if is_telling(values.values())}
    return Dataset(path.parent, classes, tuple(samples), tuple(strays), note=note, columns=further)


class _Columns(NamedTuple):
    """Where in a row everything stands."""

    label: int
    file: int
    part: int | None
    further: tuple[int, ...]


def _columns(path: Path, titles: Sequence[str]) -> _Columns:
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
    path: Path, titles: Sequence[str], columns: _Columns, line: int, row: Sequence[str]
) -> None:
    """Raise InputError for a row that is too long or short, or has no label."""
    if len(row) != len(titles):
        raise InputError(
            f"{path}: line {line} has {len(row)} columns, the first line {len(titles)}"
        )
    if not row[columns.label].strip():
        raise InputError(f"{path}: line {line}, {titles[columns.label]}: the label is empty")


def _why_none(path: Path, line: int, candidates: Sequence[Path]) -> str:
    """Why a row names no single file."""
    if candidates:
        return f"{len(candidates)} files could be meant: {candidates[0]}, {candidates[1]}"
    return f"line {line} of {path.name} names no file that is there"


def _some(titles: Sequence[str], most: int = 8) -> str:
    return ", ".join(titles[:most]) + (", …" if len(titles) > most else "")


def _files(folder: Path) -> Mapping[str, list[Path]]:
    """Every file below a folder, by its name and by its name without the ending."""
    files: dict[str, list[Path]] = {}
    for file in sorted(path for path, _, _ in walk(folder) if is_regular(path)):
        for name in {file.name, file.stem}:
            files.setdefault(name, []).append(file)
    return files


def _candidates(folder: Path, name: str, files: Mapping[str, list[Path]]) -> Sequence[Path]:
    """The files that a name may mean: a path from the folder, else anything below of that name."""
    if name and is_regular(folder / name):
        return [folder / name]
    wanted = name.replace("\\", "/")
    same = files.get(wanted.rpartition("/")[2], [])
    nearer = [p for p in same if p.as_posix().endswith((f"/{wanted}", f"/{wanted}{p.suffix}"))]
    return nearer or same
