"""A table for each part: train.csv and test.csv say who is in which."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from diptych.data.dataset import Stray
from diptych.errors import InputError, shortened
from diptych.sources.endings import COMPANIONS
from diptych.sources.parts import part_in
from diptych.sources.tables.facts import Facts, Pictures, with_note


def with_parts_of_tables(
    pictures: Pictures, parts: Mapping[str, str], facts: Sequence[Facts]
) -> Pictures:
    """Samples with the parts of the tables that name them; what none of them names is a stray.

    Where they have parts already, or are all of one, nothing changes. `parts` has the part of each
    table. Raises InputError where two tables of parts name the same sample.
    """
    data = pictures.data
    if not parts or data.parts():
        return pictures
    part_of: dict[str, tuple[str, str]] = {}
    for one in facts:
        if one.name not in parts:
            continue
        for sample in data.samples:
            if not pictures.row(one, sample):
                continue
            other, _ = part_of.setdefault(sample.name, (one.name, parts[one.name]))
            if other != one.name:
                raise InputError(
                    f"{data.root}: {other} and {one.name} both name {sample.name}, which can be in "
                    "one part alone; correct one of them"
                )
    own = {part for _, part in part_of.values()}
    if "train" not in own and 0 < len(part_of) < len(data.samples):
        return _with_the_rest(pictures, part_of)
    if len(own) < 2:
        return pictures
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
    note = f"{pictures.labels_from}{counts}"
    for one in facts:
        if one.name in parts and one.missing:
            note += f"; {one.missing:,} of {len(one.table.rows):,} in {one.name} are not there"
    if aside:
        note += f"; {len(aside):,} pictures that these do not name are set aside"
    note = "\n".join(filter(None, (data.note, note)))
    data = replace(data, samples=tuple(samples), strays=tuple(strays), note=note)
    return pictures._replace(data=data)


def _with_the_rest(pictures: Pictures, part_of: Mapping[str, tuple[str, str]]) -> Pictures:
    """With the parts of lists, and all others to train on, where no list says what is for that."""
    data = pictures.data
    if unused := [s.name for s in data.strays if _is_to_train_on(s.name)]:
        note = f"{unused[0]} names none of the pictures; parts by lists are left out"
        return pictures._replace(data=with_note(data, note))
    samples = [s._replace(part=part_of.get(s.name, ("", "train"))[1]) for s in data.samples]
    of_table = dict(part_of.values())
    strays = [
        s._replace(reason="table", detail="says which files are in a part")
        if s.name in of_table
        else s
        for s in data.strays
    ]
    counts = ", ".join(f"{part} is in {table}" for table, part in of_table.items())
    left = len(samples) - len(part_of)
    note = f"{pictures.labels_from}{counts}; the {left:,} pictures that no list names are for train"
    data = with_note(replace(data, samples=tuple(samples), strays=tuple(strays)), note)
    return pictures._replace(data=data)


def _is_to_train_on(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in COMPANIONS and part_in(path.stem) == "train"
