"""What each column of a table that names files is for."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from diptych.errors import InputError
from diptych.sources.folder_groups import by_names_alone, folder_group
from diptych.sources.meaning import Meaning, is_title, level
from diptych.sources.name_patterns import name_pattern
from diptych.sources.tables.boxed import without_boxes
from diptych.sources.tables.cells import is_amount, says_nothing
from diptych.sources.tables.file_column import file_column
from diptych.sources.tables.folder_columns import folder_columns, in_folder
from diptych.sources.tables.label_cells import SeveralMeaningsError, labels_in
from diptych.sources.tables.label_column import NoLabelsError, label_column
from diptych.sources.tables.matching import Files
from diptych.sources.tables.onehot import OneHot
from diptych.sources.tables.part_columns import Parts, table_parts
from diptych.sources.tables.rows import Records, Row, position, without_header
from diptych.sources.tables.titles import LABEL_TITLES, is_label_title, label_tier

USED = ("files", "label", "part", "group", "fold")  # what a Meaning may say of such a table

MOST_SHOWN = 60  # letters of a cell in an error

Of = Callable[[Row, str], str]  # what a row says, or a folder of the file that it names


class Roles(NamedTuple):
    """Where in a row everything stands. Without labels `label` is None."""

    file: int
    label: int | OneHot | Of | None
    label_title: str
    parts: Parts
    groups: dict[str, Of]  # by their titles
    further: tuple[int, ...]
    folders: tuple[int, ...] = ()  # of the file, where these have columns of their own

    def name(self, row: Row) -> str:
        """What a row calls its file, with the folders that it says."""
        name = row[self.file]
        return in_folder([row[at] for at in self.folders], name) if self.folders else name

    def groups_in(self, row: Row, file: str, label: str) -> dict[str, str]:
        """What a row with this label, or a folder of its file, says of each kind of group."""
        way = file.split("/")[:-1]
        return {
            title: of(row, file)
            if (at := level(title)) is None
            else folder_group(way, at, label, by_names_alone(self.groups))
            for title, of in self.groups.items()
        }

    def labels(self, row: Row, file: str = "") -> list[str]:
        """The labels of a row, or of a folder of its file: one, none or several."""
        if isinstance(self.label, OneHot):
            return self.label.labels(row)
        if self.label is None:
            return []
        if callable(self.label):
            return [self.label(row, file)]
        return list(labels_in(row[self.label]))


def table_roles(
    table: Records, files: Files, meaning: Meaning, labelled: bool = True
) -> tuple[Records, Roles]:
    """The table, without a header where it has none, and what its columns are for.

    Raises InputError where no column names files, NoLabelsError where none has labels that should
    have them, and InputError where several might.
    """
    table, file = file_column(table, files, meaning.files)
    groups = {title: _of(table, title, "group") for title in meaning.group}
    said = {at for title in meaning.group if (at := _at(table, title)) is not None}
    if meaning.label is not None and (at := _at(table, meaning.label)) is not None:
        said.add(at)
    free = [
        at
        for at, title in enumerate(table.titles)
        if at != file and at not in said and (title or not _counts(table, at))
    ]
    parts = table_parts(table, free, _of_columns(meaning), labelled)
    if meaning.part is not None and level(meaning.part) is not None:
        parts = Parts((), lambda row: "")
    free = [at for at in free if at not in parts.columns]
    table = without_boxes(table, (*free, *said))
    if labelled and meaning.label is None:
        _refuse_groups_that_are_labels(table, meaning.group, free)
    label, title = _label(table, free, meaning, labelled)
    if label == file:
        raise InputError(
            f"{table.path}: {title} names the files, and has no labels; --label COLUMN names "
            "another one, or --label name:_ reads cat_1.jpg as cat"
        )
    if table.headed and not (meaning.files or meaning.label) and _is_cell(table, label):
        return table_roles(without_header(table), files, meaning, labelled)
    used = {file, *parts.columns, *said}
    used |= set(label.columns) if isinstance(label, OneHot) else {label}  # type: ignore[arg-type]
    further = tuple(at for at, own in enumerate(table.titles) if own and at not in used)
    # A label, too, may be a folder's name: a file is looked for there by it.
    folders = folder_columns(table, file, [at for at in free if at != label], files)
    return table, Roles(file, label, title, parts, groups, further, folders)


def _refuse_groups_that_are_labels(
    table: Records, groups: Sequence[str], free: Sequence[int]
) -> None:
    """Raise InputError where what was said to be groups is called as labels, as no other column."""
    surest = min((label_tier(table.titles[at]) for at in free), default=len(LABEL_TITLES))
    for title in groups:
        if is_title(title) and label_tier(title) < surest:
            others = [table.titles[at] for at in free]
            instead = f"--label '{others[0]}', for one, says other labels" if others else ""
            raise InputError(
                f"{table.path}: {title} holds the labels; --group names what has to stay together"
                f"{instead and '; '}{instead}"
            )


def folder_of(number: int) -> Of:
    """What the folder at a level of the path of a row's file is called."""

    def of(_: Row, file: str) -> str:
        folders = file.split("/")[:-1]
        return folders[number] if number < len(folders) else ""

    return of


def _label(
    table: Records, free: Sequence[int], meaning: Meaning, labelled: bool
) -> tuple[int | OneHot | Of | None, str]:
    if meaning.label is not None:
        number = level(meaning.label)
        if number is not None:
            return folder_of(number), meaning.label
        if name_of := name_pattern(meaning.label):
            return lambda row, file: name_of(file or ""), meaning.label
        at = position(table, meaning.label, "label")
        _refuse_objects(table, at)
        return at, table.titles[at]
    if not labelled:
        return None, ""
    label = label_column(table, free)
    if isinstance(label, OneHot):
        return label, f"{len(label.columns)} columns of zeros and ones"
    _refuse_amount(table, label)
    _refuse_objects(table, label)
    return label, table.titles[label]


def _refuse_amount(table: Records, at: int) -> None:
    different = {cell for cell in set(table.column(at)) if not says_nothing(cell)}
    if is_amount(different):
        raise NoLabelsError(
            f"{table.path}: {table.titles[at]} looks continuous ('{min(different)}'); a label is a "
            "class, not an amount; --label COLUMN says which column has classes"
        )


def _refuse_objects(table: Records, at: int) -> None:
    """Raise InputError where a cell of labels has an object with several values."""
    cells = table.column(at)
    for cell in dict.fromkeys(cells):
        try:
            labels_in(cell)
        except SeveralMeaningsError as cause:
            line = table.lines[cells.index(cell)]
            short = cell if len(cell) <= MOST_SHOWN else f"{cell[:MOST_SHOWN]}…"
            raise InputError(
                f"{table.path}: line {line}: {table.titles[at]} has an object with several values: "
                f"{short}; write the class of each picture, as a word, into a column of its own"
            ) from cause


def _is_cell(table: Records, label: object) -> bool:
    """Whether what should be the title of the labels is one of them."""
    if not isinstance(label, int) or is_label_title(table.titles[label]):
        return False
    return table.column(label).count(table.titles[label]) > 1


def _of(table: Records, title: str, option: str) -> Of:
    number = level(title)
    if number is not None:
        return folder_of(number)
    if name_of := name_pattern(title):
        return lambda row, file: name_of(file or "")
    at = position(table, title, option)
    return lambda row, file: row[at]


def _at(table: Records, title: str) -> int | None:
    """The column of a title; None of a level of folders, and of what there is not."""
    try:
        return None if not is_title(title) else position(table, title, "label")
    except InputError:
        return None


def _of_columns(meaning: Meaning) -> Meaning:
    """The meaning without a part that a folder says."""
    from dataclasses import replace

    is_level = meaning.part is not None and level(meaning.part) is not None
    return replace(meaning, part=None) if is_level else meaning


def _counts(table: Records, at: int) -> bool:
    """Whether a column numbers the rows, as pandas writes one without a title."""
    return all(cell.isdecimal() for cell in table.column(at))
