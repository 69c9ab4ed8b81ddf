"""A table for each part, beside class folders: train.csv and test.csv say who is in which."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from diptych.data.dataset import Dataset, Stray
from diptych.errors import InputError, shortened


def with_parts_of_tables(
    data: Dataset, parts: Mapping[str, str], files_of: Mapping[str, Collection[str]]
) -> Dataset:
    """Samples with the parts of the tables that name them; what none of them names is a stray.

    Of a data set that has parts already nothing changes.

    `parts` has the part of each table, `files_of` the samples that it names. Raises InputError
    where two tables of parts name the same one.
    """
    if data.parts():
        return data
    part_of: dict[str, tuple[str, str]] = {}
    for table, part in parts.items():
        for name in files_of[table]:
            other, _ = part_of.setdefault(name, (table, part))
            if other != table:
                raise InputError(
                    f"{data.root}: {other} and {table} both name {name}, which can be in one part "
                    "alone; correct one of them"
                )
    tables = shortened(sorted(parts))
    samples = [s._replace(part=part_of[s.name][1]) for s in data.samples if s.name in part_of]
    strays = [
        stray._replace(reason="table", detail="says which files are in a part")
        if stray.name in parts
        else stray
        for stray in data.strays
    ]
    aside = [s.name for s in data.samples if s.name not in part_of]
    strays += [Stray(name, "no part", f"none of {tables} names it") for name in aside]
    counts = ", ".join(f"{part} is in {table}" for table, part in parts.items())
    note = f"classes are the folders; {counts}"
    if aside:
        note += f"; {len(aside):,} pictures that these do not name are set aside"
    note = "\n".join(filter(None, (data.note, note)))
    return replace(data, samples=tuple(samples), strays=tuple(strays), note=note)
