"""Columns of folds: which are such, and their numbers."""

from collections.abc import Sequence

from diptych.errors import InputError, shortened
from diptych.sources.folders.folder_names import fold_of
from diptych.sources.tables.cells import DOUBTFUL, says_nothing, whole
from diptych.sources.tables.rows import Records
from diptych.sources.tables.titles import FOLD, is_part_title, plain

MOST_FOLDS = 50

# Google says UNASSIGNED of what its program is to put into a part.
_NO_PART = ("unassigned",)


class NoFoldsError(InputError):
    """A table has no column of folds."""


def fold_columns(table: Records, free: Sequence[int]) -> list[int]:
    """The columns of whole numbers that are called as folds or as parts are."""
    called = [at for at in free if is_called_fold(table, at)] or [
        at for at in free if is_part_title(table.titles[at])
    ]
    return [at for at in called if folds_in(table, at)]


def is_called_fold(table: Records, at: int) -> bool:
    """Whether a column is called as folds alone are."""
    return bool(FOLD.fullmatch(plain(table.titles[at])))


def folds_in(table: Records, at: int) -> list[str]:
    """The numbers of the folds, in their order; none where a cell is something else."""
    folds = set(map(fold_in, different(table, at))) - {"-1"}
    return sorted(folds, key=int) if "" not in folds and 1 < len(folds) <= MOST_FOLDS else []


def fold_in(cell: str) -> str:
    """The number of a fold, of 3, 3.0 and fold_3, -1 for no fold; "" for anything else."""
    number = whole(cell)
    if number.isdecimal() or number == "-1":
        return str(int(number))
    fold = fold_of(cell)
    return "" if fold is None else str(fold)


def refuse_no_folds(table: Records, at: int) -> None:
    """Raise NoFoldsError with the cells that keep a column from being one of folds."""
    others = [cell for cell in sorted(different(table, at)) if not fold_in(cell)]
    why = f"says what is no fold: {shortened(others)}" if others else "has no several folds"
    raise NoFoldsError(
        f"{table.path}: {table.titles[at]} {why}; write numbers, or nothing where none is meant"
    )


def different(table: Records, at: int) -> set[str]:
    """What the cells of a column of parts or folds say, without those that say nothing."""
    return set(filter(said, set(table.column(at))))


def said(cell: str) -> str:
    """A cell of parts or folds, or "" where it says nothing."""
    nothing = says_nothing(cell) or cell.casefold() in (*DOUBTFUL, *_NO_PART)
    return "" if nothing else cell
