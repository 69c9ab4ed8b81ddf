"""A second copy of all folders of pictures, as archives of well-known data sets hold one."""

from collections import Counter
from collections.abc import Iterator, Sequence

from diptych.data.dataset import Stray
from diptych.sources.endings import is_called_picture
from diptych.sources.folders.folder_names import (
    is_of_masks,
    is_of_pages,
    is_unlabelled,
    may_lack_labels,
)
from diptych.sources.folders.leftovers import kind_of_leftovers
from diptych.sources.meaning import LEVEL, Meaning, level
from diptych.sources.parts import folder_part, part_named
from diptych.sources.tables.file_names import fold
from diptych.sources.trees import Tree
from diptych.sources.trees.narrowed import NarrowedTree
from diptych.sources.trees.shown import shown

# A copy lies in so many folders at most.
_DEEPEST = 3


def without_copy(tree: Tree, meaning: Meaning) -> tuple[Tree, Sequence[Stray], str]:
    """The tree without a folder that holds the same folders and names of pictures again.

    With what was in it as strays, and a line that says so. Only where everything is there twice:
    in a folder and in one inside of it, or in two folders of one name. Nothing is left out where
    the level of the labels that was said is that of the copy.
    """
    copy, of, highest = next(_copies(tree), ("", "", ""))
    said = level(meaning.label) if meaning.label else None
    if not copy or (said is not None and said > copy.count("/")):
        return tree, (), ""
    inside = [name for name in tree.names if name.startswith(f"{highest}/")]
    detail = f"{copy} holds the folders and names of {of or 'the data set'} again"
    deeper = copy.count("/") + 2
    note = f"{detail}, and is set aside as a copy; --label {LEVEL}{deeper} takes it and not those"
    strays = [Stray(name, "copy", detail) for name in inside]
    return NarrowedTree(tree, [highest]), strays, note


def _copies(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """Each folder that is a copy, the one it is a copy of, "" for the root, and the highest folder
    that holds the copy alone."""
    if not any(folder.count("/") for folder in tree.folders):
        return
    pictures = [name for name in shown(tree.names) if is_called_picture(name)]
    contents = _Contents(pictures)
    first: dict[tuple[int, int], list[str]] = {}
    for folder in sorted(contents.inside, key=lambda one: (one.count("/"), one)):
        if not folder or not contents.has_folders(folder):
            continue
        own = contents.inside[folder]
        above, _, name = folder.rpartition("/")
        if not _may_be_more(name) and contents.rest(above, folder) == own:
            yield folder, above, folder
        for other in first.get(own, ()):
            beside, _, called = other.rpartition("/")
            # Of one name: side by side where capitals make a difference, or deeper in another
            # folder where there is nothing else.
            deeper = f"{above}/".startswith(f"{beside}/" if beside else "") and beside != above
            everything = deeper and 2 * own[0] == len(pictures) and not folder_part(above)
            if fold(name) == fold(called) and (beside == above or everything):
                yield folder, other, contents.highest(folder)
        first.setdefault(own, []).append(folder)


def _may_be_more(name: str) -> bool:
    """Whether a folder is called as one that holds something else of the same names."""
    special = part_named(name) or is_of_masks(name) or is_of_pages(name) or is_unlabelled(name)
    return bool(special or may_lack_labels(name) or kind_of_leftovers(name))


class _Contents:
    """What the upper folders of a tree hold: how many pictures, and a sum over their names."""

    def __init__(self, pictures: Sequence[str]) -> None:
        self.inside: dict[str, tuple[int, int]] = {}
        self._from_above: dict[str, int] = Counter()  # the sum by the names from the folder above
        self._folders: dict[str, set[str]] = {}
        for name in pictures:
            steps = name.split("/")
            rest = [hash("/".join(steps[depth:])) for depth in range(min(len(steps), _DEEPEST + 1))]
            for depth, here in enumerate(rest):
                folder = "/".join(steps[:depth])
                count, total = self.inside.get(folder, (0, 0))
                self.inside[folder] = count + 1, total + here
                if depth:
                    self._from_above[folder] += rest[depth - 1]
                if depth < len(steps) - 1:
                    self._folders.setdefault(folder, set()).add(steps[depth])

    def has_folders(self, folder: str) -> bool:
        """Whether there are several folders in one, such as those of classes."""
        return len(self._folders.get(folder, ())) > 1

    def highest(self, folder: str) -> str:
        """The folder above that holds nothing else, or this one."""
        above = folder.rpartition("/")[0]
        alone = above and self.inside[above][0] == self.inside[folder][0]
        return self.highest(above) if alone else folder

    def rest(self, folder: str, without: str) -> tuple[int, int]:
        """What a folder holds besides one of its own."""
        count, total = self.inside[folder]
        return count - self.inside[without][0], total - self._from_above[without]
