"""Which folders are classes and which are parts, as far as their names tell; else a question."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from diptych.sources.folders.ambiguity import (
    refuse_beside_wrapper,
    refuse_classes_within,
    refuse_flat_pieces,
    refuse_hidden_part,
    refuse_shared,
    some,
)
from diptych.sources.folders.deeper_classes import refuse_index, refuse_shared_below
from diptych.sources.folders.folder_names import (
    are_pieces,
    is_unlabelled,
    is_wrapper,
    may_be_unlabelled,
    may_lack_labels,
)
from diptych.sources.folders.left_out import leave_out, notes_on_figures
from diptych.sources.folders.leftovers import refuse_leftovers
from diptych.sources.folders.outline import Levels, Outline, joined
from diptych.sources.folders.same_folders import (
    refuse_at_other_depths,
    refuse_kinds_of,
    refuse_part_among_ways,
    refuse_parts_among,
)
from diptych.sources.parts import part_named, parts_named

Folders: TypeAlias = Mapping[str, Outline]


@dataclass
class Structure:
    """What folders mean, by their ways from the root."""

    # Folders whose folders are the classes, and their parts.
    above_classes: dict[Levels, str] = field(default_factory=dict)
    # The parts of pictures that lie in folders of parts below their class: class/train/….
    below_classes: dict[str, str] = field(default_factory=dict)
    aside: dict[Levels, tuple[str, str]] = field(default_factory=dict)  # reason and detail
    # Pictures of a part without folders of classes.
    unlabelled: dict[Levels, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    # Which level of the data set each level of these ways is: what was said of is left out of them.
    numbers: Sequence[int] = ()
    # The classes of each part, by the name of its folder: empty folders too.
    classes_of: dict[str, set[str]] = field(default_factory=dict)

    @property
    def classes(self) -> set[str]:
        """Every folder of a class, empty ones too."""
        return set().union(*self.classes_of.values())

    def level(self, folder: Outline) -> int:
        """The number of the level at which the folders in a folder are."""
        return self.numbers[folder.depth]


def structure_of(root: Outline, numbers: Sequence[int], where: object, called: str) -> Structure:
    """What the folders below a root mean; `called` is the root's own name.

    `numbers` are those of the levels of folders in the data set, from 1 at the first.

    Raises InputError, with the options that answer it, where they may be meant in several ways that
    give different labels.
    """
    result = Structure(numbers=numbers)
    result.aside |= leave_out(root)
    result.notes += notes_on_figures(result.aside, numbers)
    top = _unwrapped(root, called, result)
    parts = _parts(top.folders)
    if parts:
        _read_parts(top, parts, where, result)
    elif _holds_classes_again(top):
        _read_parts_beside_classes(top, result)
    elif below := _parts_below(top):
        _read_parts_below(top, below, result)
    else:
        for refuse in (
            refuse_parts_among,
            refuse_hidden_part,
            refuse_leftovers,
            refuse_flat_pieces,
            refuse_shared_below,
            refuse_shared,
            refuse_index,
            refuse_classes_within,
            refuse_beside_wrapper,
            refuse_at_other_depths,
            refuse_kinds_of,
            refuse_part_among_ways,
        ):
            refuse(top, where, result.level(top))
        result.above_classes = dict.fromkeys(top.places, "")
        result.classes_of = {"": set(top.folders)}
    return result


def _unwrapped(folder: Outline, called: str, result: Structure) -> Outline:
    """The folder in which classes or parts lie: in others of which each is the only one."""
    way, certain = folder, folder
    notes: list[str] = []
    while True:
        folders = _without_unlabelled(way, result)
        name, only = next(iter(folders.items()), ("", Outline()))
        if len(folders) == 1 and only.is_way and not part_named(name):
            called, way = name, only
        elif len(folders) == 1 and only.is_way and way.depth and part_named(name):
            called, way = name, only  # seg_train/seg_train
        elif _are_joined(folders, called):
            way = joined(folders.values())
            notes.append(
                f"{some(folders)} are read as pieces of one archive; "
                f"--group folder:{result.level(way) - 1} keeps each of them in one part"
            )
        else:
            break
        if is_wrapper(name) or part_named(name) or len(folders) > 1:
            certain = way
    end = way if len(way.folders) > 1 else certain
    if end is not folder:
        result.notes += notes
        if not notes and not part_named(end.places[0][-1]):
            result.notes.append(
                f"{'/'.join(end.places[0])} is read as the folder that holds all; "
                f"--label folder:{result.level(end) - 1} takes {end.places[0][-1]} for a class"
            )
    return end


def _without_unlabelled(folder: Outline, result: Structure) -> Folders:
    """The folders in one, but those without labels beside the only one of classes."""
    ways = {name: one for name, one in folder.folders.items() if one.is_way}
    others = {name: one for name, one in folder.folders.items() if name not in ways}
    if len(ways) != 1 or not others or any(map(part_named, ways)):
        return folder.folders
    [way] = ways.values()
    if len(way.folders) < 2 or not all(map(may_lack_labels, others)):
        return folder.folders
    for one in others.values():
        result.unlabelled |= dict.fromkeys(one.places, "")
    return ways


def _are_joined(folders: Folders, called: str) -> bool:
    return (
        not _parts(folders)
        and are_pieces(folders, called)
        and all(folder.is_way or folder.is_empty for folder in folders.values())
    )


def _parts(folders: Folders) -> dict[str, str]:
    """The parts among the names of folders; none where they are classes, of which one may be called
    "train" too."""
    parts = parts_named(folders)
    others = {name: folder for name, folder in folders.items() if name not in parts}
    if not others or not parts:
        return parts
    with_classes = [name for name in parts if folders[name].is_way]
    if not with_classes or "train" not in parts.values():
        return {}
    if len(set(parts.values())) > 1:
        return parts
    # train beside folders that hold no classes: what else came with it.
    flat = not any(folder.is_way or folder.is_empty for folder in others.values())
    return parts if flat and all(len(folders[name].folders) > 1 for name in with_classes) else {}


def _read_parts(top: Outline, parts: Mapping[str, str], where: object, result: Structure) -> None:
    """train/…, valid/…, test/… with a folder of each class in them."""
    unusual = [f"{name} is {part}" for name, part in parts.items() if name.lower() not in _PLAIN]
    if unusual:
        result.notes.append(f"parts: {', '.join(unusual)}; --label folder:{result.level(top)} "
                            "takes such folders for classes")  # fmt: skip
    for name, folder in top.folders.items():
        if name not in parts:
            reason = "unlabelled" if is_unlabelled(name) else "no part"
            detail = f"outside of {', '.join(sorted(parts))}"
            result.aside |= dict.fromkeys(folder.places, (reason, detail))
            if reason == "no part":
                result.notes.append(f"{name} is set aside: it is no part, as {some(parts)} are")
    trains = [name for name, part in parts.items() if part == "train"]
    tops = {name: _unwrapped(top.folders[name], name, result) for name in trains}
    known = {label for folder in tops.values() for label in folder.folders}
    for name in parts:
        folder = top.folders[name]
        if name not in tops:
            tops[name] = folder if known & set(folder.folders) else _unwrapped(folder, name, result)
        if _is_unlabelled_part(tops[name], known):
            result.unlabelled |= dict.fromkeys(folder.places, parts[name])
            continue
        result.above_classes |= dict.fromkeys(tops[name].places, parts[name])
        result.classes_of[name] = set(tops[name].folders)
    if not result.above_classes:
        result.unlabelled.clear()  # there are no labels at all
    if trains:
        train = joined(tops[name] for name in trains)
        for refuse in (refuse_leftovers, refuse_shared, refuse_index):
            refuse(train, where, result.level(train))


# Names of parts that need no word.
_PLAIN = ("train", "val", "valid", "validation", "test")


def _is_unlabelled_part(folder: Outline, known: set[str]) -> bool:
    """Whether a part has pictures, and no folders of classes."""
    if not folder.folders:
        return not folder.is_empty
    if known & set(folder.folders) or len(folder.folders) > 1 or not known:
        return False
    [(name, only)] = folder.folders.items()
    again = name == folder.places[0][-1]  # asl_test/asl_test
    generic = again or may_be_unlabelled(name) or bool(part_named(name))
    return generic and not only.is_way and not only.is_empty


def _holds_classes_again(top: Outline) -> bool:
    """Whether beside the classes lie valid or test folders that hold the same ones again."""
    parts = parts_named(top.folders)
    classes = set(top.folders) - set(parts)
    inside = [set(top.folders[name].folders) for name in parts]
    return (
        bool(parts)
        and "train" not in parts.values()
        and len(classes) > 1
        and all(folders and folders <= classes for folders in inside)
    )


def _read_parts_beside_classes(top: Outline, result: Structure) -> None:
    """cat/, dog/ and test/cat/, test/dog/."""
    parts = parts_named(top.folders)
    classes = set(top.folders) - set(parts)
    result.above_classes = dict.fromkeys(top.places, "train")
    result.classes_of = {"train": classes}
    for name, part in parts.items():
        result.above_classes |= dict.fromkeys(top.folders[name].places, part)
        result.classes_of[name] = set(top.folders[name].folders)
    result.notes.append(
        f"{some(classes)} are read as the train part: {some(parts)} holds them again; "
        f"--label folder:{result.level(top)} takes all of these folders for classes"
    )


def _parts_below(top: Outline) -> dict[str, str]:
    """The parts by the names of folders that lie in those of classes."""
    inside = joined(top.folders.values()).folders if top.folders else {}
    parts = parts_named(inside)
    ways = [folder for folder in top.folders.values() if folder.is_way]
    everywhere = len(ways) > 1 and all(set(parts) & set(folder.folders) for folder in ways)
    if not everywhere or len(set(parts.values())) < 2:
        return {}
    # fold1/train/cat, fold2/train/cat: the classes lie below these parts.
    deeper = (joined(folder.folders.values()).folders for folder in ways)
    times = Counter(name for folders in deeper for name in folders if not is_wrapper(name))
    return {} if max(times.values(), default=0) > 1 else parts


def _read_parts_below(top: Outline, parts: Mapping[str, str], result: Structure) -> None:
    """cat/train/…, cat/test/…, dog/train/…, dog/test/…."""
    result.above_classes = dict.fromkeys(top.places, "")
    result.below_classes = dict(parts)
    for name in parts:
        result.classes_of[name] = {
            label for label, folder in top.folders.items() if name in folder.folders
        }
    result.classes_of[""] = set(top.folders)
    result.notes.append(
        f"the folders {some(parts)} in those of the classes are parts; "
        f"--label folder:{result.level(top) + 1} takes them for the classes"
    )
