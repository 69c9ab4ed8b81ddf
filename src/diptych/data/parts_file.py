"""A split that somebody wrote down, laid over the data set that it is of."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from diptych.data.dataset import PARTS, Dataset, Sample, Stray
from diptych.data.own_tables import read_table
from diptych.errors import InputError, nearest

_NEEDED = ("path", "part")


def with_parts(dataset: Dataset, file: Path) -> Dataset:
    """The data set with the parts, and the groups, of a file as `diptych split` writes it.

    A row's path is a sample's name, or where the sample lies; what it lacks is set aside. Raises
    InputError where it is no such file, or is of other data.
    """
    rows = _rows(file)
    by_place = {place: row for path, row in rows.items() for place in _places(path, file)}

    def row_of(sample: Sample) -> Mapping[str, str] | None:
        if sample.name in rows:
            return rows[sample.name]
        if isinstance(sample.path, Path):
            return by_place.get(sample.path.absolute())
        return None

    kept, strays = [], list(dataset.strays)
    for sample in dataset.samples:
        row = row_of(sample)
        if row is None:
            strays.append(Stray(sample.name, "not listed", f"not in {file}"))
            continue
        kept.append(sample._replace(part=row["part"], group=row.get("group") or sample.group))
    if not kept:
        raise InputError(
            f"{file}: none of its pictures is in {dataset.root}, such as {next(iter(rows))}"
        )
    data = dataset.with_samples(kept)
    missing = len(rows) - len(kept)
    note = f"{file}: {missing:,} of its pictures are not here" if missing > 0 else ""
    return replace(data, strays=tuple(strays)).with_note(note)


def _rows(file: Path) -> dict[str, dict[str, str]]:
    """The rows by their paths."""
    table = read_table(file, _NEEDED, what="a split", advice="`diptych split --out` writes one")
    rows = {}
    for number, row in enumerate(table, 2):
        if row["part"] not in PARTS:
            raise InputError(
                f"{file}, row {number}: the part is '{row['part']}'{nearest(row['part'], PARTS)}"
            )
        rows[row["path"]] = row
    if not rows:
        raise InputError(f"{file}: not a split, there is no row in it")
    return rows


def _places(path: str, file: Path) -> list[Path]:
    """Where a path may lie: as it stands, or from the folder of the file."""
    return [Path(path).absolute(), (file.absolute().parent / path)]
