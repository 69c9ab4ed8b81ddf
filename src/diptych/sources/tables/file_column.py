"""Which column of a table names files, and whether its first line has titles at all."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from diptych.errors import InputError, shortened
from diptych.sources.endings import is_called_picture, stem_of
from diptych.sources.tables.file_names import parted
from diptych.sources.tables.matching import Files
from diptych.sources.tables.rows import Records, position, without_header
from diptych.sources.tables.titles import FILE_TITLES, is_file_title, is_of_amounts, plain, rank

# So many rows, from the whole table, tell what its columns name.
LOOKED_AT = 500
NUMBERED = re.compile(r"column \d+")
# What a column that counts the rows is called: pandas writes one without a title.
_INDICES = ("", "unnamed_0", "index", "no", "nr", "row", "id")


class _Column(NamedTuple):
    """What a column's cells name, of the rows that were looked at."""

    at: int
    named: int  # different files that are there, by their names with the ending
    stems: int  # … by their names without it, or with another
    called: int  # cells that end as names of pictures do
    counts_rows: bool
    is_index: bool  # counts them, and is called so
    different: int  # cells
    is_of_numbers: bool  # and nothing else
    rows: int = 0  # those whose cells name a file that is there, as sure names do

    @property
    def there(self) -> int:
        """Different files that are there, by their names with the ending or without it."""
        return self.named + self.stems


def file_column(table: Records, files: Files, said: str | None) -> tuple[Records, int]:
    """The table, without a header where it has none, and its column that names files.

    Raises InputError where no column does, or several do.
    """
    if said is not None:
        if NUMBERED.fullmatch(said) and said not in table.titles:
            table = without_header(table)
        return table, position(table, said, "files")
    at = _naming(table, files)
    title = table.titles[at]
    usual = is_file_title(title)
    if table.headed and not usual and (is_called_picture(title) or files.names_one(title)):
        table = without_header(table)
    return table, at


def names_files(table: Records, files: Files) -> bool:
    """Whether some column names files that are there, by their full names or all different.

    Numbers are names by chance too, of 1.png and 2.png: a title has to say that they are names.
    """
    return any(
        not column.is_of_numbers or is_file_title(table.titles[column.at])
        for column in _naming_most(table, files)
    )


def is_sure_of_files(table: Records, at: int) -> bool:
    """Whether a column names files by more than chance: by its title, or by their endings."""
    called = sum(map(is_called_picture, table.column(at)))
    return is_file_title(table.titles[at]) or 2 * called > len(table.rows)


def numbers_files(table: Records, files: Files) -> bool:
    """Whether a column of numbers, in a whole table, names half of the files, whatever its title.

    Fewer are enough where the title is such a number too. None names files that is called as ages,
    folds and other amounts are.
    """
    return any(
        column.is_of_numbers and column.there > 1 and not _names_by_chance(table, column, files)
        for column in _naming_most(table, files)
    )


def _naming_most(table: Records, files: Files) -> list[_Column]:
    """The columns that name files in most of their rows, other ones unless the names are sure."""
    rows = min(len(table.rows), LOOKED_AT)
    columns = _looked_at(table, files)
    return [c for c in columns if 2 * max(c.named, c.stems) > rows or 2 * c.rows > rows]


def _naming(table: Records, files: Files) -> int:
    columns = _looked_at(table, files)
    rows = min(len(table.rows), LOOKED_AT)
    called = [column for column in columns if 2 * column.called > rows]
    # A running number may be a file's name by chance; what ends in .jpg is one by intention.
    by_name = [c for c in called if c.named or c.stems] or [c for c in columns if c.named]
    stems = by_name or [column for column in columns if column.stems]
    some = [column for column in stems if not _names_by_chance(table, column, files)]
    if not some:
        return _unfound(table, called, [table.titles[column.at] for column in stems])
    return _likeliest(table, some).at


def _names_by_chance(table: Records, column: _Column, files: Files) -> bool:
    """Whether numbers are none of files: they are ages, visits or the like, or name a few of many.

    A title may say that they are names, or be one of them, where there are no titles.
    """
    title = table.titles[column.at]
    if not column.is_of_numbers or is_file_title(title):
        return False
    return is_of_amounts(title) or not (files.names_one(title) or _names_half(table, column, files))


def _names_half(table: Records, column: _Column, files: Files) -> bool:
    """Whether a column of a whole table names at least half of the files."""
    return sum(map(files.count_called, set(table.column(column.at)))) >= files.count / 2


def _likeliest(table: Records, some: Sequence[_Column]) -> _Column:
    """The column that names most; of several, the only one called so, or that names them all.

    Raises InputError where several may be meant.
    """
    most = max(column.there for column in some)
    best = [column for column in some if 10 * column.there >= 9 * most]
    if all(column.counts_rows for column in best):
        # Counted from 0 and from 1: one of them has a file for each row.
        best = [column for column in best if column.there == most]
    else:
        best = [column for column in best if not column.is_index]
    ranks = {c: rank(table.titles[c.at], FILE_TITLES) for c in best}
    usual = [column for column in best if ranks[column] < len(FILE_TITLES)]
    complete = [column for column in best if column.there == column.different]
    first = min(best, key=lambda column: ranks[column])
    others = [c for c in best if not _name_the_same(table, c.at, first.at)]
    if not others:
        return max(best, key=lambda c: _has_folders(table, c.at)) if len(best) > 1 else first
    if len(usual) == 1 and (first in complete or not complete):
        return first
    if len(complete) == 1:
        return complete[0]
    names = " and ".join(table.titles[c.at] for c in (first, *others[:1]))
    raise InputError(
        f"{table.path}: {names} name files that are there; --files '{table.titles[first.at]}' says "
        "which is meant"
    )


def _name_the_same(table: Records, one: int, other: int) -> bool:
    """Whether two columns have one name of a file in each row, the folders before it aside."""
    if table.column(one) == table.column(other):
        return True
    named = [(parted(row[one])[1], parted(row[other])[1]) for row in table.rows]
    return all(a == b or stem_of(a) == b or a == stem_of(b) for a, b in named)


def _has_folders(table: Records, at: int) -> bool:
    """Whether the names in a column tell more than those of files."""
    return any(parted(cell)[0] for cell in table.column(at))


def _unfound(table: Records, called: Sequence[_Column], by_chance: Sequence[str]) -> int:
    """The column that would name files if they were there; raises InputError for none."""
    ranks = [rank(title, FILE_TITLES) for title in table.titles]
    if called:
        return min((column.at for column in called), key=ranks.__getitem__)
    if min(ranks) < len(FILE_TITLES):
        return ranks.index(min(ranks))
    if by_chance:
        raise InputError(
            f"{table.path}: no column of files among {shortened(table.titles)}: {by_chance[0]} has "
            "numbers, of which some are called as files are by chance; --files COLUMN says which "
            "names them"
        )
    raise InputError(
        f"{table.path}: no column of files among {shortened(table.titles)}: no cell is the name of "
        "a file that is there; --files COLUMN says which names them"
    )


def _looked_at(table: Records, files: Files) -> list[_Column]:
    step = max(len(table.rows) // LOOKED_AT, 1)
    rows = table.rows[::step][:LOOKED_AT]
    columns = []
    for at, title in enumerate(table.titles):
        cells = {row[at] for row in rows}
        how = {cell: files.names_one(cell) for cell in cells}
        sure = list(how.values())
        called = sum(is_called_picture(row[at]) for row in rows)
        # Names come again where several rows are of one file; words and numbers do by chance.
        again = (is_file_title(title) and len(cells) > 1) or 2 * called > len(rows)
        named_rows = sum(bool(how[row[at]]) for row in rows) if again else 0
        counts = _counts_rows(table, at)
        is_index = counts and plain(title) in _INDICES
        named, stems = sure.count("name"), sure.count("stem")
        columns.append(
            _Column(
                *(at, named, stems, called, counts, is_index, len(cells)),
                *(_are_numbers(cells), named_rows),
            )
        )
    return columns


def _are_numbers(cells: Iterable[str]) -> bool:
    return all(cell.isdecimal() for cell in cells if cell)


def _counts_rows(table: Records, at: int) -> bool:
    """Whether a column has 0, 1, 2, … or 1, 2, 3, … in it."""
    cells = table.column(at)
    return any(cells == [str(i) for i in range(start, start + len(cells))] for start in (0, 1))
