"""What a folder at some level says of what must stay together: --group folder:3.

folder:3 is the way down to the third: siteA/seq1 is no siteB/seq1. Folders of classes and parts on
it say nothing of it: cat/patient1 is dog/patient1. folder:*/3 is the third folder's name alone, as
is each of several levels.
"""

from collections.abc import Collection, Iterable, Sequence

from diptych.data.grouping import group_keys
from diptych.sources.meaning import LEVEL
from diptych.sources.parts import part_named
from diptych.sources.tables.file_names import fold

ANYWHERE = f"{LEVEL}*/"


def by_names_alone(said: Collection[str]) -> bool:
    """Whether folders that were said to be groups are so by their names, wherever they lie."""
    levels = [one for one in said if one.startswith(LEVEL)]
    return len(levels) > 1 or any(one.startswith(ANYWHERE) for one in levels)


def folder_group(
    way: Sequence[str], at: int, label: str, alone: bool = False, joined: int = 0
) -> str:
    """The group by the folder at a level, from 0, of a file with this label; "" above it.

    `joined` levels at the top say nothing.
    """
    if at >= len(way):
        return ""
    own = fold(label)
    above = () if alone else (n for n in way[joined:at] if fold(n) != own and not part_named(n))
    return "/".join((*above, way[at]))


def note_on_restarts(names: Iterable[str], said: Collection[str]) -> str:
    """A line on folders of one name that are several groups, as they lie in others; "" for none.

    `names` are those of groups, `said` what these are by.
    """
    level, *others = said or ("",)
    if others or not level.startswith(LEVEL) or by_names_alone(said):
        return ""
    ways: dict[str, list[str]] = {}
    for key in sorted({key for name in names for key in group_keys(name)}):
        above, _, folder = key.rpartition("/")
        ways.setdefault(folder, []).append(above)
    several = [(folder, above) for folder, above in ways.items() if len(above) > 1]
    if not several:
        return ""
    folder, (one, other, *_) = several[0]
    return (
        f"{level}: {folder} in {one or '.'} is another group than {folder} in {other}; --group "
        f"'{ANYWHERE}{level.removeprefix(LEVEL)}' makes one group of all that are called so"
    )
