"""Pictures as rows of numbers: MNIST, Fashion-MNIST, FER2013 and their like.

The file is read in blocks of lines, so it may be larger than the memory: a block is decompressed
while the one before it is parsed (by polars) and put into the cache of pixels. What the columns
mean is decided once, from the first lines.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from diptych.dataset import Dataset, Sample, Shape
from diptych.decoding import pixel_store
from diptych.errors import InputError
from diptych.preprocess import Pixels
from diptych.sources.columns import LABELS, SPLITS, column, is_number, part_of
from diptych.sources.opening import delimiter, first_rows, opened
from diptych.sources.whole_numbers import whole_numbers

T = TypeVar("T")

BLOCK = 4 * 2**20  # bytes of text
LOOK = 50  # rows that decide what the columns mean
IDS = ("", "id", "index", "imageid", "image_id")
RANGES = {"0-255": 255.0, "0-1": 1.0, "0-16": 16.0}
_NUMBERED = re.compile(r"\D*\d+(\D+\d+)?")


class Layout(NamedTuple):
    """What the columns of a pixel CSV mean."""

    header: bool
    delimiter: str
    names: tuple[str, ...]  # what the columns are called in messages
    label: int | None
    part: int | None
    pixels: tuple[int, ...]  # the columns of numbers; one where they share a cell
    shape: Shape
    planar: bool  # all of red, then all of green, then all of blue
    most: float  # the number that means white
    whole: bool  # all numbers are whole, and written so: 7 and not 7.0

    @property
    def shared(self) -> bool:
        """Whether all numbers of a picture stand in one cell, parted by spaces."""
        return len(self.pixels) == 1


@dataclass(frozen=True)
class Block:
    """Some rows, in the order of the file."""

    lines: range  # as an editor counts them
    labels: list[str]
    parts: list[str]
    pixels_NHWC: Pixels


def looks_like_pixels(path: Path) -> bool:
    """Whether a table holds numbers, many to a row, rather than names of files."""
    rows = first_rows(path, LOOK)
    body = rows[1:] or rows
    if column(rows[0], ("pixels",)) is not None:
        return True
    numbers = [sum(map(is_number, row)) for row in body]
    many = sum(n >= 9 and n > 0.8 * len(row) for n, row in zip(numbers, body, strict=True))
    return 2 * many > len(body)


def read_pixel_csv(path: Path, shape: str | None = None, value_range: str | None = None) -> Dataset:
    """Every row as a sample whose pixels are in the cache; `note` says what was inferred.

    `shape` is "HxW" or "HxWxC", `value_range` one of "0-255", "0-1" and "0-16". Raises InputError
    naming the line and the column of what cannot be read.
    """
    layout = _layout(path, shape, value_range)
    if layout.label is None:
        raise InputError(
            f"{path}: no column of labels among {len(layout.names)}; "
            f"call it one of {', '.join(LABELS)}"
        )
    store = pixel_store(layout.shape)
    height, width, _ = layout.shape
    facts = {"reason": "", "detail": "", "width": width, "height": height, "format": "pixels"}
    found: list[tuple[str, str, str, str]] = []
    for block in _blocks(path, layout):
        digests = [_digest(row, layout.shape) for row in block.pixels_NHWC]
        new = {digest: i for i, digest in enumerate(digests) if digest not in store}
        if new:
            chosen = slice(None) if len(new) == len(digests) else list(new.values())
            store.add_block(list(new), block.pixels_NHWC[chosen], facts)
        names = (f"{path.name}:{line}" for line in block.lines)
        found += zip(names, block.labels, block.parts, digests, strict=True)
    classes = _classes(path, layout, [label for _, label, _, _ in found])
    if len(set(classes.values())) == 1 and not layout.header:
        raise InputError(
            f"{path}: every label in {layout.names[layout.label]} is {next(iter(classes))!r}; "
            "give the file a header that calls the column of labels 'label'"
        )
    samples = [
        Sample(name, classes[label], path, part, digest=digest)
        for name, label, part, digest in found
    ]
    return Dataset(
        path,
        _sorted(classes.values()),
        tuple(samples),
        (),
        layout.shape,
        _note(path, layout, found),
    )


def read_pixels(path: Path, shape: Shape) -> Iterator[tuple[list[str], Pixels]]:
    """Names and pixels (N, *shape) of a file with or without labels, some rows at a time.

    Raises InputError where its pictures have another shape.
    """
    layout = _layout(path, "x".join(map(str, shape)), None)
    for block in _blocks(path, layout):
        yield [f"{path.name}:{line}" for line in block.lines], block.pixels_NHWC


def _note(path: Path, layout: Layout, found: Sequence[object]) -> str:
    assert layout.label is not None
    height, width, channels = layout.shape
    order = "" if channels == 1 else " planar" if layout.planar else " interleaved"
    return (
        f"{path.name}: {len(found):,} pictures of {height}×{width}×{channels}{order}, "
        f"labels in {layout.names[layout.label]}, values 0–{layout.most:g}"
    )


def _digest(row: Pixels, shape: Shape) -> str:
    return hashlib.sha256(b"%d %d %d " % shape + row.tobytes()).hexdigest()


def _classes(path: Path, layout: Layout, labels: list[str]) -> dict[str, str]:
    """What each label in the file is called: whole numbers lose their ".0"."""
    assert layout.label is not None
    different = sorted(set(labels))
    name = layout.names[layout.label]
    if all(is_number(label) for label in different):
        values = {label: float(label) for label in different}
        if odd := next((label for label, v in values.items() if v != int(v)), None):
            raise InputError(
                f"{path}: {name} looks continuous ('{odd}'); a label is a class, not an amount"
            )
        named = {label: str(int(value)) for label, value in values.items()}
    else:
        named = {label: label.strip() for label in different}
    if len(different) > max(20, len(labels) // 2):
        raise InputError(
            f"{path}: {name} has {len(different):,} different values in {len(labels):,} rows; "
            "it looks continuous, and no class to learn"
        )
    return named


def _sorted(classes: Any) -> tuple[str, ...]:
    """Numbers by their size, else as text."""
    different = set(classes)
    numbers = all(is_number(name) for name in different)
    return tuple(sorted(different, key=(lambda name: float(name)) if numbers else None))


def _layout(path: Path, shape: str | None, value_range: str | None) -> Layout:
    rows = first_rows(path, LOOK)
    header = sum(map(is_number, rows[0])) * 2 < len(rows[0])
    names = tuple(rows[0]) if header else tuple(f"column {i + 1}" for i in range(len(rows[0])))
    body = rows[1:] if header else rows
    if not body:
        raise InputError(f"{path}: it has a header and no rows; add one for each picture")
    titles = names if header else ()
    part = column(titles, SPLITS)
    together = column(titles, ("pixels",))
    ignored = {i for i, name in enumerate(titles) if name.strip().lower() in IDS} | {part, together}
    label = column(titles, LABELS)
    left = [i for i in range(len(names)) if i not in ignored and i != label]
    stated = _stated(shape)
    if together is not None:
        label = label if label is not None else (left[0] if left else None)
        pixels: tuple[int, ...] = (together,)
        count = len(body[0][together].split())
    else:
        if label is None and _shape(len(left), stated) is None:
            label = _unnamed_label(path, left, titles)
            left = [i for i in left if i != label]
        pixels, count = tuple(left), len(left)
    found = _shape(count, stated)
    if found is None:
        what = f"picture of {shape}" if stated else "square picture; say it with --shape HxWxC"
        raise InputError(f"{path}: {count:,} numbers a row are no {what}")
    sample = _numbers(path, body, pixels, names, 2 if header else 1)
    most, whole = _most(path, sample, value_range), _are_whole(body, pixels)
    planar = found[2] == 3 and _is_planar(sample, found)
    return Layout(header, delimiter(path), names, label, part, pixels, found, planar, most, whole)


def _unnamed_label(path: Path, left: Sequence[int], titles: Sequence[str]) -> int | None:
    """The first or the last column, whichever is less like a pixel, by all rows of the file.

    A file may be sorted by its labels: the first rows alone would not tell.
    """
    if len(left) < 2:
        return None
    counts = _counted(path, (left[0], left[-1]), bool(titles))

    def unlike_a_pixel(i: int) -> tuple[bool, bool, bool, float]:
        cells = counts[i]
        text = not all(map(is_number, cells))
        named = bool(titles) and not _NUMBERED.fullmatch(titles[i].strip())
        whole = all(float(cell).is_integer() for cell in cells if is_number(cell))
        return text, named, whole, _evenness(cells)

    return max((left[0], left[-1]), key=unlike_a_pixel)


def _counted(path: Path, columns: Sequence[int], header: bool) -> dict[int, Counter[str]]:
    """How often each cell of some columns occurs."""
    counts = {i: Counter[str]() for i in columns}
    with opened(path) as file:
        lines = (line.decode("utf-8-sig", "replace") for line in file)
        for row in islice(csv.reader(lines, delimiter=delimiter(path)), int(header), None):
            for i in columns:
                if i < len(row):
                    counts[i][row[i].strip()] += 1
    return counts


def _evenness(counts: Counter[str]) -> float:
    """High where a column has few values that are all frequent, as labels are.

    A corner of a picture has many values, or one that outweighs all others, or only that.
    """
    if len(counts) < 2:
        return 0.0
    shares = np.array(list(counts.values())) / counts.total()
    perplexity = float(np.exp(-(shares * np.log(shares)).sum()))
    return (perplexity / len(counts)) ** 2 / len(counts)


def _stated(shape: str | None) -> Shape | None:
    if shape is None:
        return None
    sides = shape.lower().replace("×", "x").split("x")
    if len(sides) not in (2, 3) or not all(side.isdigit() and int(side) for side in sides):
        raise InputError(f"--shape {shape}: write it as HxW or HxWxC, such as 28x28 or 32x32x3")
    height, width, channels = (*map(int, sides), 1)[:3]
    if channels not in (1, 3):
        raise InputError(f"--shape {shape}: a picture has 1 or 3 channels, not {channels}")
    return height, width, channels


def _shape(count: int, stated: Shape | None) -> Shape | None:
    """The shape of so many numbers: square, grey before colour; None where there is none."""
    if stated:
        return stated if int(np.prod(stated)) == count else None
    for channels in (1, 3):
        side = round((count / channels) ** 0.5)
        if side * side * channels == count and side >= 3:
            return side, side, channels
    return None


def _numbers(
    path: Path,
    rows: Sequence[Sequence[str]],
    pixels: Sequence[int],
    names: Sequence[str],
    first_line: int,
) -> npt.NDArray[np.float64]:
    """The numbers of some rows, one by one: the slow way that can say what is wrong and where."""
    out: list[list[float]] = []
    for line, row in enumerate(rows, first_line):
        if len(row) != len(names):
            raise InputError(
                f"{path}: line {line} has {len(row):,} columns, the first line {len(names):,}"
            )
        cells = row[pixels[0]].split() if len(pixels) == 1 else [row[i] for i in pixels]
        where = [names[pixels[0]]] * len(cells) if len(pixels) == 1 else [names[i] for i in pixels]
        if out and len(cells) != len(out[0]):
            raise InputError(
                f"{path}: line {line} has {len(cells):,} numbers, those before {len(out[0]):,}"
            )
        for cell, name in zip(cells, where, strict=True):
            if not is_number(cell):
                what = f"'{cell}' is not a number" if cell.strip() else "is empty"
                raise InputError(f"{path}: line {line}, {name}: {what}")
        out.append([float(cell) for cell in cells])
    return np.array(out)


def _most(path: Path, sample: npt.NDArray[np.float64], value_range: str | None) -> float:
    """The number that means white."""
    if value_range is not None:
        if value_range not in RANGES:
            raise InputError(f"--range {value_range}: it has {', '.join(RANGES)}")
        return RANGES[value_range]
    top = sample.max()
    return next((most for most in (1.0, 16.0, 255.0) if top <= most), 255.0)


def _are_whole(rows: Sequence[Sequence[str]], pixels: Sequence[int]) -> bool:
    return all(
        number.strip().isdigit() for row in rows for i in pixels for number in row[i].split()
    )


def _is_planar(sample: npt.NDArray[np.float64], shape: Shape) -> bool:
    """Whether neighbours are more alike when the colours are read one after the other."""
    height, width, channels = shape
    interleaved = sample.reshape(-1, height, width, channels)
    planar = sample.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    rough = [np.abs(np.diff(x, axis=axis)).mean() for x in (interleaved, planar) for axis in (1, 2)]
    return bool(rough[2] + rough[3] < rough[0] + rough[1])


def _blocks(path: Path, layout: Layout) -> Iterator[Block]:
    """The rows in order; while a block is used, the next is parsed and the one after it read."""
    with opened(path) as file:
        if layout.header:
            file.readline()
        yield from _ahead(_parsed_all(path, _ahead(_texts(file)), layout))


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made in another thread while the one before it is used."""
    end = object()
    with ThreadPoolExecutor(1) as other:
        coming = other.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = other.submit(next, items, end)
            yield item  # type: ignore[misc]


def _parsed_all(path: Path, texts: Iterator[bytes], layout: Layout) -> Iterator[Block]:
    line = 2 if layout.header else 1
    for text in texts:
        block = _quickly(text, layout, line) or _parsed(path, text, layout, line)
        yield block
        line = block.lines.stop


def _texts(file: IO[bytes]) -> Iterator[bytes]:
    """The rest of a file, cut at ends of lines."""
    kept = b""
    while data := file.read(BLOCK):
        data = kept + data
        end = data.rfind(b"\n") + 1
        if end:
            yield data[:end]
        kept = data[end:]
    if kept.strip():
        yield kept


def _quickly(text: bytes, layout: Layout, line: int) -> Block | None:
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


_NAMES = [str(number) for number in range(256)]


def _parsed(path: Path, text: bytes, layout: Layout, line: int) -> Block:
    import polars as pl

    pixel = pl.String if layout.shared else pl.UInt8 if layout.whole else pl.Float32
    schema: dict[str, Any] = dict.fromkeys(map(str, range(len(layout.names))), pl.String)
    schema |= {str(i): pixel for i in layout.pixels}
    try:
        frame = pl.read_csv(
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
    chosen = frame.select(map(str, layout.pixels))
    if sum(chosen.null_count().row(0)):
        _complain(path, text, layout, line)
    n = len(frame)
    if layout.shared:
        values = _shared(path, chosen.to_series().to_list(), layout, line)
    else:
        values = chosen.to_numpy()
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
        found = _numbers(path, [row], layout.pixels, layout.names, at)[0]
        wrong = (found < 0) | (found > layout.most)
        fraction = layout.whole & (found != np.rint(found))
        if (wrong | fraction).any():
            i = int((wrong | fraction).argmax())
            name = layout.names[layout.pixels[0 if layout.shared else i]]
            hint = "; say what means white with --range" if wrong[i] else ""
            where = f"0 to {layout.most:g}" if wrong[i] else "the whole numbers before it"
            raise InputError(f"{path}: line {at}, {name}: {found[i]:g} is not among {where}{hint}")
