"""What was said of folders and names of files: which are the labels, the parts, the groups."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from diptych.data.grouping import groups_by
from diptych.errors import InputError
from diptych.sources.folder_groups import by_names_alone, folder_group
from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.folder_names import are_pieces, fold_of
from diptych.sources.folders.outline import Levels
from diptych.sources.meaning import LEVEL, Meaning, level
from diptych.sources.name_patterns import NAME, name_pattern
from diptych.sources.part_words import option, parts_by_words
from diptych.sources.parts import part_in

_MOST_WORDS = 4  # in an option that a message offers


@dataclass(frozen=True)
class Said:
    """Levels of folders that somebody named, from 0 at the first below the root, and patterns."""

    label: int | None = None
    part: int | None = None
    groups: tuple[int, ...] = ()
    by_names_alone: bool = False  # whether groups are so wherever their folders lie
    joined: int = 0  # how many levels at the top are the pieces of one archive
    parts: Mapping[str, str] = field(default_factory=dict)  # of the names at the level of parts
    label_of: Callable[[str], str] | None = None  # of the name of a file
    groups_of_names: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    def rest(self, levels: Levels) -> Levels:
        """A folder's way without what was said of it, of which the meaning is to be inferred."""
        return tuple(name for at, name in enumerate(levels) if at not in (self.part, *self.groups))

    def numbers(self, count: int) -> Sequence[int]:
        """The numbers of the levels that are left, from 1 at the first below the root."""
        return [at + 1 for at in range(count) if at not in (self.part, *self.groups)]

    def groups_in(self, levels: Levels, label: str) -> dict[str, str]:
        """The group of a folder's files at each level that was said to have them."""
        return {
            f"{LEVEL}{at + 1}": folder_group(levels, at, label, self.by_names_alone, self.joined)
            for at in self.groups
        }

    def part_of(self, levels: Levels) -> str:
        """The part that was said of a folder's files; "" where none was."""
        if self.part is None or len(levels) <= self.part:
            return ""
        return self.parts[levels[self.part]]


def said_of(meaning: Meaning, ways: Collection[Levels], where: object) -> Said:
    """What was said, checked by the ways to all folders.

    Raises InputError for a level that there is not, and for parts and folds that are none.
    """
    label = _level("label", meaning.label, ways, where)
    part = _level("part", meaning.part, ways, where)
    groups = [_level("group", one, ways, where) for one in meaning.group]
    patterns = {one: of for one in meaning.group if (of := name_pattern(one))}
    label_of = name_pattern(meaning.label) if meaning.label else None
    if meaning.fold is not None and part is None:
        part = _level_of_folds(ways, where)
    parts = {} if part is None else _parts(part, meaning, ways, where)
    levels = tuple(at for at in groups if at is not None)
    alone = by_names_alone(meaning.group)
    joined = int(are_pieces({way[0] for way in ways if way}, PurePath(str(where)).name))
    return Said(label, part, levels, alone, joined, parts, label_of, patterns)


def note_on_parts_above(said: Said, ways: Collection[Levels]) -> str:
    """A word on folders above the labels that were said, where the name of one tells of a part."""
    if said.label is None or said.part is not None:
        return ""
    for at in range(said.label):
        names = _names(at, ways)
        if at not in said.groups and 1 < len(names) <= _MOST_WORDS and any(map(part_in, names)):
            return (
                f"{LEVEL}{at + 1} says {', '.join(names)}: if these are parts, "
                f"{option(f'{LEVEL}{at + 1}', names)} says which"
            )
    return ""


def groups_of(labels: Mapping[Levels, str], said: Said) -> dict[Levels, str]:
    """The group of each folder, of these labels: those are one that have one at the same level.

    A folder that does not reach down to any of them has none.
    """
    groups = groups_by([said.groups_in(way, label) for way, label in labels.items()])
    return dict(zip(labels, groups, strict=True))


def _level(kind: str, text: str | None, ways: Collection[Levels], where: object) -> int | None:
    if text is None or name_pattern(text):
        return None
    at = level(text)
    if at is None:
        names = "" if kind == "part" else f", and {NAME}_ reads cat_1.jpg as cat"
        raise InputError(
            f"{where}: folders have no column '{text}'; --{kind} {LEVEL}1 is the first below it"
            f"{names}"
        )
    deepest = max(map(len, ways), default=0)
    if at >= deepest:
        raise InputError(f"{where}: there is no {text}; its folders are {deepest} deep")
    return at


def _names(at: int, ways: Collection[Levels]) -> list[str]:
    return sorted({way[at] for way in ways if len(way) > at})


def _level_of_folds(ways: Collection[Levels], where: object) -> int:
    """The level whose folders are called fold1, fold2, …."""
    for at in range(max(map(len, ways), default=0)):
        names = _names(at, ways)
        if len(names) > 1 and all(fold_of(name) is not None for name in names):
            return at
    raise InputError(
        f"{where}: no folders are called fold0, fold1, …; --part {LEVEL}N says where folds are"
    )


def _parts(at: int, meaning: Meaning, ways: Collection[Levels], where: object) -> dict[str, str]:
    names = _names(at, ways)
    fold = meaning.fold
    if fold is None:
        parts = parts_by_words(names, meaning.part_words, f"{where}: {LEVEL}{at + 1}")
        if unknown := [name for name in names if name not in parts]:
            raise InputError(
                f"{where}: no part '{unknown[0]}' at {LEVEL}{at + 1}; it may be train, valid or "
                f"test, or {option(f'{LEVEL}{at + 1}', unknown[:_MOST_WORDS])} says what each is: "
                "train, valid, test or none; --fold K too tests on one of numbered folders"
            )
        return parts
    folds = {name: fold_of(name, any_number=True) for name in names}
    if unknown := [name for name, number in folds.items() if number is None]:
        raise InputError(f"{where}: '{unknown[0]}' at {LEVEL}{at + 1} has no number of a fold")
    if fold not in folds.values():
        raise InputError(f"{where}: no fold {fold} among {some(names, 10)}; --fold names one")
    return {name: "test" if number == fold else "train" for name, number in folds.items()}
