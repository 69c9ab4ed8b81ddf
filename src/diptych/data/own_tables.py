"""Tables that Diptych writes and people edit, read again: plan.csv, audit.csv, splits.csv."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from diptych.errors import InputError


def read_table(
    path: Path, needed: Iterable[str], *, what: str, advice: str
) -> list[dict[str, str]]:
    """The rows of a CSV file, each cell by its title in small letters; there may be none.

    Bytes that are no UTF-8 are kept, as in names of files. Raises InputError where the file cannot
    be read or lacks a column that is needed: it is not `what` it should be, and the `advice` says
    what to do.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as cause:
        raise InputError(f"{path}: cannot be read ({cause.strerror})") from cause
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        titles = [title.strip().lower() for title in next(lines, ())]
        rows = [
            dict.fromkeys(titles, "") | dict(zip(titles, cells, strict=False))
            for cells in lines
            if cells
        ]
    except csv.Error as cause:
        raise InputError(f"{path}: not {what} ({cause}); {advice}") from cause
    if missing := [title for title in needed if title not in titles]:
        raise InputError(f"{path}: not {what}, it has no column '{missing[0]}'; {advice}")
    return rows


def _delimiter(text: str) -> str:
    """Spreadsheets of some countries write semicolons, others tabs."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)
