"""What tables say of pictures whose labels are their folders: patients, cameras, parts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning, level
from diptych.sources.tables.columns import is_telling
from diptych.sources.tables.grouping import group_names, looks_like_groups
from diptych.sources.tables.records import Records, Row
from diptych.sources.tables.roles import Roles
from diptych.sources.trees import Tree


class Facts(NamedTuple):
    """A table without labels, and its row for each file that is there."""

    name: str
    table: Records
    roles: Roles
    cells: Mapping[str, Row]


def with_facts(
    tree: Tree,
    facts: Sequence[Facts],
    meaning: Meaning,
    by_folders: Callable[[Tree, Meaning], Dataset],
) -> Dataset:
    """A tree of class folders with what tables say of its pictures: columns, groups, parts.

    Raises InputError for a title that no table has.
    """
    if not facts:
        return by_folders(tree, meaning)
    titles = [title for title in meaning.group if level(title) is None]
    own = {title for one in facts for title in one.roles.groups}
    if unknown := [title for title in titles if title not in own]:
        have = shortened([title for one in facts for title in one.table.titles])
        raise InputError(
            f"{tree.root}: no column '{unknown[0]}' for --group; {facts[0].name} has {have}"
        )
    levels = tuple(title for title in meaning.group if level(title) is not None)
    parted = any(one.roles.parts.columns for one in facts)
    of_folders = replace(meaning, files=None, group=levels)
    if parted and (meaning.part is None or level(meaning.part) is None):
        of_folders = replace(of_folders, part=None, fold=None)
    data = by_folders(tree, of_folders)
    notes = [data.note]
    columns = dict(data.columns)
    samples = list(data.samples)
    for one in facts:
        further = _columns(one, samples)
        if further:
            notes.append(
                f"classes are the folders; {one.name} says {shortened(list(further))} of them"
            )
        columns |= further
        samples, note = _with_parts(one, samples)
        notes += [note, *([] if meaning.group else _groups_note(one, samples))]
    if titles:
        samples = _with_groups(facts, samples)
    names = {one.name for one in facts}
    strays = [s if s.name not in names else _table(s) for s in data.strays]
    note = "\n".join(filter(None, notes))
    return replace(data, samples=tuple(samples), strays=tuple(strays), columns=columns, note=note)


def _table(stray: Stray) -> Stray:
    return Stray(stray.name, "table", "says more of the files")


def _columns(one: Facts, samples: Sequence[Sample]) -> dict[str, dict[str, str]]:
    columns = {}
    for at in one.roles.further:
        values = {s.name: one.cells[s.name][at] for s in samples if s.name in one.cells}
        labels = {sample.label for sample in samples}
        as_labels = {(values[s.name], s.label) for s in samples if s.name in values}
        same = len(as_labels) == len(set(values.values())) == len(labels)
        if is_telling(values.values()) and not same:
            columns[one.table.titles[at]] = values
    return columns


def _with_parts(one: Facts, samples: list[Sample]) -> tuple[list[Sample], str]:
    """With the parts that the table says, where each picture has one and folders say none."""
    parts = [
        one.roles.parts.part_of_row(one.cells[sample.name]) if sample.name in one.cells else ""
        for sample in samples
    ]
    if not one.roles.parts.columns or not all(parts) or any(sample.part for sample in samples):
        return samples, one.roles.parts.note
    title = one.table.titles[one.roles.parts.columns[0]]
    note = one.roles.parts.note or f"parts in {title} of {one.name}"
    return [s._replace(part=part) for s, part in zip(samples, parts, strict=True)], note


def _with_groups(facts: Sequence[Facts], samples: list[Sample]) -> list[Sample]:
    values: list[dict[str, str]] = []
    for sample in samples:
        own = {"": sample.group} if sample.group else {}
        for one in facts:
            row = one.cells.get(sample.name)
            own |= {title: of(row, "") for title, of in one.roles.groups.items()} if row else {}
        values.append(own)
    named = zip(samples, group_names(values), strict=True)
    return [sample._replace(group=name) for sample, name in named]


def _groups_note(one: Facts, samples: Sequence[Sample]) -> list[str]:
    known = [sample for sample in samples if sample.name in one.cells]
    labels = [sample.label for sample in known]
    titles = one.table.titles
    return [
        f"{titles[at]} of {one.name} has ids that come again; --group '{titles[at]}' keeps what "
        "has the same together"
        for at in one.roles.further
        if looks_like_groups(titles[at], [one.cells[s.name][at] for s in known], labels)
    ]
