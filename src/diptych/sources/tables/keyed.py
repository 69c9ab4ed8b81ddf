"""Tables that name files by way of something else: their folders, or ids of another table."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from diptych.sources.endings import COMPANIONS, ending, stem_of
from diptych.sources.tables.file_names import fold
from diptych.sources.tables.rows import Records, Row, without_header
from diptych.sources.tables.titles import plain
from diptych.sources.trees.walking import any_hidden

# Of so many of its rows a table has to speak of a folder, or of a row of another table.
MOST = 0.9
Columns: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]

# The title of the column of files that such a table gets.
FILE = "file"


def by_folder(table: Records, names: Sequence[str]) -> tuple[Records, str] | None:
    """A row for each file whose folder a row names, and the title of the column that does.

    `names` are the files. A row without a folder stays, and names no file. None where no column
    names folders.
    """
    found = _folder_column(table, names)
    if found is None:
        return None
    at, depth, as_numbers = found
    key = _number if as_numbers else fold
    if any(fold(table.titles[at]) == fold(name.split("/")[depth]) for name in names
           if name.count("/") > depth):  # fmt: skip
        table = without_header(table)
    files_of: dict[str, list[str]] = {}
    for name in names:
        folders = name.split("/")[:-1]
        if len(folders) > depth:
            files_of.setdefault(key(folders[depth]), []).append(name)
    return _for_each(table, at, files_of, key), table.titles[at]


def by_id(table: Records, file_of: Mapping[str, str]) -> Records | None:
    """A row for each file, found by the id that another table gives it; None for no such ids.

    They are those of nearly all of these files, each once: CUB-200's images.txt has them. A column
    without a title beside them is called as the table is.
    """
    for at, title in enumerate(table.titles):
        rows = without_header(table) if title in file_of else table
        ids = set(rows.column(at))
        shared = len(ids & file_of.keys())
        if len(ids) == len(rows.rows) and shared >= MOST * max(len(ids), len(file_of)):
            if not rows.headed and len(rows.titles) == 2:
                called = stem_of(table.path.name)
                titles = [own if i == at else called for i, own in enumerate(rows.titles)]
                rows = rows._replace(titles=titles, headed=True)
            every = _for_each(rows, at, {key: [file] for key, file in file_of.items()})
            return _without(every, at + 1)  # ids tell nothing
    return None


def by_title(table: Records, files_of: Columns) -> tuple[Records, str] | None:
    """A row for each file whose row in another table has the same under the same title.

    `files_of` has the files of each cell of each such column, by its plain title.
    """
    for at, title in enumerate(table.titles):
        of = files_of.get(plain(title), {})
        cells = set(table.column(at))
        shared = len(cells & of.keys())
        if (
            len(cells) == len(table.rows)
            and shared > 1
            and shared >= MOST * min(len(cells), len(of))
        ):
            return _for_each(table, at, of), title
    return None


def ids_of(cells: Mapping[str, Row], but: int) -> dict[str, str]:
    """The file of each id, from a table's row of each file: a column where no two are alike."""
    rows = list(cells.values())
    for at in range(len(rows[0]) if rows else 0):
        ids = [row[at] for row in rows]
        if at != but and len(set(ids)) == len(ids):
            return dict(zip(ids, cells, strict=True))
    return {}


def cells_of(titles: Sequence[str], cells: Mapping[str, Row], but: int) -> Columns:
    """The files of each cell of each column of a table, from the row of each file."""
    columns: dict[str, dict[str, list[str]]] = {}
    for at, title in enumerate(titles):
        if at == but:
            continue
        of = columns.setdefault(plain(title), {})
        for file, row in cells.items():
            of.setdefault(row[at], []).append(file)
    return columns


def _without(table: Records, at: int) -> Records:
    kept = [i for i in range(len(table.titles)) if i != at]
    rows = [[row[i] for i in kept] for row in table.rows]
    return table._replace(titles=[table.titles[i] for i in kept], rows=rows)


def _number(cell: str) -> str:
    """A whole number as it is compared: 00003 is 3."""
    return str(int(cell)) if cell.isdecimal() else fold(cell)


def _for_each(
    table: Records,
    at: int,
    files_of: Mapping[str, Sequence[str]],
    key: Callable[[str], str] = fold,
) -> Records:
    rows, lines = [], []
    for line, row in zip(table.lines, table.rows, strict=True):
        for name in files_of.get(row[at], files_of.get(key(row[at]), ("",))):
            rows.append([name, *row])  # without a folder, a row names no file
            lines.append(line)
    title = FILE if FILE not in table.titles else f"{FILE}:"
    return Records(table.path, [title, *table.titles], rows, lines, table.headed)


def _folder_column(table: Records, names: Sequence[str]) -> tuple[int, int, bool] | None:
    """The column that names folders, each once, and how deep these lie, from 0 at the first.

    And whether by their numbers: 3 is the folder 00003.
    """
    levels: dict[int, set[str]] = {}
    for folder in {name.rpartition("/")[0] for name in names if ending(name) not in COMPANIONS}:
        if folder and not any_hidden(folder.split("/")):
            for depth, one in enumerate(folder.split("/")):
                levels.setdefault(depth, set()).add(fold(one))
    best: tuple[int, int, int, bool] | None = None
    for at in range(len(table.titles)):
        cells = {fold(cell) for cell in table.column(at)}
        if len(cells) < max(len(table.rows), 2):
            continue
        for depth, folders in levels.items():
            shared, as_numbers = len(cells & folders), False
            if not shared and (numbers := _numbers(cells, folders)):
                shared, as_numbers = numbers, True
            if shared > 1 and shared >= MOST * min(len(cells), len(folders)):
                best = max(best or (0, 0, 0, False), (shared, at, depth, as_numbers))
    return best[1:] if best else None


def _numbers(cells: Collection[str], folders: Collection[str]) -> int:
    """How many cells are the number of a folder, where all are numbers and none comes twice."""
    if not all(map(str.isdecimal, (*cells, *folders))):
        return 0
    ones, others = set(map(_number, cells)), set(map(_number, folders))
    return len(ones & others) if (len(ones), len(others)) == (len(cells), len(folders)) else 0
