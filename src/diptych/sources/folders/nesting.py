"""A word on folders below the classes, which may hold a video or a patient each."""

from collections import Counter
from collections.abc import Mapping

from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.folder_names import is_wrapper
from diptych.sources.folders.folder_roles import Role
from diptych.sources.folders.leftovers import kind_of_leftovers
from diptych.sources.folders.outline import Levels
from diptych.sources.folders.said_levels import Said
from diptych.sources.parts import part_named


def note_on_nested(
    roles: Mapping[Levels, Role], counts: Mapping[Levels, tuple[int, int]], said: Said
) -> list[str]:
    """A line on the first level below the classes that has several folders in most of them.

    Each holds several pictures; whether they belong together, only somebody who knows them can
    tell. Nothing where such folders are a group already.
    """
    labelled = {way: role for way, role in roles.items() if role.label and counts[way][0]}
    if not labelled or any(role.group for role in labelled.values()):
        return []
    pictures = sum(counts[way][0] for way in labelled)
    classes = len({role.label for role in labelled.values()})
    deepest = max(len(way) - role.level for way, role in labelled.items())
    level = Counter(role.level for role in labelled.values()).most_common(1)[0][0]
    for below in range(1, deepest):
        inside = Counter[Levels]()
        for way, role in labelled.items():
            if len(way) > role.level + below:
                inside[way[: role.level + below + 1]] += counts[way][0]
        names = {way[-1] for way in inside}
        several = Counter(roles[way].label for way in inside if roles[way].label)
        if (
            level + below == said.part
            or all(map(part_named, names))
            or 2 * inside.total() < pictures
        ):
            continue
        if 2 * sum(n > 1 for n in several.values()) >= classes and inside.total() > 2 * len(inside):
            number = level + below + 1
            return [
                f"below the classes lie {len(inside):,} folders with several pictures each "
                f"({some(names)}): if each is of one thing, such as a video or a patient, "
                f"--group folder:{number} keeps its pictures together; "
                f"--label folder:{number} takes them for the classes"
            ]
    return []


def notes_on_leftovers(
    roles: Mapping[Levels, Role], counts: Mapping[Levels, tuple[int, int]]
) -> list[str]:
    """A line on classes, and one on folders in classes, that may be no more than leftovers."""
    classes, inside = set[str](), Counter[str]()
    for way, role in roles.items():
        if not role.label or not counts[way][0]:
            continue
        kinds = [
            name
            for name in way[role.level + 1 :]
            if kind_of_leftovers(name) and not is_wrapper(name)
        ]
        if kinds:
            inside["/".join(way)] += counts[way][0]
        elif kind_of_leftovers(role.label):
            classes.add(role.label)
    notes = [
        f"{label} is read as a class; if it holds {kind_of_leftovers(label)}, take it out of there"
        for label in sorted(classes)
    ]
    if inside:
        notes.append(
            f"{inside.total():,} pictures in {some(inside)} are used, as the others of their "
            "classes are; if they are copies, or were thrown away, take them out of there"
        )
    return notes
