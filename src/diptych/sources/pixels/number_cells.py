"""Numbers as people write them into cells: with a point or a comma, one or many to a cell."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from diptych.errors import InputError
from diptych.sources.tables.cells import is_number

FEWEST = 9  # numbers make a picture, of 3×3
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+(?:[eE][-+]?\d+)?\s*")
# 4.095 and 1,024, where other numbers have no sign at all.
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
# What stands between numbers that share a cell, and around them.
_BETWEEN = str.maketrans("[](){},;|", "         ")


def decimal_sign(rows: Iterable[Sequence[str]]) -> str:
    """What stands before the decimals in some rows: a point, or a comma as in 0,25."""
    cells = [cell for row in rows for cell in row if "," in cell or "." in cell]
    commas = sum(map(bool, map(_DECIMAL_COMMA.fullmatch, cells)))
    points = sum("." in cell and is_number(cell) for cell in cells)
    return "," if commas > points else "."


def with_point(cell: str, decimal: str) -> str:
    """A number as Python reads it, where `decimal` stands before its decimals."""
    if decimal == "." or not _DECIMAL_COMMA.fullmatch(cell):
        return cell
    return cell.replace(",", ".")


def refuse_thousands(path: object, cells: Iterable[str]) -> None:
    """Raise InputError where numbers have a sign between thousands: 819 and 4.095.

    Programs that write three decimals write them of all numbers, also of those below 1.
    """
    different = {cell.strip() for cell in cells}
    signed = sorted(cell for cell in different if not cell.isdecimal())
    if not signed or len(signed) == len(different) or not all(map(_THOUSANDS.fullmatch, signed)):
        return
    cell = signed[-1]
    whole = cell.replace(".", "").replace(",", "")
    raise InputError(
        f"{path}: '{cell}' beside whole numbers looks like {whole} with a sign between thousands; "
        f"write {whole}, or decimals of all numbers"
    )


def numbers_in(cell: str, decimal: str) -> list[str]:
    """The numbers that share a cell, parted by spaces, commas and the like: 0 12 7, [0, 12, 7]."""
    if decimal == ",":
        cell = cell.replace(",", ".")
    return cell.translate(_BETWEEN).split()


def kinds_of_columns(rows: Sequence[Sequence[str]], width: int, decimal: str) -> list[str]:
    """What most cells of each column are: "number", "picture" (many numbers), "text" or "empty"."""
    # Where no row is as long as the first line, that is what will be said of them.
    whole = [row for row in rows if len(row) == width] or [row for row in rows if len(row) > width]
    return [_kind([row[i] for row in whole], decimal) for i in range(width)]


def kind_of_cell(cell: str, decimal: str) -> str:
    """Whether a cell is a "number", a "picture" (many numbers) or "text"."""
    if is_number(with_point(cell, decimal)):
        return "number"
    parts = numbers_in(cell, decimal)
    return "picture" if len(parts) >= FEWEST and all(map(is_number, parts)) else "text"


def _kind(cells: Sequence[str], decimal: str) -> str:
    if cells and all(map(str.isdecimal, cells)):
        return "number"  # as almost all are: to look at each would take its time
    kinds = Counter(kind_of_cell(cell, decimal) for cell in cells if cell.strip())
    return kinds.most_common(1)[0][0] if kinds else "empty"


def parse_numbers(
    path: object, row: Sequence[str], pixels: Sequence[int], names: Sequence[str], decimal: str,
    line: int,
) -> list[float]:  # fmt: skip
    """The numbers of a row, one by one: the slow way that can say what is wrong and where."""
    if len(row) != len(names):
        raise InputError(
            f"{path}: line {line} has {len(row):,} columns, the first line {len(names):,}"
        )
    shared = len(pixels) == 1
    cells = numbers_in(row[pixels[0]], decimal) if shared else [row[i] for i in pixels]
    numbers = []
    for at, cell in enumerate(cells):
        number = with_point(cell, decimal)
        if not is_number(number):
            what = f"'{cell}' is not a number" if cell.strip() else "is empty"
            name = names[pixels[0 if shared else at]]
            raise InputError(f"{path}: line {line}, {name}: {what}")
        numbers.append(float(number))
    return numbers
