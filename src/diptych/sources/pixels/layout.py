"""What the columns of a pixel CSV mean, as its first lines tell."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diptych.data.pixel_format import NO_FORMAT, PixelFormat, Shape
from diptych.errors import InputError
from diptych.sources.meaning import Meaning
from diptych.sources.pixels.header import is_header, is_numbered_again
from diptych.sources.pixels.number_cells import (
    FEWEST,
    decimal_sign,
    kinds_of_columns,
    parse_numbers,
    refuse_thousands,
)
from diptych.sources.pixels.pixel_columns import Roles, roles_of
from diptych.sources.pixels.ranges import Range, agreed_range, extent_of, said_range
from diptych.sources.pixels.shapes import is_planar, parse_shape, refuse_shape, shape_of
from diptych.sources.tables.dialects import Dialect
from diptych.sources.tables.opening import Table, dialect, first_rows

SAMPLE_ROWS = 50  # rows that decide what the columns mean


class Layout(NamedTuple):
    """What the columns of a pixel CSV mean."""

    header: bool
    dialect: Dialect
    decimal: str  # what stands before decimals
    names: tuple[str, ...]  # what the columns are called in messages
    roles: Roles
    shape: Shape
    planar: bool  # all of red, then all of green, then all of blue
    ends: Range | None  # black and white; None where the first rows do not tell
    why: str  # why these, in messages; "" where the first rows told
    whole: bool  # the first rows' numbers are whole, and written so: 7 and not 7.0

    @property
    def shared(self) -> bool:
        """Whether all numbers of a picture stand in one cell."""
        return len(self.roles.pixels) == 1

    @property
    def first_line(self) -> int:
        """The line of the first row, as an editor counts them."""
        return 1 + self.dialect.skipped + self.header


def looks_like_pixels(path: Table) -> bool:
    """Whether a table holds numbers, many to a row, rather than names of files."""
    rows = first_rows(path, SAMPLE_ROWS)
    body = rows[1:] or rows
    width = len(rows[0])
    kinds = kinds_of_columns(body, width, decimal_sign(body))
    if "picture" in kinds:
        return True
    numbers = [i for i, kind in enumerate(kinds) if kind == "number"]
    return len(numbers) >= FEWEST and 2 * len(numbers) > width


def infer_layout(
    path: Table,
    meaning: Meaning | None = None,
    expected: PixelFormat = NO_FORMAT,
    *,
    labelled: bool = True,
) -> Layout:
    """The layout of a file: as was said, else as what came before, else as its first rows tell.

    It has labels, or may have some. Raises InputError where the first rows make no pictures.
    """
    meaning = meaning or Meaning()
    rows = first_rows(path, SAMPLE_ROWS)
    decimal = decimal_sign(rows[1:] or rows)
    width = len(rows[0])
    kinds = kinds_of_columns(rows[1:] or rows, width, decimal)
    header = is_header(rows[0], kinds, decimal)
    titles = tuple(rows[0]) if header else ()
    names = tuple(f"column {i + 1}" for i in range(width))
    if header:
        # Of titles that were pixels, none says anything.
        titles = names if is_numbered_again(titles) else titles
        names = titles
    body = rows[1:] if header else rows
    if not body:
        raise InputError(f"{path}: it has a header and no rows; add one for each picture")
    stated = parse_shape(meaning.shape) or expected.shape
    roles = roles_of(path, titles, kinds, body, meaning, stated, labelled)
    parted_by = dialect(path)
    first = 1 + parted_by.skipped + header
    refuse_thousands(path, (row[i] for row in body for i in roles.pixels if len(row) == width))
    numbers = np.array(_numbers(path, body, roles.pixels, names, decimal, first))
    shape = shape_of(numbers.shape[1], stated, coloured=roles.coloured)
    if shape is None:
        raise refuse_shape(path, numbers.shape[1], stated, meaning.shape)
    ends, why = said_range(meaning, expected)
    planar = expected.values.planar if expected.values else None
    if roles.coloured:
        planar = False
    elif planar is None:
        planar = shape[2] == 3 and is_planar(numbers, shape)
    return Layout(
        header,
        parted_by,
        decimal,
        names,
        roles,
        shape,
        planar,
        ends or agreed_range(extent_of(numbers)),
        why,
        _are_whole(body, roles.pixels),
    )


def _numbers(
    path: Table,
    rows: Sequence[Sequence[str]],
    pixels: Sequence[int],
    names: Sequence[str],
    decimal: str,
    first_line: int,
) -> list[list[float]]:
    """The numbers of the first rows, equally many in each."""
    numbers: list[list[float]] = []
    for line, row in enumerate(rows, first_line):
        numbers.append(parse_numbers(path, row, pixels, names, decimal, line))
        if len(numbers[-1]) != len(numbers[0]):
            raise InputError(
                f"{path}: line {line} has {len(numbers[-1]):,} numbers, "
                f"those before {len(numbers[0]):,}"
            )
    return numbers


def _are_whole(rows: Sequence[Sequence[str]], pixels: Sequence[int]) -> bool:
    return all(
        number.strip().isdigit() for row in rows for i in pixels for number in row[i].split()
    )
