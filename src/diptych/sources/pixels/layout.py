"""What the columns of a pixel CSV mean, as its first lines tell."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Shape
from diptych.errors import InputError
from diptych.sources.tables.columns import LABELS, SPLITS, column, is_number
from diptych.sources.tables.opening import delimiter, first_rows, open_table

SAMPLE_ROWS = 50  # rows that decide what the columns mean
IDS = ("", "id", "index", "imageid", "image_id")
TOGETHER = ("pixels",)  # what a column is called that holds all numbers of a picture
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


def looks_like_pixels(path: Path) -> bool:
    """Whether a table holds numbers, many to a row, rather than names of files."""
    rows = first_rows(path, SAMPLE_ROWS)
    body = rows[1:] or rows
    if column(rows[0], TOGETHER) is not None:
        return True
    numbers = [sum(map(is_number, row)) for row in body]
    many = sum(n >= 9 and n > 0.8 * len(row) for n, row in zip(numbers, body, strict=True))
    return 2 * many > len(body)


def infer_layout(path: Path, shape: str | None = None, value_range: str | None = None) -> Layout:
    """The layout of a file; `shape` and `value_range` are as in `read_pixel_csv`.

    Raises InputError where the first rows make no pictures.
    """
    rows = first_rows(path, SAMPLE_ROWS)
    header = sum(map(is_number, rows[0])) * 2 < len(rows[0])
    names = tuple(rows[0]) if header else tuple(f"column {i + 1}" for i in range(len(rows[0])))
    body = rows[1:] if header else rows
    if not body:
        raise InputError(f"{path}: it has a header and no rows; add one for each picture")
    titles = names if header else ()
    stated = _parse_shape(shape)
    label, part, pixels = _columns(path, names, titles, stated)
    together = column(titles, TOGETHER) is not None
    count = len(body[0][pixels[0]].split()) if together else len(pixels)
    picture_shape = _shape(count, stated)
    if picture_shape is None:
        what = f"picture of {shape}" if stated else "square picture; say it with --shape HxWxC"
        raise InputError(f"{path}: {count:,} numbers a row are no {what}")
    sample = parse_numbers(path, body, pixels, names, 2 if header else 1)
    most, whole = _most(path, sample, value_range), _are_whole(body, pixels)
    planar = picture_shape[2] == 3 and _is_planar(sample, picture_shape)
    return Layout(
        header,
        delimiter(path),
        names,
        label,
        part,
        pixels,
        picture_shape,
        planar,
        most,
        whole,
    )


def _columns(
    path: Path, names: Sequence[str], titles: Sequence[str], stated: Shape | None
) -> tuple[int | None, int | None, tuple[int, ...]]:
    """Which columns hold the label, the part, and the numbers of the pixels."""
    part, label, together = (column(titles, words) for words in (SPLITS, LABELS, TOGETHER))
    ignored = {i for i, name in enumerate(titles) if name.strip().lower() in IDS} | {part, together}
    left = [i for i in range(len(names)) if i not in ignored and i != label]
    if together is not None:
        if label is None and left:
            label = left[0]
        return label, part, (together,)
    if label is None and _shape(len(left), stated) is None:
        label = _unnamed_label(path, left, titles)
        left = [i for i in left if i != label]
    return label, part, tuple(left)


def _unnamed_label(path: Path, left: Sequence[int], titles: Sequence[str]) -> int | None:
    """The first or the last column, whichever is less like a pixel, by all rows of the file.

    A file may be sorted by its labels: the first rows alone would not tell.
    """
    if len(left) < 2:
        return None
    counts = _cell_counts(path, (left[0], left[-1]), bool(titles))

    def unlike_a_pixel(i: int) -> tuple[bool, bool, bool, float]:
        cells = counts[i]
        text = not all(map(is_number, cells))
        named = bool(titles) and not _NUMBERED.fullmatch(titles[i].strip())
        whole = all(float(cell).is_integer() for cell in cells if is_number(cell))
        return text, named, whole, _evenness(cells)

    return max((left[0], left[-1]), key=unlike_a_pixel)


def _cell_counts(path: Path, columns: Sequence[int], header: bool) -> dict[int, Counter[str]]:
    """How often each cell of some columns occurs."""
    counts = {i: Counter[str]() for i in columns}
    with open_table(path) as file:
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


def _parse_shape(shape: str | None) -> Shape | None:
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


def parse_numbers(
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
