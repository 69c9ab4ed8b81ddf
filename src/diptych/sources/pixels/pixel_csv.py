"""Pictures as rows of numbers: MNIST, Fashion-MNIST, FER2013 and their like.

What the columns mean is decided once (`layout`); rows are read in blocks (`rows`), each of which is
put into the cache of pixels while the next is parsed. What is black and white is a matter of the
whole file: where a later row is out of the range of the first ones, it is read again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.pixel_format import NO_FORMAT, PixelFormat, PixelValues
from diptych.errors import InputError, shortened
from diptych.images.decoding import pixel_store
from diptych.images.preprocess import Pixels
from diptych.sources.meaning import Meaning
from diptych.sources.part_labels import refuse_unlearned
from diptych.sources.pixels.adding import add_pixels, class_names
from diptych.sources.pixels.arrays import holds_arrays, read_array_pixels
from diptych.sources.pixels.header import is_numbered_again
from diptych.sources.pixels.layout import Layout, infer_layout
from diptych.sources.pixels.number_cells import with_point
from diptych.sources.pixels.pixel_rows import NotInRange, blocks, whole_extent
from diptych.sources.pixels.ranges import (
    BYTES,
    Range,
    agreed_range,
    extent_of,
    refuse_fractions,
    suggested,
)
from diptych.sources.pixels.shapes import mirrored
from diptych.sources.tables.attributes import (
    attributes_of,
    parts_said,
    table_of,
    with_partless_aside,
)
from diptych.sources.tables.cells import no_labels
from diptych.sources.tables.opening import Table, first_rows, is_in_utf_8
from diptych.sources.tables.titles import LABELS


class _Rows(NamedTuple):
    """All rows of a file: their lines, the cells that are no pixels, and digests of the pixels."""

    ends: Range
    lines: Sequence[int]
    words: Mapping[int, Sequence[str]]
    digests: Sequence[str]


def read_pixel_csv(path: Table, meaning: Meaning, expected: PixelFormat = NO_FORMAT) -> Dataset:
    """Every row as a sample whose pixels are in the cache; `note` says what was inferred.

    What was not said is as it was in the pictures that were `expected`. Raises InputError naming
    the line and the column of what cannot be read.
    """
    used = ("label", "part", "group", "fold", "shape", "value_range")
    meaning.refuse_unused(path, "a table of pixels", *used)
    layout = infer_layout(path, meaning, expected)
    if layout.roles.label is None:
        raise InputError(
            f"{path}: no column of labels among {len(layout.names)}; "
            f"call it one of {', '.join(LABELS)}, or say which it is with --label"
        )
    rows = _all_rows(path, layout)
    labels, doubts = _labels(path, layout, rows)
    names = [f"{path.name}:{line}" for line in rows.lines]
    words = {layout.names[i]: rows.words[i] for i in layout.roles.words if layout.header}
    table, label = table_of(path, words, rows.lines), 0 if layout.header else None
    parts = parts_said(table, meaning, label)
    said = attributes_of(table, names, labels, parts, meaning, label)
    cells = zip(names, labels, said.parts, said.groups, rows.digests, strict=True)
    samples = [
        Sample(name, label, path, part, group, digest)
        for name, label, part, group, digest in cells
        if label
    ]
    column = layout.names[layout.roles.label]
    strays = [
        Stray(name, "no label", f"{column} is empty")
        for name, label in zip(names, labels, strict=True)
        if not label
    ]
    values = PixelValues(*rows.ends, _lies_planar(layout))
    note = _note(path, layout, meaning, values, len(samples), said.further)
    note = "\n".join(filter(None, (note, *said.notes, doubts)))
    classes = in_order(sample.label for sample in samples)
    data = Dataset(
        Path(str(path)), classes, tuple(samples), tuple(strays), layout.shape, note,
        said.columns,
        values=values,
    )  # fmt: skip
    return refuse_unlearned(with_partless_aside(data, parts))


def read_pixels(path: Table, expected: PixelFormat) -> Iterator[tuple[list[str], Pixels]]:
    """Names and pixels (N, *shape) of a file with or without labels, some rows at a time.

    They are what pictures of a format are: raises InputError where they have another shape, or
    numbers that are darker than black or brighter than white.
    """
    if isinstance(path, Path) and holds_arrays(path):
        yield from read_array_pixels(path, expected)
        return
    layout = infer_layout(path, None, expected, labelled=False)
    if not layout.why:
        # Nothing is known of the range: the whole file tells.
        layout = layout._replace(ends=_settled(path, layout))
    assert layout.ends is not None
    try:
        with closing(blocks(path, layout)) as every_block:
            for block in every_block:
                refuse_fractions(path, extent_of(block.numbers), layout.ends, layout.why)
                names = [f"{path.name}:{line}" for line in block.lines]
                yield names, block.pixels(layout, layout.ends)
    except NotInRange as error:
        raise InputError(f"{error}, {layout.why}") from error


def _lies_planar(layout: Layout) -> bool | None:
    """Whether all of red comes before all of green in the file; None where neither order is its."""
    if layout.shape[2] == 1:
        return None
    pixels = layout.roles.pixels
    if not layout.roles.coloured:
        return layout.planar
    if (*pixels[::3], *pixels[1::3], *pixels[2::3]) == tuple(sorted(pixels)):
        return True
    return False if pixels == tuple(sorted(pixels)) else None


def _settled(path: Table, layout: Layout) -> Range:
    """Black and white of a file by all its numbers; raises InputError where they do not tell."""
    extent = whole_extent(path, layout)
    ends = agreed_range(extent)
    if ends is not None:
        return ends
    if extent.whole and extent.high > 16:
        # One number may be a mistake: it is named.
        try:
            for _ in blocks(path, layout._replace(ends=BYTES)):
                pass
        except NotInRange as error:
            raise InputError(
                f"{error}; say what is black and white, such as {suggested(extent)}"
            ) from error
    raise InputError(
        f"{path}: numbers from {extent.low:.6g} to {extent.high:.6g} do not tell what is black and "
        f"white; say it, such as {suggested(extent)}"
    )


def _all_rows(path: Table, layout: Layout) -> _Rows:
    """Every row, its pixels in the cache; by the range of all of them, where none was said."""
    if layout.ends is None:
        layout = layout._replace(ends=_settled(path, layout))
    try:
        return _read(path, layout)
    except NotInRange as error:
        if layout.why:
            raise InputError(f"{error}, {layout.why}") from error
    return _read(path, layout._replace(ends=_settled(path, layout)))


def _read(path: Table, layout: Layout) -> _Rows:
    assert layout.ends is not None
    store = pixel_store(layout.shape)
    lines: list[int] = []
    words: dict[int, list[str]] = {i: [] for i in layout.roles.words}
    digests: list[str] = []
    with closing(blocks(path, layout)) as every_block:
        for block in every_block:
            if layout.why:
                refuse_fractions(path, extent_of(block.numbers), layout.ends, layout.why)
            digests += add_pixels(store, block.pixels(layout, layout.ends))
            lines += block.lines
            for i, cells in block.words.items():
                words[i] += cells
    return _Rows(layout.ends, lines, words, digests)


def _labels(path: Table, layout: Layout, rows: _Rows) -> tuple[list[str], str]:
    """The class of each row, "" where it has none, and a word on cells in doubt.

    Raises InputError for labels that are none.
    """
    assert layout.roles.label is not None
    column, cells = layout.names[layout.roles.label], rows.words[layout.roles.label]
    cells = [with_point(cell.strip(), layout.decimal) for cell in cells]
    missing, doubts = no_labels(cells)
    names = class_names(path, column, [cell for cell in cells if cell not in missing])
    if len(set(names.values())) == 1 and not layout.header:
        raise InputError(
            f"{path}: every label in {column} is {next(iter(names.values()))!r}; "
            "give the file a header that calls the column of labels 'label'"
        )
    return [names.get(cell, "") for cell in cells], doubts


def _note(
    path: Table,
    layout: Layout,
    meaning: Meaning,
    values: PixelValues,
    pictures: int,
    unused: Sequence[str],
) -> str:
    """What was inferred of a file, in a line."""
    roles, names = layout.roles, layout.names
    assert roles.label is not None
    height, width, channels = layout.shape
    order = "" if channels == 1 else " planar" if layout.planar else " interleaved"
    as_they_lie = list(roles.pixels) == sorted(roles.pixels)
    said = [
        f"{pictures:,} pictures of {height}×{width}×{channels}{order}",
        f"labels in {names[roles.label]}",
        *([] if as_they_lie else ["pixels in the order of their titles"]),
        f"values {values}" + (f" ({layout.why})" if layout.why and not meaning.value_range else ""),
    ]
    if is_numbered_again(first_rows(path, 1)[0]):
        said.append("its first row, numbers that pandas took for titles, is left out")
    if unused:
        said.append(f"no pixels are in {shortened(list(unused), 4)}")
    # Numbers are the same in every encoding.
    if (roles.texts or not "".join(names).isascii()) and not is_in_utf_8(path):
        said.append("text that is not UTF-8 read as Windows-1252")
    return f"{path.name}: {', '.join(filter(None, (*said, mirrored(path.name))))}"
