"""What tables say of pictures whose labels are their folders: patients, cameras, parts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning, is_title
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

    Pictures without a part are strays where it was said that a table has the parts. Raises
    InputError for a title that no table has, and for parts that folders say otherwise.
    """
    if not facts:
        return by_folders(tree, meaning)
    titles = [title for title in meaning.group if is_title(title)]
    parted = any(one.roles.parts.columns for one in facts)
    said_parts = parted and (meaning.part is not None or meaning.fold is not None)
    _refuse_unknown(tree, facts, titles, "group")
    if meaning.part is not None and is_title(meaning.part):
        _refuse_unknown(tree, facts, [meaning.part], "part")
    data = by_folders(tree, of_folders(meaning, parted))
    notes = [data.note]
    columns = dict(data.columns)
    samples = list(data.samples)
    for one in facts:
        further = _columns(one, samples)
        if further:
            notes.append(
                f"classes are the folders; {one.name} says {shortened(list(further))} of them"
            )
        for title, values in further.items():
            columns[title] = {**columns.get(title, {}), **values}
        samples, note = _with_parts(tree, one, samples, said_parts)
        notes += [note, *([] if meaning.group else _groups_note(one, samples))]
    names = {one.name for one in facts}
    strays = [s if s.name not in names else _table(s) for s in data.strays]
    if said_parts:
        named = shortened([one.name for one in facts if one.roles.parts.columns])
        detail = f"{named} says no part of it"
        strays += [Stray(s.name, "no part", detail) for s in samples if not s.part]
        samples = [sample for sample in samples if sample.part]
    if titles:
        samples = _with_groups(facts, samples)
        notes.append(_alone(samples, titles))
    note = "\n".join(filter(None, notes))
    return replace(data, samples=tuple(samples), strays=tuple(strays), columns=columns, note=note)


def of_folders(meaning: Meaning, parted: bool) -> Meaning:
    """What was said of folders, where tables say the rest; the parts too where it is `parted`."""
    levels = tuple(title for title in meaning.group if not is_title(title))
    said = replace(meaning, files=None, group=levels)
    if parted and (meaning.part is None or is_title(meaning.part)):
        said = replace(said, part=None, fold=None)
    return said


def _refuse_unknown(tree: Tree, facts: Sequence[Facts], titles: Sequence[str], option: str) -> None:
    """Raise InputError for a title that no table has."""
    have = [title for one in facts for title in one.table.titles]
    folded = {title.casefold() for title in have}
    if unknown := [title for title in titles if title.strip().casefold() not in folded]:
        raise InputError(
            f"{tree.root}: no column '{unknown[0]}' for --{option}; {facts[0].name} has "
            f"{shortened(have)}"
        )


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


def _with_parts(
    tree: Tree, one: Facts, samples: list[Sample], said: bool
) -> tuple[list[Sample], str]:
    """With the parts that the table says; unless that was said, only where folders say none.

    Raises InputError where it was said, and a folder says something else.
    """
    columns, note = one.roles.parts.columns, one.roles.parts.note
    parts = [
        one.roles.parts.part_of_row(one.cells[sample.name]) if sample.name in one.cells else ""
        for sample in samples
    ]
    if not any(parts):
        return samples, note
    title = one.table.titles[columns[0]]
    pairs = list(zip(samples, parts, strict=True))
    against = next(((s, part) for s, part in pairs if part and s.part not in ("", part)), None)
    if against:
        sample, part = against
        differ = f"{title} of {one.name} puts {sample.name} into {part}, its folder into "
        differ += sample.part
        if said:
            raise InputError(
                f"{tree.root}: {differ}; correct one of them, or leave --part and --fold out"
            )
        return samples, f"parts are the folders; {differ}"
    if said or not any(sample.part for sample in samples):
        without = parts.count("")
        if without and not said:
            # A column of True and False, on which there is a note, is none that --part takes.
            advice = "list those too" if note else f"--part '{title}' leaves those out"
            return samples, (
                f"{title} of {one.name} says no part of {without:,} of {len(parts):,} pictures, "
                f"and is not used; {advice}"
            )
        note = note or f"parts in {title} of {one.name}"
        return [s._replace(part=part or s.part) for s, part in pairs], note
    return samples, note


def _with_groups(facts: Sequence[Facts], samples: list[Sample]) -> list[Sample]:
    values: list[dict[str, str]] = []
    for sample in samples:
        own = {"folder": sample.group} if sample.group else {}
        for one in facts:
            row = one.cells.get(sample.name)
            own |= {title: of(row, "") for title, of in one.roles.groups.items()} if row else {}
        values.append(own)
    named = zip(samples, group_names(values), strict=True)
    return [sample._replace(group=name) for sample, name in named]


def _alone(samples: Sequence[Sample], titles: Sequence[str]) -> str:
    """A word on samples of which no table says the group."""
    alone = [sample.name for sample in samples if not sample.group]
    if not alone:
        return ""
    return (
        f"{len(alone):,} of {len(samples):,} pictures have no {' or '.join(titles)}, and are in no "
        f"group: {shortened(alone, 3)}"
    )


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
