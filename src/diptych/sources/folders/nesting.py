"""A word on folders below the classes, which may hold a video or a patient each."""

from collections import Counter
from collections.abc import Mapping

from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.folder_roles import Role
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
