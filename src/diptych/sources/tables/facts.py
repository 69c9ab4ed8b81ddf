"""What tables say of pictures whose labels are their folders: patients, cameras, parts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning, is_title
from diptych.sources.tables.cells import tells_kinds
from diptych.sources.tables.column_roles import Roles
from diptych.sources.tables.grouping import group_names, looks_like_groups
from diptych.sources.tables.rows import Records, Row

# More lines than this are not read.
MOST_NOTES = 12


class Facts(NamedTuple):
    """A table without labels, and its row for each file that is there."""

    name: str
    table: Records
    roles: Roles
    cells: Mapping[str, Row]
    missing: int = 0  # rows of files that are not there
    unclear: Sequence[str] = ()  # what rows say of which several files could be meant


class Pictures(NamedTuple):
    """A data set that folders or tables label, and the file that each name of a sample means."""

    data: Dataset
    file_of: Mapping[str, str] | None = None  # None where each is called as its file is
    labels_from: str = "classes are the folders; "

    def row(self, one: Facts, sample: Sample) -> Row | None:
        """What a table says of a sample."""
        return one.cells.get(self.file_of[sample.name] if self.file_of else sample.name)


def with_facts(pictures: Pictures, facts: Sequence[Facts], meaning: Meaning) -> Dataset:
    """Pictures with what tables that name the same files say of them: columns, groups, parts.

    Pictures without a part are strays where it was said that a table has the parts. Raises
    InputError for parts that folders or their own table say otherwise.
    """
    data = pictures.data
    if not facts:
        return data
    titles = [title for title in meaning.group if is_title(title)]
    said_parts = are_parted(facts) and (meaning.part is not None or meaning.fold is not None)
    notes = [data.note]
    columns = dict(data.columns)
    samples = list(data.samples)
    for one in facts:
        further = {
            title: values
            for title, values in _columns(pictures, one).items()
            if columns.get(title) != values  # of another table already
        }
        said = [*further, *(() if pictures.file_of is None else one.roles.groups)]
        if said:
            notes.append(f"{pictures.labels_from}{one.name} says {shortened(said)} of them")
        for title, values in further.items():
            columns[title] = {**columns.get(title, {}), **values}
        samples, note = _with_parts(pictures, one, samples, said_parts)
        notes += [note, *([] if meaning.group else _groups_note(pictures, one))]
    names = {one.name for one in facts}
    strays = [s if s.name not in names else _table(s.name) for s in data.strays]
    if pictures.file_of is None:  # a table may lie in a class folder
        strays += [_table(sample.name) for sample in samples if sample.name in names]
        samples = [sample for sample in samples if sample.name not in names]
    if said_parts:
        named = shortened([one.name for one in facts if one.roles.parts.columns])
        detail = f"{named} says no part of it"
        strays += [Stray(s.name, "no part", detail) for s in samples if not s.part]
        samples = [sample for sample in samples if sample.part]
    if titles:
        samples = _with_groups(pictures, facts, samples)
        notes.append(_alone(samples, titles))
    note = "\n".join(shortened_notes([note for note in notes if note]))
    return replace(data, samples=tuple(samples), strays=tuple(strays), columns=columns, note=note)


def shortened_notes(notes: Sequence[str]) -> list[str]:
    """The first of many notes, of which each is on one of as many tables."""
    if len(notes) <= MOST_NOTES:
        return list(notes)
    return [*notes[:MOST_NOTES], f"and {len(notes) - MOST_NOTES:,} lines more, on other tables"]


def are_parted(facts: Sequence[Facts]) -> bool:
    """Whether a column of one of the tables says parts."""
    return any(one.roles.parts.columns for one in facts)


def of_folders(meaning: Meaning, parted: bool) -> Meaning:
    """What was said of folders, where tables say the rest; the parts too where it is `parted`."""
    levels = tuple(title for title in meaning.group if not is_title(title))
    said = replace(meaning, files=None, group=levels)
    if parted and (meaning.part is None or is_title(meaning.part)):
        said = replace(said, part=None, fold=None)
    return said


def refuse_unknown(root: object, facts: Sequence[Facts], meaning: Meaning) -> None:
    """Raise InputError for a title of groups or parts that no table has."""
    have = [title for one in facts for title in one.table.titles]
    folded = {title.casefold() for title in have}
    said = [("group", title) for title in meaning.group] + [("part", meaning.part or "")]
    for option, title in said:
        if title and is_title(title) and title.strip().casefold() not in folded:
            raise InputError(
                f"{root}: no column '{title}' for --{option}; {facts[0].name} has {shortened(have)}"
            )


def _table(name: str) -> Stray:
    return Stray(name, "table", "says more of the files")


def _columns(pictures: Pictures, one: Facts) -> dict[str, dict[str, str]]:
    columns = {}
    samples = pictures.data.samples
    for at in one.roles.further:
        if not one.table.headed and len(set(one.table.column(at))) == len(one.table.rows):
            continue  # ids
        values = {s.name: row[at] for s in samples if (row := pictures.row(one, s))}
        labels = [sample.label for sample in samples if sample.name in values]
        if tells_kinds(list(values.values()), labels):
            columns[one.table.titles[at]] = values
    return columns


def _with_parts(
    pictures: Pictures, one: Facts, samples: list[Sample], said: bool
) -> tuple[list[Sample], str]:
    """With the parts that the table says; unless that was said, only where folders say none.

    Raises InputError where it was said, and a folder says something else.
    """
    columns, note = one.roles.parts.columns, one.roles.parts.note
    parts = [
        one.roles.parts.part_of_row(row) if (row := pictures.row(one, sample)) else ""
        for sample in samples
    ]
    if not any(parts):
        return samples, note
    title = one.table.titles[columns[0]]
    pairs = list(zip(samples, parts, strict=True))
    against = next(((s, part) for s, part in pairs if part and s.part not in ("", part)), None)
    folders = {sample.part for sample in samples}
    if against and len(folders) == 1 and "" not in parts:
        note = f"{note}; " if note else f"parts in {title} of {one.name}; "
        note += f"all lie in a folder of {folders.pop()}, which says no more"
        return [s._replace(part=part) for s, part in pairs], note
    if against:
        sample, part = against
        differ = f"{title} of {one.name} puts {sample.name} into {part}, its folder into "
        differ += sample.part
        if said:
            raise InputError(
                f"{pictures.data.root}: {differ}; correct one of them, or leave --part and --fold "
                "out"
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


def _with_groups(pictures: Pictures, facts: Sequence[Facts], samples: list[Sample]) -> list[Sample]:
    values: list[dict[str, str]] = []
    for sample in samples:
        own = {"folder": sample.group} if sample.group else {}
        for one in facts:
            row = pictures.row(one, sample)
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


def _groups_note(pictures: Pictures, one: Facts) -> list[str]:
    rows = [(s.label, row) for s in pictures.data.samples if (row := pictures.row(one, s))]
    labels = [label for label, _ in rows]
    titles = one.table.titles
    return [
        f"{titles[at]} of {one.name} has ids that come again; --group '{titles[at]}' keeps what "
        "has the same together"
        for at in one.roles.further
        if looks_like_groups(titles[at], [row[at] for _, row in rows], labels)
    ]
