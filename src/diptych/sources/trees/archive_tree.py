"""The members of an archive as a tree of files."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from diptych.data.dataset import Stray
from diptych.data.places import Address, Holder, Member
from diptych.errors import ImageError
from diptych.sources.trees.member_names import member_name
from diptych.sources.trees.unchanged import Unchanged

# Where in the archive a member begins, how many bytes it has, and what else its holder needs.
Span: TypeAlias = tuple[int, ...]

TABLES = (".csv", ".tsv", ".jsonl")


class Entry(NamedTuple):
    """What an archive says of one member; with a reason it is no file that can be read."""

    name: str
    span: Span = ()
    is_folder: bool = False
    reason: str = ""
    detail: str = ""


class ArchiveHolder:
    """Members of an archive by name; threads may read at the same time. `Holder` says the rest."""

    def __init__(self, file: Unchanged, root: Path | Address, spans: Mapping[str, Span]) -> None:
        self._file, self._root, self._spans = file, root, spans

    def __str__(self) -> str:
        return str(self._root)

    def size(self, name: str) -> int:
        """How many bytes a member says that it has."""
        return self._spans[name][1]


class ArchiveTree:
    """The files in an archive; `Tree` says what its attributes are.

    Of files of one name the last is the one that counts, as it would be once all are unpacked.
    """

    def __init__(
        self,
        root: Path | Address,
        entries: Iterable[Entry],
        holder_of: Callable[[Mapping[str, Span]], Holder],
    ) -> None:
        self.root = root
        spans: dict[str, Span] = {}
        folders, strays = set[str](), list[Stray]()
        for entry in entries:
            try:
                name = member_name(entry.name)
            except ImageError as error:
                strays.append(Stray(entry.name, error.reason, error.detail))
                continue
            if entry.reason:
                strays.append(Stray(name, entry.reason, entry.detail))
            elif entry.is_folder:
                add_folder(folders, name)
            else:
                if name in spans:
                    detail = "a later file of the archive has the same name"
                    strays.append(Stray(name, "named twice", detail))
                spans[name] = entry.span
                add_folder(folders, name.rpartition("/")[0])
        self.names = sorted(spans)
        self.folders: Collection[str] = frozenset(folders)
        self.strays = _named_apart(strays, spans)
        self._holder = holder_of(spans)

    def place(self, name: str) -> Member:
        """Where the bytes of a file are."""
        return Member(self._holder, name)


def is_named_table(name: str) -> bool:
    """Whether a file is called as tables are, packed by themselves or not."""
    return name.lower().removesuffix(".gz").removesuffix(".zst").endswith(TABLES)


def add_folder(folders: set[str], name: str) -> None:
    """Note a folder and those that it lies in."""
    while name and name not in folders:
        folders.add(name)
        name = name.rpartition("/")[0]


def _named_apart(strays: Iterable[Stray], names: Collection[str]) -> list[Stray]:
    """Strays under names that no file and no other stray has."""
    times = Counter[str]()
    apart = []
    for stray in strays:
        times[stray.name] += 1
        if stray.name in names or times[stray.name] > 1:
            stray = stray._replace(name=f"{stray.name}:{times[stray.name]}")
        apart.append(stray)
    return apart
