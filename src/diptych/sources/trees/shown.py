"""Which files of a tree are there to be seen."""

from collections.abc import Iterable
from functools import cache

from diptych.sources.trees.walking import is_hidden


def shown(names: Iterable[str]) -> list[str]:
    """The names of files, some of millions, but those that some program keeps for itself."""

    @cache
    def hidden(folder: str) -> bool:
        return any(map(is_hidden, folder.split("/")))

    split = ((name, *name.rpartition("/")[::2]) for name in names)
    return [name for name, folder, file in split if not (is_hidden(file) or hidden(folder))]
