"""The rows of a pixel CSV as pixels, in blocks of lines: a file may be larger than the memory.

A block is decompressed while the one before it is parsed: whole numbers by `whole_numbers`, all
else by polars. What neither can read is read again number by number, to say what is wrong.
"""

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.images.preprocess import Pixels
from diptych.sources.parts import part_of
from diptych.sources.pixels.layout import Layout, parse_numbers
from diptych.sources.pixels.whole_numbers import whole_numbers
from diptych.sources.tables.opening import open_table

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

BLOCK = 4 * 2**20  # bytes of text
_NAMES = [str(number) for number in range(256)]


@dataclass(frozen=True)
class Block:
    """Some rows, in the order of the file."""

    lines: range  # as an editor counts them
    labels: list[str]
    parts: list[str]
    pixels_NHWC: Pixels


def blocks(path: Path, layout: Layout) -> Iterator[Block]:
    """The rows in order; while a block is used, the next is parsed and the one after it read."""
    with open_table(path) as file:
        if layout.header:
            file.readline()
        yield from _ahead(_blocks_of(path, _ahead(_texts(file)), layout))


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made in another thread while the one before it is used."""
    end = object()
    with ThreadPoolExecutor(1) as other:
        coming = other.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = other.submit(next, items, end)
            yield item  # type: ignore[misc]


def _blocks_of(path: Path, texts: Iterator[bytes], layout: Layout) -> Iterator[Block]:
    line = 2 if layout.header else 1
    for text in texts:
        block = _whole_number_block(text, layout, line) or _polars_block(path, text, layout, line)
        yield block
        line = block.lines.stop


def _texts(file: IO[bytes]) -> Iterator[bytes]:
    """The rest of a file, cut at ends of lines."""
    rest = b""
    while data := file.read(BLOCK):
        data = rest + data
        end = data.rfind(b"\n") + 1
        if end:
            yield data[:end]
        rest = data[end:]
    if rest.strip():
        yield rest


def _whole_number_block(text: bytes, layout: Layout, line: int) -> Block | None:
    """Rows of whole numbers alone; None where something else is among them."""
    if not layout.whole or layout.shared or layout.part is not None:
        return None
    values = whole_numbers(text, len(layout.names), layout.delimiter)
    if values is None:
        return None
    first, last = layout.pixels[0], layout.pixels[-1]
    together = len(layout.pixels) == last - first + 1
    pixels = values[:, first : last + 1] if together else values[:, layout.pixels]
    if pixels.max() > layout.most:
        return None
    n = len(values)
    labels = [""] * n if layout.label is None else [_NAMES[v] for v in values[:, layout.label]]
    levels = np.ascontiguousarray(_levels(pixels, layout))
    return Block(range(line, line + n), labels, [""] * n, levels)


def _polars_block(path: Path, text: bytes, layout: Layout, line: int) -> Block:
    """Rows of any numbers; raises InputError for what is none."""
    frame = _frame(path, text, layout, line)
    cells = frame.select(map(str, layout.pixels))
    if sum(cells.null_count().row(0)):
        _complain(path, text, layout, line)
    n = len(frame)
    if layout.shared:
        values = _shared(path, cells.to_series().to_list(), layout, line)
    else:
        values = cells.to_numpy()
    if n and not 0 <= values.min() <= values.max() <= layout.most:
        _complain(path, text, layout, line)
    labels, parts = (
        [""] * n if i is None else frame[str(i)].fill_null("").to_list()
        for i in (layout.label, layout.part)
    )
    part_names = {
        part: part_of(part, f"{path}: line {line + parts.index(part)}") for part in set(parts)
    }
    if layout.label is not None and "" in labels:
        where = f"line {line + labels.index('')}, {layout.names[layout.label]}"
        raise InputError(f"{path}: {where}: the label is empty")
    pixels = _levels(values, layout)
    return Block(range(line, line + n), labels, [part_names[part] for part in parts], pixels)


def _frame(path: Path, text: bytes, layout: Layout, line: int) -> "pl.DataFrame":
    """Lines of a table, its columns called "0", "1", …; what is no number there is null."""
    import polars as pl

    pixel = pl.String if layout.shared else pl.UInt8 if layout.whole else pl.Float32
    schema: dict[str, Any] = dict.fromkeys(map(str, range(len(layout.names))), pl.String)
    schema |= {str(i): pixel for i in layout.pixels}
    try:
        return pl.read_csv(
            # Empty lines at the end are no rows.
            io.BytesIO(text.rstrip(b"\r\n") + b"\n"),
            has_header=False,
            separator=layout.delimiter,
            schema=schema,
        )
    except pl.exceptions.PolarsError as cause:
        _complain(path, text, layout, line)
        said = str(cause).splitlines()[0]
        hint = "; save it as UTF-8" if "utf-8" in said else ""
        raise InputError(f"{path}: from line {line} on it cannot be read ({said}){hint}") from cause


def _shared(path: Path, cells: list[str], layout: Layout, line: int) -> npt.NDArray[Any]:
    """Numbers that share a cell, parted by spaces."""
    count = int(np.prod(layout.shape))
    rows = []
    for at, cell in enumerate(cells, line):
        try:
            row = np.array(cell.split(), np.float32)
        except ValueError as cause:
            raise InputError(f"{path}: line {at}, pixels: {cause}") from cause
        if len(row) != count:
            raise InputError(f"{path}: line {at} has {len(row):,} numbers, not {count:,}")
        rows.append(row)
    return np.stack(rows)


def _levels(values: npt.NDArray[Any], layout: Layout) -> Pixels:
    """Numbers (N, H·W·C) as levels (N, H, W, C)."""
    height, width, channels = layout.shape
    if layout.most != 255 or values.dtype != np.uint8:
        values = np.rint(values * np.float32(255 / layout.most)).astype(np.uint8)
    if layout.planar:
        return values.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    return values.reshape(-1, height, width, channels)


def _complain(path: Path, text: bytes, layout: Layout, line: int) -> None:
    """Raise the InputError that says what is wrong in these lines, if it can be found."""
    rows = csv.reader(io.StringIO(text.decode("utf-8", "replace")), delimiter=layout.delimiter)
    for at, row in enumerate(rows, line):
        numbers = parse_numbers(path, [row], layout.pixels, layout.names, at)[0]
        wrong = (numbers < 0) | (numbers > layout.most)
        fraction = layout.whole & (numbers != np.rint(numbers))
        if (wrong | fraction).any():
            i = int((wrong | fraction).argmax())
            name = layout.names[layout.pixels[0 if layout.shared else i]]
            hint = "; say what means white with --range" if wrong[i] else ""
            where = f"0 to {layout.most:g}" if wrong[i] else "the whole numbers before it"
            raise InputError(
                f"{path}: line {at}, {name}: {numbers[i]:g} is not among {where}{hint}"
            )
