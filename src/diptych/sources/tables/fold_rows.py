"""Tables that part files anew in each fold, with a row for each: BreaKHis's Folds.csv."""

from diptych.errors import InputError, shortened
from diptych.sources.tables.cells import whole
from diptych.sources.tables.column_roles import Roles
from diptych.sources.tables.part_columns import Parts
from diptych.sources.tables.rows import Records
from diptych.sources.tables.titles import FOLD, plain


def of_one_fold(table: Records, roles: Roles, fold: int | None) -> tuple[Records, Roles] | None:
    """The rows of the fold that was said, which part as their own column says; None of others.

    Where none was said, all rows, which part nothing, with a word on the folds. Raises InputError
    for a fold that there is not.
    """
    at = _column_of_folds(table, roles)
    if at is None:
        return None
    folds = sorted({whole(cell) for cell in table.column(at)}, key=int)
    name, title = table.path.name, table.titles[roles.parts.columns[0]]
    if fold is None:
        note = f"{title} of {name} parts the files anew in each of {len(folds)} folds "
        note += f"({shortened(folds)}); --fold {folds[0]} takes the parts of one"
        return table, roles._replace(parts=Parts((), lambda row: "", note))
    if str(fold) not in folds:
        raise InputError(
            f"{table.path}: {table.titles[at]} has no fold {fold}; it has {shortened(folds)}"
        )
    own = [i for i, cell in enumerate(table.column(at)) if whole(cell) == str(fold)]
    rows, lines = [table.rows[i] for i in own], [table.lines[i] for i in own]
    note = f"parts in {title} of {name}, in the rows of fold {fold}"
    parts = Parts(roles.parts.columns, roles.parts.part_of_row, note, roles.parts.required)
    return table._replace(rows=rows, lines=lines), roles._replace(parts=parts)


def _column_of_folds(table: Records, roles: Roles) -> int | None:
    """The column of folds of which each has a row for each file, beside one of parts."""
    if len(roles.parts.columns) != 1:
        return None
    names = table.column(roles.file)
    for at, title in enumerate(table.titles):
        if at in roles.parts.columns or not FOLD.fullmatch(plain(title)):
            continue
        folds = [whole(cell) for cell in table.column(at)]
        if not all(map(str.isdecimal, folds)) or len(set(folds)) < 2:
            continue
        once = len({*zip(names, folds, strict=True)}) == len(names)
        if once and len(set(names)) * len(set(folds)) == len(names):
            return at
    return None
