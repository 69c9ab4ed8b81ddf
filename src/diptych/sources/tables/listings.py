"""Tables of a tree that name files in it, and what each of them says."""

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property

from diptych.errors import InputError
from diptych.sources.endings import PICTURES, ending, stem_of
from diptych.sources.meaning import Meaning, is_level
from diptych.sources.parts import part_in
from diptych.sources.tables.candidates import GATHERED, METADATA, OF_GATHERING, tables_among
from diptych.sources.tables.column_roles import Roles, table_roles
from diptych.sources.tables.facts import Facts
from diptych.sources.tables.file_column import NUMBERED, names_files, numbers_files
from diptych.sources.tables.fold_columns import NoFoldsError
from diptych.sources.tables.fold_rows import of_one_fold
from diptych.sources.tables.folder_columns import names_files_by_folders
from diptych.sources.tables.keyed import by_folder, by_id, by_title, cells_of, ids_of
from diptych.sources.tables.label_column import NoLabelsError
from diptych.sources.tables.matching import Files
from diptych.sources.tables.onehot import OneHot
from diptych.sources.tables.part_columns import Parts
from diptych.sources.tables.row_files import is_unclear, named_rows
from diptych.sources.tables.rows import Records, position, records, without_columns
from diptych.sources.tables.titles import GROUPS, is_label_title, plain
from diptych.sources.tables.whereabouts import first_records
from diptych.sources.trees import Tree


class Listing:
    """A table of a tree that may name the files in it."""

    def __init__(
        self,
        tree: Tree,
        name: str,
        known: Files,
        files: str | None = None,
        label: str | None = None,
        *,
        below: bool = False,
        by: str = "",
        rows: Records | None = None,
    ) -> None:
        self.name = name
        self.below = below  # it is one of many, which speak of their own folder each
        self.rows = rows  # where it names files by way of something else: a row for each
        self.by = by  # the title of the column that does so: of folders, or of patients
        self._tree = tree
        self._said = Meaning(files=files)
        self._label = label
        self._files = known
        self._facts_by: dict[tuple[Meaning, Meaning, bool], Facts] = {}

    @cached_property
    def names_files(self) -> bool:
        """Whether it does, as its first rows tell."""
        try:
            first = first_records(self._tree.place(self.name))
            return names_files(first, self._files) or names_files_by_folders(first, self._files)
        except InputError:
            return False

    def may_name(self, files: str | None) -> bool:
        """Whether it has the column that was said, or numbers in it may be names of files."""
        try:
            return self.has(files) or numbers_files(self.records, self._files)
        except InputError:
            return False

    def said(self, files: str | None, label: str | None) -> "Listing":
        """The same with what was said of its columns, where it has these."""
        said = files if self.has(files) else None
        return Listing(self._tree, self.name, self._files, said, label, below=self.below)

    @cached_property
    def records(self) -> Records:
        """All its rows; raises what `records` does."""
        table = self.rows or records(self._tree.place(self.name), uneven=True)
        is_gathered = self.name.rpartition("/")[2] == GATHERED
        return without_columns(table, OF_GATHERING) if is_gathered else table

    @cached_property
    def labelled(self) -> tuple[Records, Roles]:
        """Its columns, one of which has labels; raises what `table_roles` does."""
        label = self._label if self.has(self._label) else None
        return table_roles(self.records, self._files, replace(self._said, label=label))

    @cached_property
    def labels(self) -> Mapping[str, str] | None:
        """What it says is on each file; None where it says nothing.

        Raises InputError where it may be meant in several ways.
        """
        try:
            table, roles = self.labelled
        except NoLabelsError:
            return None
        rows = named_rows(table, roles, self._files, part_in(stem_of(self.name)))
        labels = {row.file: roles.labels(row.cells) for row in rows if row.file}
        single = {file: own[0] for file, own in labels.items() if len(own) == 1}
        return single if self.below or len(set(single.values())) > 1 else None

    @cached_property
    def is_labelled(self) -> bool:
        """Whether it has columns that are surely labels, beside folders that may be classes."""
        try:
            _, roles = self.labelled
        except InputError:
            return False  # facts of several kinds, or none that could be labels
        title = roles.label_title
        return isinstance(roles.label, OneHot) or is_label_title(title)

    @property
    def is_of_groups(self) -> bool:
        """Whether what would be its labels is called as patients, videos and other groups are."""
        return not self.is_labelled and bool(GROUPS.search(plain(self.labelled[1].label_title)))

    def facts(self, meaning: Meaning) -> Facts:
        """What it says of each file."""
        groups = tuple(title for title in meaning.group if self.has(title))
        of_folders = is_level(meaning.part)
        own = meaning.part is None or of_folders or self.has(meaning.part)
        bare = replace(self._said, group=groups)
        fold = None if of_folders else meaning.fold
        said = replace(bare, part=meaning.part, part_words=meaning.part_words, fold=fold)
        if (bare, said, own) not in self._facts_by:
            self._facts_by[bare, said, own] = self._read_facts(bare, said, own)
        return self._facts_by[bare, said, own]

    def _read_facts(self, bare: Meaning, said: Meaning, own: bool) -> Facts:
        try:
            table, roles = self._facts(said if own else bare)
        except NoFoldsError:
            own = False
            table, roles = self._facts(bare)
        if not own:  # folders say the parts, or another table
            roles = roles._replace(parts=Parts((), lambda row: ""))
        finding = self._with_labels(table, roles)
        try:
            rows = named_rows(table, finding, self._files, "")
        except InputError:  # train/1.jpg and test/1.jpg are there
            rows = named_rows(table, finding, self._files, part_in(stem_of(self.name)))
        cells = {row.file: row.cells for row in rows if row.file}
        unclear = tuple(f"{row.name} {row.why_missing}" for row in rows if is_unclear(row))
        return Facts(self.name, table, roles, cells, sum(not row.file for row in rows), unclear)

    def _with_labels(self, table: Records, roles: Roles) -> Roles:
        """The roles to find files by: labels tell files apart where folders are called so."""
        try:
            labelled, own = self.labelled
        except InputError:
            return roles
        same = labelled.titles == table.titles and isinstance(own.label, int)
        return roles._replace(label=own.label) if same else roles

    def _facts(self, said: Meaning) -> tuple[Records, Roles]:
        if said.part is None:
            with contextlib.suppress(NoFoldsError):
                table, roles = table_roles(
                    self.records, self._files, replace(said, fold=None), labelled=False
                )
                if of_fold := of_one_fold(table, roles, said.fold):
                    return of_fold
        return table_roles(self.records, self._files, said, labelled=False)

    @cached_property
    def named(self) -> Collection[str]:
        """The files that it names; raises what `table_roles` does."""
        return self.facts(Meaning()).cells.keys()

    def covers(self, files: Collection[str]) -> float:
        """The share of these files that it names; none where it may mean several."""
        if self.below:
            own = f"{self.name.rpartition('/')[0]}/"
            files = [file for file in files if file.startswith(own)]
        try:
            return sum(map(self.named.__contains__, files)) / max(len(files), 1)
        except InputError:
            return 0.0

    def has(self, title: str | None) -> bool:
        """Whether it has a column of this title, or of this number where it has no titles."""
        if title is None or title.strip().casefold() in map(str.casefold, self.records.titles):
            return title is not None
        number = NUMBERED.fullmatch(title.strip())
        try:
            table, _ = table_roles(self.records, self._files, self._said, labelled=False)
            return bool(number) and title.strip() in table.titles
        except InputError:
            return False


def listings_of(tree: Tree, files: str | None, label: str | None) -> list[Listing]:
    """The tables that name files, in the column that was said where they have it, with labels too.

    Some do so by way of folders, or of ids in another table. Raises InputError where none of them
    has that column.
    """
    names = tables_among(tree)
    if not names:
        return []
    whole = Files(tree)
    known: Callable[[str, bool], Files] = cache(
        lambda base, below: Files(tree, base, below) if below else whole.seen_from(base)
    )
    listings, others = dict[str, Listing](), dict[str, Listing]()
    alone = _alone_in_their_folders(tree, names)
    of_folders = [name for name in names if _names_folders(tree, name)]
    for name in names:
        base, _, last = name.rpartition("/")
        of = known(base, last in METADATA or name in alone)
        one = Listing(tree, name, of, below=name in alone)
        is_own = last in METADATA and name not in of_folders
        some = listings if is_own or one.names_files else others
        some[name] = one
    root, found = known("", False), list(listings.values())
    keyed = list(_keyed(tree, list(others), found, root, label))
    # What joins a table to another goes before numbers that may be names of files.
    left = {name: one for name, one in others.items() if name not in {k.name for k in keyed}}
    if numbered := {name: one for name, one in left.items() if one.may_name(files)}:
        listings |= numbered
        rest = [name for name in left if name not in numbered]
        keyed += _keyed(tree, rest, list(numbered.values()), root, label)
    every = [listings[name].said(files, label) for name in names if name in listings]
    if files is not None and every and not any(one.has(files) for one in every):
        position(every[0].records, files, "files")  # raises, with the nearest title
    return [*every, *keyed]


def _names_folders(tree: Tree, name: str) -> bool:
    """Whether a table names folders, each once: a patient a row."""
    try:
        return by_folder(first_records(tree.place(name)), tree.names) is not None
    except InputError:
        return False


def _alone_in_their_folders(tree: Tree, tables: Sequence[str]) -> Collection[str]:
    """Those of which each is the only table in a folder of pictures, if there are several."""
    counts = Counter(name.rpartition("/")[0] for name in tables)
    with_pictures = {name.rpartition("/")[0] for name in tree.names if ending(name) in PICTURES}
    alone = {
        name
        for name in tables
        if (folder := name.rpartition("/")[0]) in with_pictures and folder and counts[folder] == 1
    }
    return alone if len(alone) > 1 else ()


def _keyed(
    tree: Tree,
    tables: Sequence[str],
    listings: Sequence[Listing],
    known: Files,
    label: str | None,
) -> Iterator[Listing]:
    """The tables that name files by way of folders, or of what is in one of the others."""
    facts = _all_facts(listings) if tables else []
    ids = next(filter(None, (ids_of(one.cells, one.roles.file) for one in facts)), {})
    columns = [cells_of(one.table.titles, one.cells, one.roles.file) for one in facts]
    for name in tables:
        try:
            first = first_records(tree.place(name))
            table = records(tree.place(name)) if first.rows else first
        except InputError:
            continue  # no table
        by = by_folder(first, tree.names) and by_folder(table, tree.names)
        by = by or next(filter(None, (by_title(table, of) for of in columns)), None)
        rows, title = by or (by_id(table, ids) if ids else None, "")
        if rows is not None:
            yield Listing(tree, name, known, rows.titles[0], label, by=title, rows=rows)


def _all_facts(listings: Sequence[Listing]) -> list[Facts]:
    facts = []
    for one in listings:
        with contextlib.suppress(InputError):
            facts.append(one.facts(Meaning()))
    return facts
