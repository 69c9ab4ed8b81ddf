"""Which files of a tree are there to be seen."""

from collections.abc import Iterable, Sequence
from functools import cache
from weakref import WeakKeyDictionary

from diptych.data.dataset import Stray
from diptych.sources.endings import but_pictures
from diptych.sources.trees import Tree
from diptych.sources.trees.walking import any_hidden, is_hidden

_OTHERS: WeakKeyDictionary[Tree, Sequence[str]] = WeakKeyDictionary()


def shown(names: Iterable[str]) -> list[str]:
    """The names of files, some of millions, but those that some program keeps for itself."""
    names = list(names)
    if not any_hidden(names):
        return names

    @cache
    def hidden(folder: str) -> bool:
        return any(map(is_hidden, folder.split("/")))

    split = ((name, *name.rpartition("/")[::2]) for name in names)
    return [name for name, folder, file in split if not (is_hidden(file) or hidden(folder))]


def other_files(tree: Tree) -> Sequence[str]:
    """The files of a tree that are there to be seen and are not called as pictures are.

    Most trees hold few of them among hundreds of thousands of pictures, so each is gone through
    once, whoever asks.
    """
    if tree not in _OTHERS:
        _OTHERS[tree] = shown(but_pictures(tree.names))
    return _OTHERS[tree]


def set_aside(names: Iterable[str], reason: str, detail: str) -> list[Stray]:
    """Files that are not used as strays: hidden ones as such, others for the reason given."""
    return [_hidden_stray(name) or Stray(name, reason, detail) for name in names]


def why_hidden(file: str) -> str:
    """What tells by its name that a file is hidden."""
    return "its name begins with a dot" if file.startswith(".") else "a program keeps it for itself"


def _hidden_stray(name: str) -> Stray | None:
    *folders, file = name.split("/")
    if program := next(filter(is_hidden, folders), ""):
        return Stray(name, "hidden folder", f"{program} is a folder of a program")
    return Stray(name, "hidden file", why_hidden(file)) if is_hidden(file) else None
