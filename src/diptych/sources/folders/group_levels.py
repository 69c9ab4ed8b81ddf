"""Levels of folders that were said to be groups, and are the parts or the classes."""

from collections.abc import Collection, Sequence

from diptych.data.dataset import Sample
from diptych.errors import InputError
from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.outline import Levels
from diptych.sources.folders.said_levels import Said
from diptych.sources.meaning import LEVEL
from diptych.sources.parts import parts_named


def refuse_parts_for_groups(said: Said, ways: Collection[Levels], where: object) -> None:
    """Raise InputError where the folders at a level of groups are train, test and the like.

    What was said of is left out where meaning is inferred: the parts would be forgotten.
    """
    for at in said.groups:
        names = {way[at] for way in ways if len(way) > at}
        parts = parts_named(names)
        if at != said.part and len(set(parts.values())) > 1 and len(parts) == len(names):
            raise InputError(
                f"{where}: {LEVEL}{at + 1} is the parts ({some(names)}), which are kept apart "
                "anyway; --group another level, or leave it out"
            )


def refuse_groups_for_all(
    said: Said, ways: Collection[Levels], samples: Sequence[Sample], where: object
) -> None:
    """Raise InputError where no folder is left for the classes beside those of groups."""
    if samples or not said.groups or said.label is not None:
        return
    at = said.groups[0]
    names = {way[at] for way in ways if len(way) > at}
    if len(names) > 1:
        raise InputError(
            f"{where}: no folders of classes are left beside {LEVEL}{at + 1} ({some(names)}), "
            f"which was said to be groups; leave --group out if these are the classes"
        )
