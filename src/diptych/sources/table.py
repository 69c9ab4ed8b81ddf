"""A table that names files: Kaggle's `id,label`, Hugging Face's `metadata.csv`."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from diptych.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.columns import FILES, LABELS, SPLITS, column, part_of


def read_table(path: Path) -> Dataset:
    """Every row as a sample, or as a stray where its file is missing.

    Files are looked for beside the table and in the folders below it, with any ending where the
    name has none. Raises InputError where the columns are not there, or no file is.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2:
        raise InputError(f"{path}: it has no rows")
    titles = rows[0]
    label, name = column(titles, LABELS), column(titles, FILES)
    for what, found, known in (("labels", label, LABELS), ("files", name, FILES)):
        if found is None:
            raise InputError(
                f"{path}: no column of {what} among {', '.join(titles)}; "
                f"call it one of {', '.join(known)}"
            )
    assert label is not None and name is not None
    part = column(titles, SPLITS)
    below = _files(path.parent)
    samples: list[Sample] = []
    strays: list[Stray] = []
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(titles):
            raise InputError(
                f"{path}: line {line} has {len(row)} columns, the first line {len(titles)}"
            )
        if not row[label].strip():
            raise InputError(f"{path}: line {line}, {titles[label]}: the label is empty")
        found_at = _found(path.parent, row[name].strip(), below)
        if len(found_at) == 1:
            where = part_of(row[part]) if part is not None else ""
            samples.append(Sample(row[name].strip(), row[label].strip(), found_at[0], where))
        else:
            detail = f"line {line} of {path.name} names no file that is there"
            if found_at:
                detail = f"{len(found_at)} files could be meant: {found_at[0]}, {found_at[1]}"
            strays.append(Stray(row[name].strip(), "missing", detail))
    if not samples:
        raise InputError(f"{path}: none of the {len(strays):,} files that it names is there")
    classes = tuple(sorted({sample.label for sample in samples}))
    note = f"{path.name}: {len(samples):,} files, labels in {titles[label]}"
    return Dataset(path.parent, classes, tuple(samples), tuple(strays), note=note)


def _files(folder: Path) -> Mapping[str, list[Path]]:
    """Every file below a folder, by its name and by its name without the ending."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            for name in {file.name, file.stem}:
                found.setdefault(name, []).append(file)
    return found


def _found(folder: Path, name: str, below: Mapping[str, list[Path]]) -> Sequence[Path]:
    """The files that a name may mean: a path from the folder, else anything below of that name."""
    if name and (folder / name).is_file():
        return [folder / name]
    wanted = Path(name).as_posix()
    same = below.get(Path(name).name, [])
    nearer = [p for p in same if p.as_posix().endswith((f"/{wanted}", f"/{wanted}{p.suffix}"))]
    return nearer or same
