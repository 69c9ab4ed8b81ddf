"""What each folder says of the files in it."""

import unicodedata
from collections.abc import Collection, Mapping
from typing import NamedTuple

from diptych.errors import InputError
from diptych.sources.folders.left_out import leave_out, notes_on_figures
from diptych.sources.folders.outline import Levels, outline
from diptych.sources.folders.said_levels import Said, groups_of
from diptych.sources.folders.structure import Structure, structure_of
from diptych.sources.parts import parts_named


class Role(NamedTuple):
    """A label, part and group; or the reason why its files are set aside."""

    label: str = ""
    part: str = ""
    group: str = ""
    reason: str = ""
    detail: str = ""
    level: int = 0  # that of the folder with the label, from 0 at the first below the root
    listed: str = ""  # the folder whose list of labels may name its files


class Roles(NamedTuple):
    """The roles of all folders, by their ways."""

    of: Mapping[Levels, Role]
    classes_of: Mapping[str, Collection[str]]  # by part, those without pictures too
    notes: list[str]


NO_CLASS = Role(reason="no class", detail="not inside a class folder")


def roles_of(
    counts: Mapping[Levels, tuple[int, int]], said: Said, where: object, called: str
) -> Roles:
    """The role of each folder by what was said, and by its name where nothing was.

    `counts` are of pictures and documents in each, and `called` is the root's own name. Raises
    InputError for a question that nobody answered.
    """
    read = _unlabelled if said.label_of else _inferred if said.label is None else _labelled
    roles, classes_of, notes = read(counts, said, where, called)
    if said.part is not None:
        roles = {way: _with_part(way, role, said, where) for way, role in roles.items()}
        if said.label is None or not any(classes_of):
            classes_of = {"": set().union(*classes_of.values())}
    groups = groups_of({way: role.label for way, role in roles.items()}, said)
    roles = {way: role._replace(group=groups.get(way, "")) for way, role in roles.items()}
    return Roles(roles, classes_of, notes)


def _inferred(
    counts: Mapping[Levels, tuple[int, int]], said: Said, where: object, called: str
) -> Roles:
    rest: dict[Levels, tuple[int, int]] = {}
    for way, (pictures, documents) in counts.items():
        other = rest.get(said.rest(way), (0, 0))
        rest[said.rest(way)] = (pictures + other[0], documents + other[1])
    numbers = said.numbers(max(map(len, counts), default=0) + len(said.groups) + 2)
    structure = structure_of(outline(rest), numbers, where, called)
    roles = {way: _role(said.rest(way), structure) for way in counts}
    classes_of = {part: set(map(_label, own)) for part, own in structure.classes_of.items()}
    return Roles(roles, classes_of, structure.notes)


def _role(way: Levels, structure: Structure) -> Role:
    for depth in range(len(way), -1, -1):
        above = way[:depth]
        if above in structure.aside:
            reason, detail = structure.aside[above]
            return Role(reason=reason, detail=detail)
        if above in structure.unlabelled:
            detail = "in a part that has no class folders; `diptych predict` answers for such"
            part = structure.unlabelled[above]
            return Role("", part, "", "unlabelled", detail, listed="/".join(above))
        if above in structure.above_classes:
            if depth == len(way):
                return NO_CLASS
            role = Role(
                _label(way[depth]),
                structure.above_classes[above],
                level=structure.numbers[depth] - 1,
            )
            if not (below := structure.below_classes):
                return role
            part = below.get(way[depth + 1], "") if depth + 1 < len(way) else ""
            outside = f"outside of {', '.join(below)}"
            return role._replace(part=part) if part else Role(reason="no part", detail=outside)
    if any(structure.classes_of):
        parts = sorted(part for part in structure.classes_of if part)
        return Role(reason="no part", detail=f"outside of {', '.join(parts)}")
    return NO_CLASS


def _unlabelled(
    counts: Mapping[Levels, tuple[int, int]], said: Said, where: object, called: str
) -> Roles:
    """Roles where the names of files say the labels: parts, and what is set aside."""
    deepest = max(map(len, counts), default=0)
    parts_at, parts = (None, {}) if said.part is not None else _level_of_parts(counts, deepest)
    aside = leave_out(outline(counts))
    roles = {}
    for way in counts:
        left_out = [above for depth in range(len(way)) if (above := way[: depth + 1]) in aside]
        name = way[parts_at] if parts_at is not None and len(way) > parts_at else ""
        if left_out:
            reason, detail = aside[left_out[0]]
            roles[way] = Role(reason=reason, detail=detail)
        elif parts and not name:
            roles[way] = Role(reason="no part", detail=f"outside of {', '.join(parts)}")
        else:
            roles[way] = Role(part=parts.get(name, ""))
    return Roles(roles, {}, [])


def _labelled(
    counts: Mapping[Levels, tuple[int, int]], said: Said, where: object, called: str
) -> Roles:
    """Roles where the level of the labels was said; parts are inferred from the others."""
    at = said.label
    assert at is not None
    parts_at, parts = (None, {}) if said.part is not None else _level_of_parts(counts, at)
    roles, classes_of = {}, dict[str, set[str]]()
    aside = leave_out(outline(counts), at)
    for way in counts:
        left_out = [above for depth in range(len(way)) if (above := way[: depth + 1]) in aside]
        if left_out:
            reason, detail = aside[left_out[0]]
            roles[way] = Role(reason=reason, detail=detail)
            continue
        if len(way) <= at:
            roles[way] = NO_CLASS
            continue
        name = way[parts_at] if parts_at is not None and len(way) > parts_at else ""
        if parts and not name:
            roles[way] = Role(reason="no part", detail=f"outside of {', '.join(parts)}")
        else:
            roles[way] = Role(_label(way[at]), parts.get(name, ""), level=at)
        classes_of.setdefault(name, set()).add(_label(way[at]))
    numbers = range(1, 2 + max(map(len, counts), default=0))
    return Roles(roles, classes_of, notes_on_figures(aside, numbers))


def _label(folder: str) -> str:
    """A label in one spelling: of two parts, one may come from a Mac, which writes ä in another."""
    return unicodedata.normalize("NFC", folder)


def _level_of_parts(ways: Collection[Levels], label: int) -> tuple[int | None, dict[str, str]]:
    """The level above that of the labels, or next below it, where all are called as parts are."""
    for at in (*range(label), label + 1):
        names = {way[at] for way in ways if len(way) > at}
        parts = parts_named(names)
        if names and len(parts) == len(names) and len(set(parts.values())) > (at > label):
            return at, parts
    return None, {}


def _with_part(way: Levels, role: Role, said: Said, where: object) -> Role:
    """A role with the part that was said."""
    if role.reason and role.reason != "unlabelled":
        return role
    part = said.part_of(way)
    if not part:
        return Role(reason="no part", detail="not in a folder of a part")
    if role.part and role.part != part:
        raise InputError(
            f"{where}: {'/'.join(way)} is of the {role.part} part by its name, and of the {part} "
            "part by what was said; name the level of folders that is meant: --part folder:N"
        )
    return role._replace(part=part)
