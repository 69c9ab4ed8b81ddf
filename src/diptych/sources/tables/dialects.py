"""How the rows of a table are written: what parts the columns, and where the rows begin."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from diptych.sources.endings import is_called_picture
from diptych.sources.tables.titles import is_file_title, is_label_title

DELIMITERS = ("\t", ";", "|", ",")
_LOOKED_AT = 40  # lines
_ENOUGH = 2**20  # letters: lines of pixels are long
# Excel's word on what parts the columns, as a line of its own.
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_QUOTED = re.compile('"[^"]*"')
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_REMARK = re.compile(r'"?\s*(#+|%+|//+)\s*')


class Dialect(NamedTuple):
    """How the rows of a table are written."""

    delimiter: str
    skipped: int = 0  # lines before the first row: "sep=;", empty ones, remarks, a heading
    first: tuple[str, ...] = ()  # the first row, where it is not as its line has it


def dialect_of(lines: Iterator[str]) -> Dialect:
    """How a table is written that begins with these lines, as they tell."""
    skipped, said, some = 0, None, list[str]()
    for line in lines:
        if not some and (not line.strip() or (sep := _SEPARATOR.fullmatch(line))):
            said = said or (sep[1] if line.strip() and sep else None)
            skipped += 1
            continue
        some.append(line)
        if len(some) >= _LOOKED_AT or sum(map(len, some)) > _ENOUGH:
            break
    delimiter = said or _delimiter(some)
    rows = _rows(some, delimiter)
    begin, marked = _begin(rows)
    if not rows:
        return Dialect(delimiter, skipped)
    skipped += rows[begin][0]
    body = [row for _, row in rows[begin:]]
    first = list(body[0])
    if marked:
        first[0] = _REMARK.sub("", first[0], count=1)
    first = _as_wide(first, body[1:])
    return Dialect(delimiter, skipped, () if first == body[0] else tuple(first))


def _rows(lines: Sequence[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """The rows that lines hold, each with the number of lines before it."""
    reader, rows, before = (
        csv.reader(lines, delimiter=delimiter, skipinitialspace=True),
        list[tuple[int, list[str]]](),
        0,
    )
    try:
        for row in reader:
            if row:
                rows.append((before, row))
            before = reader.line_num
    except csv.Error:  # for whoever reads all rows to say
        rows = rows or [(0, [lines[0]])]
    return rows


def _begin(rows: Sequence[tuple[int, list[str]]]) -> tuple[int, bool]:
    """Which row is the first, after remarks and a heading, and whether its titles are marked: #."""
    width = _usual_width([row for _, row in rows])
    at, remark = 0, -1
    while at < len(rows) - 1:
        row, after = rows[at][1], rows[at + 1][1]
        if _is_remark(row):
            remark = at
        elif not _is_heading(row, after, width):
            break
        at += 1
    else:
        return 0, False  # all lines are alike
    if remark == at - 1 >= 0 and _are_marked_titles(rows[remark][1], rows[at][1]):
        return remark, True
    return at, False


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def _is_remark(row: Sequence[str]) -> bool:
    """Whether a line is a word on the table: "# made by hand"; a column may be called "#"."""
    mark = _REMARK.match(row[0])
    return mark is not None and mark.end() < len(row[0]) and not any(map(_is_picture, row))


def _is_heading(row: Sequence[str], after: Sequence[str], width: int) -> bool:
    """Whether a row is no titles, but empty or a word above them."""
    filled = [cell for cell in row if cell.strip()]
    if width < 2 or len(filled) > 1:
        return False
    if not filled:
        return True
    # The title of the second column stands alone where the first has row names.
    alone = bool(row[0].strip()) and not _is_usual(filled[0]) and not _is_picture(filled[0])
    return alone and sum(bool(cell.strip()) for cell in after) != 1


def _are_marked_titles(remark: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a remark names the columns: "# file label"."""
    titles = [_REMARK.sub("", remark[0], count=1), *remark[1:]]
    if len(titles) != len(row) or any(map(_is_usual, row)):
        return False
    return len(row) > 1 or _is_usual(titles[0])


def _is_usual(title: str) -> bool:
    return is_label_title(title) or is_file_title(title)


def _is_picture(cell: str) -> bool:
    return is_called_picture(cell.strip())


def _as_wide(first: list[str], body: Sequence[list[str]]) -> list[str]:
    """The first row as wide as all others: R leaves out the title of row names, and programs end
    each row but the titles in a delimiter, or the titles alone."""
    if not body or any(len(row) != len(body[0]) for row in body[:-1]):
        return first
    width = len(body[0])
    if width == len(first) + 1:
        ends_empty = not any(row[-1].strip() for row in body if len(row) == width)
        return [*first, ""] if ends_empty else ["", *first]
    return first[:-1] if width == len(first) - 1 and not first[-1].strip() else first


def _delimiter(lines: Iterable[str]) -> str:
    """What parts the columns: the sign that is in the first line, and in those after it."""
    some = [_QUOTED.sub("", line) for line in islice(lines, _LOOKED_AT)]
    for line in some:
        if not _REMARK.match(line) and (sign := _delimiter_in(line)) and _is_usual_in(some, sign):
            return sign
    return (_delimiter_in(some[0]) if some else "") or ","


def _is_usual_in(lines: Sequence[str], sign: str) -> bool:
    """Whether most lines have a sign."""
    return 2 * sum(sign in line for line in lines) >= len(lines)


def _delimiter_in(line: str) -> str:
    """The sign that is most often in a line; "" where none is."""
    # Between digits a comma may be a decimal one, if there is something else to part columns.
    others = max(DELIMITERS[:-1], key=line.count)
    if line.count(others) and not _DECIMAL_COMMA.sub("", line).count(","):
        return others
    sign = max(reversed(DELIMITERS), key=line.count)
    return sign if sign in line else ""
