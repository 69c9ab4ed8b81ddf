"""Folders that hold the same ones at different depths, or kinds of one thing: a question each."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from diptych.errors import InputError
from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.outline import Outline
from diptych.sources.part_words import option
from diptych.sources.parts import part_named, parts_named
from diptych.sources.tables.file_names import fold

_DEEPEST = 4
_WORD = re.compile(r"[^\W\d_]+")


def refuse_at_other_depths(top: Outline, where: object, level: int) -> None:
    """Raise InputError where two folders hold the same several ones, not equally deep."""
    names = {name: dict(_names_below(one)) for name, one in top.folders.items() if one.is_way}
    for (name, own), (other, others) in combinations(sorted(names.items()), 2):
        for depth, inside in own.items():
            for deeper, again in others.items():
                same = inside.keys() & again.keys()
                parted = _holds_parts(top.folders[name]) != _holds_parts(top.folders[other])
                if (
                    (depth != deeper or parted)
                    and len(same) > 1
                    and 2 * len(same) >= len({**inside, **again})
                ):
                    raise InputError(
                        f"{where}: {name} and {other} hold the same folders "
                        f"({some(inside[key] for key in same)}) otherwise; if these are "
                        "the classes, give one of both alone, or one with the other as --test; "
                        f"--label folder:{level} says {name}, {other}"
                    )


def _holds_parts(folder: Outline) -> bool:
    return any(map(part_named, folder.folders))


def _names_below(folder: Outline) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The folders at each level below one, as they are written, by how they are compared."""
    folders = [folder]
    for depth in range(_DEEPEST):
        inside = [(name, one) for each in folders for name, one in each.folders.items()]
        inside = [(name, one) for name, one in inside if one.all_pictures]
        yield depth, {fold(name): name for name, _ in inside if not part_named(name)}
        folders = [one for _, one in inside]


def refuse_kinds_of(top: Outline, where: object, level: int) -> None:
    """Raise InputError where folders hold ones of their own that are called after them.

    colon_image_sets/colon_aca and lung_image_sets/lung_aca: either may be the classes. Numbers tell
    series of one thing, which are no classes.
    """
    folders = {name: one for name, one in top.folders.items() if one.all_pictures}
    inside = [(name, kind) for name, one in folders.items() for kind in one.folders]
    of_all = len(folders) > 1 and all(
        one.is_way and len(one.folders) > 1 for one in folders.values()
    )
    if of_all and all(_is_called_after(kind, name) for name, kind in inside):
        kinds, names = some(kind for _, kind in inside), some(folders)
        raise InputError(
            f"{where}: {names} hold folders that are called after them ({kinds}); which are the "
            f"classes? --label folder:{level + 1} says {kinds}, --label folder:{level} says {names}"
        )


def _is_called_after(kind: str, name: str) -> bool:
    if any(letter.isdigit() for letter in kind) or fold(kind) == fold(name):
        return False
    if len(name) == 1:
        return len(kind) == 2 and name in kind
    shared = set(_WORD.findall(fold(kind))) & set(_WORD.findall(fold(name)))
    return any(len(word) > 2 for word in shared)


def refuse_parts_among(top: Outline, where: object, level: int) -> None:
    """Raise InputError where folders called as parts lie among others that may be classes."""
    parts = parts_named(top.folders)
    others = [name for name, one in top.folders.items() if name not in parts and one.all_pictures]
    flat = not any(one.is_way for one in top.folders.values())
    if flat and "train" in parts.values() and len(set(parts.values())) > 1:
        raise InputError(
            f"{where}: {some(parts)} are called as parts, lie beside {some(others)}, and none "
            "holds folders of classes; a table of files and labels says the classes, or names of "
            f"files do (--label name:_), with {option(f'folder:{level}', sorted(others)[:4])} "
            "(train, valid, test or none) for the others; "
            f"--label folder:{level} takes all of these folders for classes"
        )


def refuse_part_among_ways(top: Outline, where: object, level: int) -> None:
    """Raise InputError where a folder called as a part has folders in it, as all others have."""
    others = [name for name, one in top.folders.items() if one.all_pictures]
    for name in top.folders:
        part = part_named(name)
        rest = sorted(other for other in others if other != name)
        if part in ("valid", "test") and rest and all(top.folders[one].is_way for one in others):
            raise InputError(
                f"{where}: is {name} a class, beside {some(rest)}, or the {part} part? "
                f"--label folder:{level} says a class; --label folder:{level + 1} (or deeper) "
                f"with {option(f'folder:{level}', rest[:4])} says a part"
            )
