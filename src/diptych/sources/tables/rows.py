"""The rows of a table of any kind: text, JSON, Parquet."""

import io
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from diptych.data.places import Address
from diptych.errors import InputError, shortened
from diptych.sources.tables.opening import DOS_END, Table, numbered_rows, open_table, table_suffix

JSON_LINES = (".jsonl", ".ndjson")
JSON = ".json"
PARQUET, FEATHER = ".parquet", ".feather"

_UNSEEN = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"

Row = list[str]


# Of so many rows a comma may be missing, or one too many: a table of more is no such table.
MOST_UNEVEN = 0.01
ENOUGH = 10  # rows, of which one may be such a row


class Uneven(NamedTuple):
    """A row with more cells than there are titles, or fewer."""

    line: int
    cells: Row


class Records(NamedTuple):
    """A table in memory: as many cells in each row as there are titles."""

    path: Table | Address
    titles: list[str]
    rows: list[Row]
    lines: list[int]  # where each row stands in the file, for messages
    headed: bool = True  # whether the titles are the file's own
    names: Sequence[str] = ()  # what rows are called in messages, where not by their lines
    uneven: Sequence[Uneven] = ()  # rows that have more cells, or fewer, and are set aside

    def column(self, at: int) -> list[str]:
        """The cells of a column."""
        return [row[at] for row in self.rows]

    def where(self, row: int) -> str:
        """What a row, counted from 0, is called in messages."""
        return self.names[row] if self.names else f"line {self.lines[row]}"


def records(path: Table, *, uneven: bool = False) -> Records:
    """A table whose first line has its titles, without the space around cells.

    Where there may be `uneven` rows, with other columns than the first line, a few are set aside.
    Raises InputError where there are others of these, or no rows.
    """
    suffix, headed = table_suffix(path), True
    if suffix in JSON_LINES:
        titles, numbered = _json_lines(path)
    elif suffix == JSON:
        titles, numbered, headed = _json(path)
    elif suffix in (PARQUET, FEATHER):
        titles, numbered = _parquet(path)
    else:
        rows = numbered_rows(path)
        titles, numbered = next(rows, (1, list[str]()))[1], list(rows)
    even, aside = _even(numbered, titles, path, MOST_UNEVEN if uneven else 0)
    if not even:
        raise InputError(f"{path}: it has no rows; add one for each picture")
    cells = [[c.strip() if c.isascii() else bare(c) for c in row] for _, row in even]
    lines = [line for line, _ in even]
    titles = [bare(title) for title in titles]
    return Records(path, titles, cells, lines, headed, uneven=aside)


def _even(
    numbered: Sequence[tuple[int, Row]], titles: Sequence[str], path: Table, most: float
) -> tuple[Sequence[tuple[int, Row]], Sequence[Uneven]]:
    """The rows with as many cells as there are titles, and the others.

    Raises InputError where more are others than this share, or a single one of a few rows.
    """
    uneven = [Uneven(line, row) for line, row in numbered if len(row) != len(titles)]
    if len(uneven) > max(most * len(numbered), most > 0 and len(numbered) >= ENOUGH):
        raise InputError(
            f"{path}: line {uneven[0].line} has {len(uneven[0].cells)} columns, the first line "
            f"{len(titles)}; write a cell that has the sign between columns in it in quotes: "
            '"red, blue"'
        )
    if uneven:
        numbered = [(line, row) for line, row in numbered if len(row) == len(titles)]
    return numbered, uneven


def bare(cell: str) -> str:
    """A cell without what nobody sees around it: blanks, marks of an encoding, of no width."""
    return cell.strip().strip(_UNSEEN).strip()


def without_header(table: Records) -> Records:
    """A table whose first line is a row like the others; its columns are called by their place."""
    titles = [f"column {i + 1}" for i in range(len(table.titles))]
    return table._replace(
        titles=titles,
        rows=[table.titles, *table.rows],
        lines=[1, *table.lines],
        headed=False,
        names=(),
    )


def without_columns(table: Records, titles: Collection[str]) -> Records:
    """A table but for the columns of these titles."""
    kept = [at for at, title in enumerate(table.titles) if title not in titles]
    rows = [[row[at] for at in kept] for row in table.rows]
    return table._replace(titles=[table.titles[at] for at in kept], rows=rows)


def position(table: Records, title: str, option: str) -> int:
    """The column of a title, in whatever letters.

    Raises InputError with the nearest for none, and where several of it have other cells.
    """
    wanted = title.strip()
    called = [i for i, own in enumerate(table.titles) if own == wanted] or [
        i for i, own in enumerate(table.titles) if own.casefold() == wanted.casefold()
    ]
    if called:
        refuse_same_title(table, called)
        return called[0]
    raise InputError(f"{table.path}: no column '{title}' for --{option}{_nearest(title, table)}")


def refuse_same_title(table: Records, columns: Sequence[int]) -> None:
    """Raise InputError where two columns have one title and other cells."""
    first: dict[str, int] = {}
    for at in columns:
        other = first.setdefault(table.titles[at], at)
        if table.column(other) != table.column(at):
            raise InputError(
                f"{table.path}: columns {other + 1} and {at + 1} are both called "
                f"'{table.titles[at]}', and say something else; give each a title of its own"
            )


def _nearest(title: str, table: Records) -> str:
    import difflib

    by_fold = {own.casefold(): own for own in table.titles}
    close = difflib.get_close_matches(title.strip().casefold(), by_fold, n=1)
    if close:
        return f"; did you mean '{by_fold[close[0]]}'?"
    return f"; it has {shortened(table.titles)}"


def _json_lines(path: Table) -> tuple[list[str], list[tuple[int, Row]]]:
    objects: list[tuple[int, dict[str, Any]]] = []
    with open_table(path) as file:
        for line, text in enumerate(file, 1):
            if not text.strip().strip(DOS_END.encode()):
                continue
            try:
                value = json.loads(text.decode("utf-8-sig"))
            except ValueError as cause:
                raise InputError(f"{path}: line {line} is no JSON: {cause}") from cause
            if not isinstance(value, dict):
                raise InputError(f"{path}: line {line} is no object of JSON: {{…}}")
            objects.append((line, value))
    titles = list(dict.fromkeys(title for _, value in objects for title in value))
    rows = [(line, [_cell(value.get(title)) for title in titles]) for line, value in objects]
    return titles, rows


def _json(path: Table) -> tuple[list[str], list[tuple[int, Row]], bool]:
    from diptych.sources.tables.json_tables import json_table

    table = json_table(path)
    rows = [(number, [_cell(cell) for cell in row]) for number, row in enumerate(table.rows, 1)]
    return list(table.titles), rows, table.headed


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parquet(path: Table) -> tuple[list[str], list[tuple[int, Row]]]:
    """The columns that are neither bytes nor made of others, which are no cells of a table."""
    import polars

    try:
        source = path if isinstance(path, Path) else io.BytesIO(path.read_bytes())
        is_feather = path.suffix.lower() == FEATHER
        frame = polars.read_ipc(source) if is_feather else polars.read_parquet(source)
    except (OSError, polars.exceptions.PolarsError) as cause:
        raise InputError(f"{path}: cannot be read: {str(cause).splitlines()[0]}") from cause
    simple = [
        title
        for title, kind in frame.schema.items()
        if not kind.is_nested() and kind != polars.Binary
    ]
    columns = [[_cell(_plain(cell)) for cell in frame[title].to_list()] for title in simple]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return simple, list(enumerate(rows, 1))


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else str(value)
