"""Tables of a tree that name files in it, and what each of them says."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import PurePosixPath

from diptych.errors import InputError
from diptych.sources.meaning import Meaning, level
from diptych.sources.tables.candidates import METADATA, tables_among
from diptych.sources.tables.column_roles import Roles, table_roles
from diptych.sources.tables.facts import Facts
from diptych.sources.tables.file_column import names_files
from diptych.sources.tables.file_names import part_in
from diptych.sources.tables.labelling import NoLabelsError
from diptych.sources.tables.matching import Files
from diptych.sources.tables.onehot import OneHot
from diptych.sources.tables.records import Records, position, records
from diptych.sources.tables.row_files import named_rows
from diptych.sources.tables.table_parts import NoFoldsError, Parts
from diptych.sources.tables.titles import GROUPS, LABEL_TITLES, label_tier, plain
from diptych.sources.tables.whereabouts import first_records
from diptych.sources.trees import Tree


class Listing:
    """A table of a tree that may name the files in it."""

    def __init__(self, tree: Tree, name: str, known: Files, files: str | None = None) -> None:
        self.name = name
        self._tree = tree
        self._said = Meaning(files=files)
        self._files = known

    @cached_property
    def names_files(self) -> bool:
        """Whether it does, as its first rows tell."""
        try:
            return names_files(first_records(self._tree.place(self.name)), self._files)
        except InputError:
            return False

    @cached_property
    def records(self) -> Records:
        """All its rows; raises what `records` does."""
        return records(self._tree.place(self.name))

    @cached_property
    def labelled(self) -> tuple[Records, Roles]:
        """Its columns, one of which has labels; raises what `table_roles` does."""
        return table_roles(self.records, self._files, self._said)

    @cached_property
    def labels(self) -> Mapping[str, str] | None:
        """What it says is on each file; None where it says nothing.

        Raises InputError where it may be meant in several ways.
        """
        try:
            table, roles = self.labelled
        except NoLabelsError:
            return None
        rows = named_rows(table, roles, self._files, part_in(PurePosixPath(self.name).stem))
        labels = {row.file: roles.labels(row.cells) for row in rows if row.file}
        single = {file: own[0] for file, own in labels.items() if len(own) == 1}
        return single if len(set(single.values())) > 1 else None

    @cached_property
    def is_labelled(self) -> bool:
        """Whether it has columns that are surely labels, beside folders that may be classes."""
        try:
            _, roles = self.labelled
        except InputError:
            return False  # facts of several kinds, or none that could be labels
        title = roles.label_title
        return isinstance(roles.label, OneHot) or label_tier(title) < len(LABEL_TITLES)

    @property
    def is_of_groups(self) -> bool:
        """Whether what would be its labels is called as patients, videos and other groups are."""
        return not self.is_labelled and bool(GROUPS.search(plain(self.labelled[1].label_title)))

    def facts(self, meaning: Meaning) -> Facts:
        """What it says of each file."""
        groups = tuple(title for title in meaning.group if self.has(title))
        of_folders = meaning.part is not None and level(meaning.part) is not None
        own = meaning.part is None or of_folders or self.has(meaning.part)
        bare = replace(self._said, group=groups)
        said = replace(bare, part=meaning.part, fold=None if of_folders else meaning.fold)
        try:
            table, roles = self._facts(said if own else bare)
        except NoFoldsError:
            own = False
            table, roles = self._facts(bare)
        if not own:  # folders say the parts, or another table
            roles = roles._replace(parts=Parts((), lambda row: ""))
        try:
            rows = named_rows(table, roles, self._files, "")
        except InputError:  # train/1.jpg and test/1.jpg are there
            rows = named_rows(table, roles, self._files, part_in(PurePosixPath(self.name).stem))
        return Facts(self.name, table, roles, {row.file: row.cells for row in rows if row.file})

    def _facts(self, said: Meaning) -> tuple[Records, Roles]:
        return table_roles(self.records, self._files, said, labelled=False)

    @cached_property
    def named(self) -> Collection[str]:
        """The files that it names; raises what `table_roles` does."""
        return self.facts(Meaning()).cells.keys()

    def covers(self, files: Collection[str]) -> float:
        """The share of these files that it names; none where it may mean several."""
        try:
            return sum(file in self.named for file in files) / max(len(files), 1)
        except InputError:
            return 0.0

    def has(self, title: str | None) -> bool:
        """Whether it has a column of this title."""
        return title is not None and title.strip().casefold() in map(
            str.casefold, self.records.titles
        )


def listings_of(tree: Tree, files: str | None) -> list[Listing]:
    """The tables that name files, in the column that was said where they have it.

    Raises InputError where none of them has that column.
    """
    known: Callable[[str, bool], Files] = cache(lambda base, below: Files(tree, base, below))
    listings = []
    for name in tables_among(tree):
        base, _, last = name.rpartition("/")
        of = known(base, last in METADATA)
        one = Listing(tree, name, of)
        if last in METADATA or one.names_files:
            listings.append(Listing(tree, name, of, files) if one.has(files) else one)
    if files is not None and listings and not any(one.has(files) for one in listings):
        position(listings[0].records, files, "files")  # raises, with the nearest title
    return listings
