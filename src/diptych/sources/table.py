"""A table that names files: Kaggle's `id,label`, Hugging Face's `metadata.csv`."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.columns import FILES, LABELS, SPLITS, column, part_of, telling
from diptych.sources.opening import numbered_rows
from diptych.sources.walking import is_regular, listed, walked

METADATA = "metadata.csv"


def read_described(root: Path) -> Dataset:
    """A folder as the metadata.csv in it says; a file that has no row in it is a stray.

    Raises what `read_table` raises, and InputError where a folder may not be opened.
    """
    data = read_table(root / METADATA)
    names, strays = listed(root)
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
    ahead = next(rows, None)
    if ahead is None:
        raise InputError(f"{path}: it has no rows; add one for each picture")
    label, name = column(titles, LABELS), column(titles, FILES)
    for what, found, known in (("labels", label, LABELS), ("files", name, FILES)):
        if found is None:
            raise InputError(
                f"{path}: no column of {what} among {_some(titles)}; "
                f"call it one of {', '.join(known)}"
            )
    assert label is not None and name is not None
    part = column(titles, SPLITS)
    further = {
        i: dict[str, str]()
        for i, title in enumerate(titles)
        if title.strip() and i not in (label, name, part)
    }
    below = _files(path.parent)
    samples: list[Sample] = []
    seen: set[str] = set()
    strays: list[Stray] = []
    for line, row in chain([ahead], rows):
        if len(row) != len(titles):
            raise InputError(
                f"{path}: line {line} has {len(row)} columns, the first line {len(titles)}"
            )
        if not row[label].strip():
            raise InputError(f"{path}: line {line}, {titles[label]}: the label is empty")
        named = row[name].strip()
        # A file that is named twice is a duplicate, which an audit will find.
        key = f"{named}:{line}" if named in seen else named
        seen.add(key)
        found_at = _found(path.parent, named, below)
        if len(found_at) == 1:
            where = part_of(row[part], f"{path}: line {line}") if part is not None else ""
            samples.append(Sample(key, row[label].strip(), found_at[0], where))
            for i, values in further.items():
                values[key] = row[i].strip()
        else:
            detail = f"line {line} of {path.name} names no file that is there"
            if found_at:
                detail = f"{len(found_at)} files could be meant: {found_at[0]}, {found_at[1]}"
            strays.append(Stray(key, "missing", detail))
    if not samples:
        raise InputError(f"{path}: none of the {len(strays):,} files that it names is there")
    classes = tuple(sorted({sample.label for sample in samples}))
    note = f"{path.name}: {len(samples):,} files, labels in {titles[label]}"
    columns = {titles[i]: values for i, values in further.items() if telling(values.values())}
    return Dataset(path.parent, classes, tuple(samples), tuple(strays), note=note, columns=columns)


def _some(titles: Sequence[str], most: int = 8) -> str:
    return ", ".join(titles[:most]) + (", …" if len(titles) > most else "")


def _files(folder: Path) -> Mapping[str, list[Path]]:
    """Every file below a folder, by its name and by its name without the ending."""
    found: dict[str, list[Path]] = {}
    for file in sorted(path for path, _, _ in walked(folder) if is_regular(path)):
        for name in {file.name, file.stem}:
            found.setdefault(name, []).append(file)
    return found


def _found(folder: Path, name: str, below: Mapping[str, list[Path]]) -> Sequence[Path]:
    """The files that a name may mean: a path from the folder, else anything below of that name."""
    if name and is_regular(folder / name):
        return [folder / name]
    wanted = name.replace("\\", "/")
    same = below.get(wanted.rpartition("/")[2], [])
    nearer = [p for p in same if p.as_posix().endswith((f"/{wanted}", f"/{wanted}{p.suffix}"))]
    return nearer or same
