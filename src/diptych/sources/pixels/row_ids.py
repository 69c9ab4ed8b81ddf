"""What rows of a table of pixels are called by one of its columns, to hand in answers for them."""

from diptych.sources.tables.opening import Table, numbered_rows
from diptych.sources.tables.titles import column


def row_ids(path: Table, title: str) -> dict[str, str]:
    """The cell of the column of such a title by what its row is called in answers: new.csv:2.

    There is none where no column is called so. Raises InputError for what is no text.
    """
    rows = numbered_rows(path)
    _, titles = next(rows, (1, list[str]()))
    at = column(titles, (title.strip().lower(),))
    if at is None:
        return {}
    return {f"{path.name}:{line}": row[at].strip() for line, row in rows if at < len(row)}
