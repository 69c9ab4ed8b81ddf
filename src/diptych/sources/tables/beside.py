"""Tables that lie among the pictures they name: train.csv beside train/, facts beside classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import PurePosixPath

from diptych.data.dataset import Dataset
from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning, is_title
from diptych.sources.parts import parts_of_tables
from diptych.sources.tables.described import describing, read_described
from diptych.sources.tables.facts import Facts, of_folders, with_facts
from diptych.sources.tables.file_names import COMPANIONS, part_in
from diptych.sources.tables.labelling import NoLabelsError
from diptych.sources.tables.matching import Files
from diptych.sources.tables.naming import names_files
from diptych.sources.tables.naming_rows import named_rows
from diptych.sources.tables.onehot import OneHot
from diptych.sources.tables.part_tables import with_parts_of_tables
from diptych.sources.tables.records import Records, position, records
from diptych.sources.tables.roles import Roles, table_roles
from diptych.sources.tables.table_parts import NoFoldsError, Parts
from diptych.sources.tables.titles import LABEL_TITLES, label_tier
from diptych.sources.tables.whereabouts import first_records
from diptych.sources.trees import Tree
from diptych.sources.trees.walking import is_hidden

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".csv.gz", ".csv.zst", ".tsv.gz", ".csv.zip")
# More tables than this are no list of pictures each, but one for each folder, or for each picture.
MOST_TABLES = 24
# Of so many of the pictures in class folders a table has to speak, to be heard.
MOST, HALF = 0.9, 0.5

ByFolders = Callable[[Tree, Meaning], Dataset]


def read_beside(tree: Tree, meaning: Meaning, by_folders: ByFolders) -> Dataset:
    """A tree as the tables in it say, else as its folders do, with what tables say besides.

    Raises InputError where both say something else of its pictures, or several tables do.
    """
    tables = describing(tree)
    if tables and (meaning.label or not _are_facts(tree, tables, by_folders)):
        return read_described(tree, tables, meaning)
    listings = _listings(tree, meaning.files)
    if not listings:
        return by_folders(tree, meaning)
    if _is_level(meaning.label):
        classes = _classes(tree, by_folders, of_folders(meaning, True))
    else:
        classes = _classes(tree, by_folders, Meaning())
        if chosen := _chosen(tree, listings, classes, meaning):
            return read_described(tree, [one.name for one in chosen], meaning)
    if not classes:
        return by_folders(tree, meaning)
    parts = parts_of_tables([one.name for one in listings])
    heard = [one for one in listings if one.name in parts or one.covers(classes) >= HALF]
    facts = [one.facts(meaning) for one in heard]
    if not parts or meaning.part is not None or meaning.fold is not None:
        return with_facts(tree, facts, meaning, by_folders)
    files_of = {one.name: one.cells.keys() for one in facts}

    def by_both(tree: Tree, meaning: Meaning) -> Dataset:
        return with_parts_of_tables(by_folders(tree, meaning), parts, files_of)

    return with_facts(tree, facts, meaning, by_both)


def _are_facts(tree: Tree, tables: Sequence[str], by_folders: ByFolders) -> bool:
    """Whether tables have no column that is called as labels are, beside folders of classes."""
    return not any(_Listing(tree, name).is_labelled for name in tables) and bool(
        _classes(tree, by_folders, Meaning())
    )


class _Listing:
    """A table of a tree that may name the files in it."""

    def __init__(self, tree: Tree, name: str, files: str | None = None) -> None:
        self.name = name
        self._tree = tree
        self._said = Meaning(files=files)
        self._files = Files(tree, name.rpartition("/")[0])

    @cached_property
    def names_files(self) -> bool:
        """Whether it does, as its first rows tell."""
        try:
            return names_files(first_records(self._tree.place(self.name)), self._files)
        except InputError:
            return False

    @cached_property
    def records(self) -> Records:
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

    def facts(self, meaning: Meaning) -> Facts:
        """What it says of each file."""
        groups = tuple(title for title in meaning.group if self.has(title))
        of_folders = _is_level(meaning.part)
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
        rows = named_rows(table, roles, self._files, "")
        return Facts(self.name, table, roles, {row.file: row.cells for row in rows if row.file})

    def _facts(self, said: Meaning) -> tuple[Records, Roles]:
        return table_roles(self.records, self._files, said, labelled=False)

    def covers(self, classes: Mapping[str, str]) -> float:
        """The share of the pictures in class folders that it names."""
        own = self.facts(Meaning()).cells
        return sum(file in own for file in classes) / max(len(classes), 1)

    def has(self, title: str) -> bool:
        """Whether it has a column of this title."""
        return title.strip().casefold() in map(str.casefold, self.records.titles)


def _listings(tree: Tree, files: str | None) -> list[_Listing]:
    """The tables that name files, in the column that was said.

    Raises InputError where none of them has that column.
    """
    listings = [one for name in _tables(tree) if (one := _Listing(tree, name, files)).names_files]
    if files is None or not listings:
        return listings
    if having := [one for one in listings if one.has(files)]:
        return having
    position(listings[0].records, files, "files")  # raises, with the nearest title
    return []


def _tables(tree: Tree) -> list[str]:
    """The tables in the root, or where there are none, those in the folders in it."""
    tables = [
        name
        for name in tree.names
        if name.count("/") < 2
        and name.lower().endswith(ENDINGS)
        and not any(map(is_hidden, name.split("/")))
        and "submission" not in name.lower()
    ]
    tables = [name for name in tables if "/" not in name] or tables
    return tables if len(tables) <= MOST_TABLES else []


def _chosen(
    tree: Tree, listings: Sequence[_Listing], classes: Mapping[str, str], meaning: Meaning
) -> list[_Listing]:
    """The tables that the tree is to be read by; none where its folders are the classes."""
    if meaning.label and (having := [one for one in listings if one.has(meaning.label)]):
        return _one_of(tree, having)
    if classes:
        parts = parts_of_tables([one.name for one in listings])
        for one in listings:
            _refuse_otherwise(tree, one, classes, 0 if one.name in parts else MOST)
        return []
    if meaning.label or meaning.files:
        return _one_of(tree, listings)
    # Other tables may say more of the same pictures, in columns of which none is surely the label.
    sure = [one for one in listings if one.is_labelled and one.labels]
    labelled = sure or [one for one in listings if one.labels]
    return _one_of(tree, labelled) if labelled else []


def _one_of(tree: Tree, listings: Sequence[_Listing]) -> list[_Listing]:
    """The only one, or those of a part each."""
    stems = [
        part_in(PurePosixPath(one.name).stem) or part_in(one.name.rpartition("/")[0])
        for one in listings
    ]
    if len(listings) == 1 or (all(stems) and len(set(stems)) == len(stems)):
        return list(listings)
    names = shortened([one.name for one in listings])
    raise InputError(
        f"{tree.root}: several tables name its pictures and their labels: {names}; give the one "
        "that is meant"
    )


def _refuse_otherwise(
    tree: Tree, table: _Listing, classes: Mapping[str, str], least: float
) -> None:
    """Raise InputError where a table has other labels for the pictures than their folders are.

    It is heard where it names at `least` this share of them.
    """
    if not table.is_labelled or not (labels := table.labels) or table.covers(classes) < least:
        return
    pairs = {(labels[file], classes[file]) for file in classes if file in labels}
    if len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs}):
        return
    roles = table.labelled[1]
    folders = shortened(sorted(set(classes.values())), 3)
    if callable(roles.label) or not isinstance(roles.label, int):
        said = f"diptych audit {tree.root}/{table.name}"
    else:
        said = f"--label '{roles.label_title}'"
    raise InputError(
        f"{tree.root}: its folders ({folders}) and {roles.label_title} of {table.name} are "
        f"different labels of its pictures; say which are meant: --label folder:1 or {said}"
    )


def _classes(tree: Tree, by_folders: ByFolders, meaning: Meaning) -> Mapping[str, str]:
    """The class of each picture that lies in a class folder, where there are several."""
    try:
        data = by_folders(tree, meaning)
    except InputError:
        return {}
    classes = {
        sample.name: sample.label
        for sample in data.samples
        if PurePosixPath(sample.name).suffix.lower() not in COMPANIONS
    }
    different = set(classes.values())
    return classes if len(different) > 1 and not all(map(part_in, different)) else {}


def _is_level(said: str | None) -> bool:
    return said is not None and not is_title(said)
