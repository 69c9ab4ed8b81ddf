"""The parts and folds that a table puts its pictures into."""

from collections.abc import Callable, Sequence

from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.parts import part_of
from diptych.sources.tables.cells import says_nothing
from diptych.sources.tables.records import Records, position
from diptych.sources.tables.titles import (
    FOLD,
    MAYBE_TRUE_FOR,
    PART_TITLES,
    TRUE_FOR,
    label_tier,
    plain,
    rank,
)

MOST_FOLDS = 50
_TRUE, _FALSE = ("true", "1", "1.0", "yes"), ("false", "0", "0.0", "no")

PartOf = Callable[[list[str]], str]  # the part of a row


class NoFoldsError(InputError):
    """A table has no column of folds."""


class Parts:
    """How a table's rows are parted: by which columns, the part of a row, a word on it."""

    def __init__(self, columns: tuple[int, ...], part_of_row: PartOf, note: str = "") -> None:
        self.columns = columns
        self.part_of_row = part_of_row
        self.note = note


def table_parts(table: Records, free: Sequence[int], meaning: Meaning) -> Parts:
    """What was said of parts and folds, else what columns say by themselves.

    Raises InputError for a column without parts, and for a fold that there is not.
    """
    if meaning.fold is not None:
        return _fold(table, free, meaning.fold, meaning.part)
    if meaning.part is not None:
        return _of_column(table, position(table, meaning.part, "part"))
    named = [at for at in free if rank(table.titles[at], PART_TITLES) < len(PART_TITLES)]
    named.sort(key=lambda at: rank(table.titles[at], PART_TITLES))
    # By another title a column is taken only where no cell of it says something else.
    others = [at for at in free if at not in named and not _may_be_classes(table, at, free)]
    for at in named:
        if _share_of_parts(table, at):
            return _of_column(table, at)
    for at in others:
        if _share_of_parts(table, at) == 1 and len(_different(table, at)) > 1:
            return _of_column(table, at, f"parts in {table.titles[at]}")
    if truths := _columns_of_truths(table, free):
        return _of_truths(table, truths)
    folds = _fold_columns(table, free)
    note = "; ".join(
        f"{table.titles[at]} has {len(own)} folds ({shortened(own)}); --fold {own[0]} tests on one"
        for at in folds
        if (own := _folds(table, at))
    )
    return Parts(tuple(folds), lambda row: "", note)


def _of_column(table: Records, at: int, note: str = "") -> Parts:
    """The parts that a column names; raises InputError where a cell names none."""
    if plain(table.titles[at]) in _MEANT and _is_of_truths(table, at):
        return _of_truths(table, [at])
    if folds := _folds(table, at):
        raise InputError(
            f"{table.path}: {table.titles[at]} has folds ({shortened(folds)}), and no parts; "
            f"--fold {folds[0]} tests on one of them"
        )
    for i, row in enumerate(table.rows):
        part_of(_said(row[at]), f"{table.path}: {table.where(i)}")
    if empty := sum(not _said(row[at]) for row in table.rows):
        rows = "1 row says" if empty == 1 else f"{empty:,} rows say"
        silent = f"{rows} no part in {table.titles[at]}, and may come into train and valid"
        note = "; ".join(filter(None, (note, silent)))
    return Parts((at,), lambda row: part_of(_said(row[at]), ""), note)


_MEANT = {**MAYBE_TRUE_FOR, **TRUE_FOR}


def _is_of_truths(table: Records, at: int) -> bool:
    """Whether all cells of a column are True or False, and some are each."""
    different = {cell.lower() for cell in table.column(at)}
    return different <= {*_TRUE, *_FALSE} and len(different & {*_TRUE}) == 1 < len(different)


def _columns_of_truths(table: Records, free: Sequence[int]) -> list[int]:
    """The columns that say for each row whether it is of a part.

    A column called as a part alone is one of them where it is no class of several: these have a
    column each, and one of them is true.
    """
    if certain := [at for at in free if plain(table.titles[at]) in TRUE_FOR]:
        return certain
    truths = [at for at in free if _is_of_truths(table, at)]
    maybe = [at for at in truths if plain(table.titles[at]) in MAYBE_TRUE_FOR]
    others = [at for at in truths if at not in maybe]
    if len(others) > 1:
        return []
    if others and any(_are_opposite(table, at, others[0]) for at in maybe):
        return []
    return maybe


def _are_opposite(table: Records, one: int, other: int) -> bool:
    """Whether in each row one of two columns is true, and not both."""
    return all((row[one].lower() in _TRUE) != (row[other].lower() in _TRUE) for row in table.rows)


def _of_truths(table: Records, columns: Sequence[int]) -> Parts:
    """The parts by columns of True and False, such as is_valid."""
    for at in columns:
        if not {cell.lower() for cell in table.column(at)} <= {*_TRUE, *_FALSE}:
            return Parts((), lambda row: "")
    meant = [(at, _MEANT[plain(table.titles[at])]) for at in columns]
    # What is false of is_train alone may be for either; most call it the validation part.
    other = "valid" if {part for _, part in meant} == {"train"} else "train"

    def of_row(row: list[str]) -> str:
        return next((part for at, part in meant if row[at].lower() in _TRUE), other)

    names = " and ".join(table.titles[at] for at in columns)
    return Parts(tuple(columns), of_row, f"parts in {names}: what is not true is for {other}")


def _fold(table: Records, free: Sequence[int], fold: int, title: str | None) -> Parts:
    """One fold as the test part, the others to train on."""
    columns = _fold_columns(table, free) if title is None else [position(table, title, "part")]
    if not columns:
        raise NoFoldsError(
            f"{table.path}: no column of folds among {shortened(table.titles)}; --part COLUMN says "
            "which it is"
        )
    if len(columns) > 1:
        names = " and ".join(table.titles[at] for at in columns)
        raise InputError(f"{table.path}: {names} hold folds; --part COLUMN says which are meant")
    (at,) = columns
    folds = _folds(table, at)
    if str(fold) not in folds:
        raise InputError(
            f"{table.path}: {table.titles[at]} has no fold {fold}; it has {shortened(folds)}"
        )
    return Parts(
        (at,),
        lambda row: "test" if _whole(row[at]) == str(fold) else "train",
        f"fold {fold} of {table.titles[at]} is to test on",
    )


def _fold_columns(table: Records, free: Sequence[int]) -> list[int]:
    """The columns of whole numbers that are called as folds or as parts are."""
    called = [at for at in free if FOLD.fullmatch(plain(table.titles[at]))] or [
        at for at in free if rank(table.titles[at], PART_TITLES) < len(PART_TITLES)
    ]
    return [at for at in called if _folds(table, at)]


def _folds(table: Records, at: int) -> list[str]:
    """The numbers of the folds, in their order; none where a cell is something else."""
    cells = {_whole(cell) for cell in table.column(at) if _said(cell)} - {"-1"}
    if not all(cell.isdecimal() for cell in cells) or not 1 < len(cells) <= MOST_FOLDS:
        return []
    return sorted(cells, key=int)


def _whole(cell: str) -> str:
    """A fold's number as pandas may have written it: 3.0 is 3."""
    return cell.removesuffix(".0")


def _different(table: Records, at: int) -> set[str]:
    return {cell for cell in table.column(at) if _said(cell)}


def _said(cell: str) -> str:
    """A cell, or "" where it says nothing."""
    return "" if says_nothing(cell) else cell


def _share_of_parts(table: Records, at: int) -> float:
    """How many of a column's different cells are names of parts."""
    different = _different(table, at)
    return sum(map(_is_part, different)) / max(len(different), 1)


def _is_part(cell: str) -> bool:
    try:
        return bool(part_of(cell, ""))
    except InputError:
        return False


def _may_be_classes(table: Records, at: int, free: Sequence[int]) -> bool:
    """Whether a column is one of labels by its title, or the only one that could be."""
    return label_tier(table.titles[at]) < 3 or len(free) == 1
