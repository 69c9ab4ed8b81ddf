"""Words on folders that may be more than they are read as: levels below classes, leftovers."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

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
    """A line on the levels below the classes that have several folders in most of them.

    Each holds several pictures; whether they belong together, only somebody who knows them can
    tell. Nothing where such folders are a group already.
    """
    labelled = {way: role for way, role in roles.items() if role.label and counts[way][0]}
    if not labelled or any(role.group for role in labelled.values()):
        return []
    levels = dict(_levels_below(labelled, counts, said))
    if sum(len(_names(inside)) > 1 for inside in levels.values()) < 2:
        return [
            f"below the classes lie {len(inside):,} folders with several pictures each "
            f"({some(_names(inside))}): if each is of one thing, such as a video or a patient, "
            f"--group folder:{number} keeps its pictures together; "
            f"--label folder:{number} takes them for the classes"
            for number, inside in [*levels.items()][:1]
        ]
    levels = {number: inside for number, inside in levels.items() if len(_names(inside)) > 1}
    lie = "; ".join(
        f"folder:{number} has {len(_names(inside)):,} names ({some(_names(inside))}"
        f"{', in most of those above' if _come_again(inside) else ''})"
        for number, inside in levels.items()
    )
    classes = {role.label for role in labelled.values()}
    things = {number: len(one) for number, one in levels.items() if not _come_again(one)}
    most = max(things or levels, key=lambda number: things.get(number, 0))
    return [
        f"the classes are {some(classes)}; below them lie several levels of folders: {lie}; if "
        "each folder of one level is of one thing, such as a video or a patient, "
        f"--group folder:{most} (or another) keeps its pictures together; --label folder:N takes "
        "those of another level for the classes"
    ]


def _levels_below(
    labelled: Mapping[Levels, Role], counts: Mapping[Levels, tuple[int, int]], said: Said
) -> Iterator[tuple[int, Counter[Levels]]]:
    """The number of each such level, and how many pictures lie in each of its folders."""
    pictures = sum(counts[way][0] for way in labelled)
    classes = len({role.label for role in labelled.values()})
    deepest = max(len(way) - role.level for way, role in labelled.items())
    level = Counter(role.level for role in labelled.values()).most_common(1)[0][0]
    for at in range(level + 1, level + deepest):
        inside = Counter[Levels]()
        several: dict[str, set[Levels]] = {}
        for way, role in labelled.items():
            if len(way) > role.level + at - level:
                folder = way[: role.level + at - level + 1]
                inside[folder] += counts[way][0]
                several.setdefault(role.label, set()).add(folder)
        names = _names(inside)
        if at == said.part or all(map(part_named, names)):
            continue
        enough = 2 * inside.total() >= pictures and inside.total() > 2 * len(inside)
        if enough and 2 * sum(len(own) > 1 for own in several.values()) >= classes:
            yield at + 1, inside


def _names(ways: Iterable[Levels]) -> set[str]:
    return {way[-1] for way in ways}


def _come_again(ways: Collection[Levels]) -> bool:
    """Whether most folders are called as others in other folders are."""
    return 2 * len(_names(ways)) <= len(ways)


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
        else:
            classes.add(role.label)
    notes = [
        f"{label} is read as a class; if it holds {kind_of_leftovers(label)}, take it out of there"
        for label in sorted(classes)
        if len(classes) > 1 and kind_of_leftovers(label)
    ]
    if inside:
        notes.append(
            f"{inside.total():,} pictures in {some(inside)} are used, as the others of their "
            "classes are; if they are copies, or were thrown away, take them out of there"
        )
    return notes
