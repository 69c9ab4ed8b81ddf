"""The rows of a pixel CSV as pixels, in blocks of lines: a file may be larger than the memory.

A block is decompressed while the one before it is parsed: whole numbers by `whole_numbers`, all
else by polars. What neither can read is read again number by number, to say what is wrong.
"""

import csv
import io
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.images.preprocess import Pixels
from diptych.sources.pixels.layout import Layout
from diptych.sources.pixels.number_cells import numbers_in, parse_numbers
from diptych.sources.pixels.ranges import BYTES, Extent, Range, extent_of, levels, outside
from diptych.sources.pixels.whole_numbers import whole_numbers
from diptych.sources.tables.opening import DOS_END, Table, decoded, open_table

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
Numbers = npt.NDArray[Any]

_DOS_END = DOS_END.encode()
BLOCK = 4 * 2**20  # bytes of text
_NAMES = [str(number) for number in range(256)]


class NotInRange(InputError):
    """A number that is darker than black or brighter than white."""


@dataclass(frozen=True)
class Block:
    """Some rows, in the order of the file."""

    lines: range  # as an editor counts them
    words: Mapping[int, list[str]]  # the cells of columns that hold no pixels
    numbers: Numbers  # (N, H·W·C), as they are written

    def pixels(self, layout: Layout, ends: Range) -> Pixels:
        """The pictures (N, H, W, C), where two numbers are black and white."""
        height, width, channels = layout.shape
        values = levels(self.numbers, ends)
        if layout.planar:
            return values.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
        return values.reshape(-1, height, width, channels)


def blocks(path: Table, layout: Layout) -> Generator[Block, None, None]:
    """The rows in order; while a block is used, the next is parsed and the one after it read.

    Raises InputError for what is no number, and NotInRange, both naming the line and the column.
    """
    with open_table(path) as file:
        for _ in range(layout.first_line - 1):
            file.readline()
        yield from _ahead(_blocks_of(path, _ahead(_texts(file)), layout))


def whole_extent(path: Table, layout: Layout) -> Extent:
    """The least and the greatest number of a file, whatever is black and white."""
    every_block = blocks(path, layout._replace(ends=(-np.inf, np.inf)))
    return reduce(or_, (extent_of(block.numbers) for block in every_block))


def _ahead(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same items, each made in another thread while the one before it is used.

    They are closed here, whatever happens: to wait for a thread where garbage is collected, which
    may be anywhere, can wait without end.
    """
    end = object()
    with closing(items), ThreadPoolExecutor(1) as other:
        coming = other.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = other.submit(next, items, end)
            yield item  # type: ignore[misc]


def _blocks_of(
    path: Table, texts: Generator[bytes, None, None], layout: Layout
) -> Generator[Block, None, None]:
    line = layout.first_line
    with closing(texts):
        for text in texts:
            block = _whole_number_block(text, layout, line)
            block = block or _polars_block(path, text, layout, line)
            yield block
            line = block.lines.stop


def _texts(file: IO[bytes]) -> Generator[bytes, None, None]:
    """The rest of a file, cut at ends of lines."""
    rest = b""
    while data := file.read(BLOCK):
        data = _without_dos_end(rest + data)
        end = data.rfind(b"\n") + 1
        if end:
            yield data[:end]
        rest = data[end:]
    if rest.strip():
        yield rest


def _without_dos_end(data: bytes) -> bytes:
    """The bytes without the mark of the end that old editors leave, where nothing follows it."""
    at = data.rfind(_DOS_END)
    return data[:at] if at >= 0 and not data[at:].strip(_DOS_END + b" \r\n") else data


def _whole_number_block(text: bytes, layout: Layout, line: int) -> Block | None:
    """Rows of whole numbers alone; None where something else is among them."""
    if not layout.whole or layout.shared or layout.roles.texts:
        return None
    values = whole_numbers(text, len(layout.names), layout.dialect.delimiter)
    if values is None:
        return None
    pixels = layout.roles.pixels
    together = pixels == tuple(range(pixels[0], pixels[-1] + 1))
    numbers = values[:, pixels[0] : pixels[-1] + 1] if together else values[:, pixels]
    numbers = np.ascontiguousarray(numbers)  # here, where others need not wait for it
    if layout.ends != BYTES and _is_outside(numbers, layout):
        return None
    words = {i: [_NAMES[v] for v in values[:, i]] for i in layout.roles.words}
    return Block(range(line, line + len(values)), words, numbers)


def _polars_block(path: Table, text: bytes, layout: Layout, line: int) -> Block:
    """Rows of any numbers; raises InputError for what is none."""
    frame = _frame(path, text, layout, line)
    cells = frame.select(map(str, layout.roles.pixels))
    if sum(cells.null_count().row(0)):
        _complain(path, text, layout, line)
    if layout.shared:
        numbers: Numbers = _shared(path, cells.to_series().to_list(), layout, line)
    else:
        numbers = cells.to_numpy()
    if len(numbers) and _is_outside(numbers, layout):
        _complain(path, text, layout, line)
    words = {i: frame[str(i)].fill_null("").to_list() for i in layout.roles.words}
    return Block(range(line, line + len(frame)), words, numbers)


def _is_outside(numbers: Numbers, layout: Layout) -> bool:
    """Whether a number is out of range, or none at all."""
    ends = layout.ends or BYTES
    return bool(outside(np.array([numbers.min(), numbers.max()]), ends).any())


def _frame(path: Table, text: bytes, layout: Layout, line: int) -> "pl.DataFrame":
    """Lines of a table, its columns called "0", "1", …; what is no number there is null."""
    import polars as pl

    roles = layout.roles
    schema: dict[str, Any] = dict.fromkeys(map(str, range(len(layout.names))), pl.String)
    as_text = layout.shared or layout.decimal != "."
    # What begins with whole numbers may go on with others.
    kinds = [pl.String] if as_text else [pl.UInt8] * layout.whole + [pl.Float32]
    # Empty lines at the end are no rows.
    text = text.rstrip(b"\r\n") + b"\n"
    if not text.isascii():
        text = decoded(text).encode()
    for kind in kinds:
        schema |= {str(i): kind for i in roles.pixels}
        try:
            frame = pl.read_csv(
                io.BytesIO(text),
                has_header=False,
                separator=layout.dialect.delimiter,
                schema=schema,
            )
            break
        except pl.exceptions.PolarsError as error:
            cause = error
    else:
        _complain(path, text, layout, line)
        said = str(cause).splitlines()[0]
        raise InputError(f"{path}: from line {line} on it cannot be read ({said})") from cause
    if layout.decimal != "." and not layout.shared:
        points = pl.col(*map(str, roles.pixels)).str.replace(",", ".", literal=True)
        frame = frame.with_columns(points.cast(pl.Float32, strict=False))
    return frame


def _shared(path: Table, cells: list[str], layout: Layout, line: int) -> npt.NDArray[np.float32]:
    """Numbers that share a cell."""
    count = int(np.prod(layout.shape))
    rows = []
    name = layout.names[layout.roles.pixels[0]]
    for at, cell in enumerate(cells, line):
        try:
            row = np.array(numbers_in(cell, layout.decimal), np.float32)
        except ValueError as cause:
            raise InputError(f"{path}: line {at}, {name}: {cause}") from cause
        if len(row) != count:
            raise InputError(f"{path}: line {at} has {len(row):,} numbers, not {count:,}")
        rows.append(row)
    return np.stack(rows)


def _complain(path: Table, text: bytes, layout: Layout, line: int) -> None:
    """Raise the InputError that says what is wrong in these lines, if it can be found."""
    pixels, low_high = layout.roles.pixels, layout.ends or BYTES
    rows = csv.reader(io.StringIO(decoded(text)), delimiter=layout.dialect.delimiter)
    for at, row in enumerate(rows, line):
        numbers = np.array(parse_numbers(path, row, pixels, layout.names, layout.decimal, at))
        wrong = outside(numbers, low_high)
        if wrong.any():
            i = int(wrong.argmax())
            name = layout.names[pixels[0 if layout.shared else i]]
            low, high = low_high
            raise NotInRange(
                f"{path}: line {at}, {name}: {numbers[i]:g} is not among {low:g} to {high:g}"
            )
