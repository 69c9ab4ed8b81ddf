"""Pictures as rows of numbers: MNIST, Fashion-MNIST, FER2013 and their like.

What the columns mean is decided once (`layout`); rows are read in blocks (`rows`), each of which is
put into the cache of pixels while the next is parsed.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diptych.data.dataset import Dataset, Sample, Shape
from diptych.errors import InputError
from diptych.images.decoding import pixel_store
from diptych.images.preprocess import Pixels
from diptych.images.store import Store
from diptych.sources.meaning import Meaning
from diptych.sources.pixels.layout import Layout, infer_layout
from diptych.sources.pixels.rows import blocks
from diptych.sources.tables.columns import LABELS, is_number


def read_pixel_csv(path: Path, meaning: Meaning) -> Dataset:
    """Every row as a sample whose pixels are in the cache; `note` says what was inferred.

    The meaning's shape is "HxW" or "HxWxC", its range one of "0-255", "0-1" and "0-16". Raises
    InputError naming the line and the column of what cannot be read.
    """
    meaning.refuse_unused(path, "a table of pixels", "shape", "value_range")
    layout = infer_layout(path, meaning.shape, meaning.value_range)
    if layout.label is None:
        raise InputError(
            f"{path}: no column of labels among {len(layout.names)}; "
            f"call it one of {', '.join(LABELS)}"
        )
    store = pixel_store(layout.shape)
    rows: list[tuple[str, str, str, str]] = []
    for block in blocks(path, layout):
        digests = add_pixels(store, block.pixels_NHWC)
        names = (f"{path.name}:{line}" for line in block.lines)
        rows += zip(names, block.labels, block.parts, digests, strict=True)
    classes = _class_names(path, layout, [label for _, label, _, _ in rows])
    if len(set(classes.values())) == 1 and not layout.header:
        raise InputError(
            f"{path}: every label in {layout.names[layout.label]} is {next(iter(classes))!r}; "
            "give the file a header that calls the column of labels 'label'"
        )
    samples = [
        Sample(name, classes[label], path, part, digest=digest)
        for name, label, part, digest in rows
    ]
    return Dataset(
        path,
        _sorted(classes.values()),
        tuple(samples),
        (),
        layout.shape,
        _note(path, layout, len(rows)),
    )


def read_pixels(path: Path, shape: Shape) -> Iterator[tuple[list[str], Pixels]]:
    """Names and pixels (N, *shape) of a file with or without labels, some rows at a time.

    Raises InputError where its pictures have another shape.
    """
    layout = infer_layout(path, "x".join(map(str, shape)))
    for block in blocks(path, layout):
        yield [f"{path.name}:{line}" for line in block.lines], block.pixels_NHWC


def add_pixels(store: Store, pixels_NHWC: Pixels) -> list[str]:
    """Put pictures that come as pixels into the cache, unless they are there; their digests."""
    height, width, _ = pixels_NHWC.shape[1:]
    facts = {"reason": "", "detail": "", "width": width, "height": height, "format": "pixels"}
    digests = [_digest(row) for row in pixels_NHWC]
    new = {digest: i for i, digest in enumerate(digests) if digest not in store}
    if new:
        indices = slice(None) if len(new) == len(digests) else list(new.values())
        store.add_block(list(new), pixels_NHWC[indices], facts)
    return digests


def _note(path: Path, layout: Layout, pictures: int) -> str:
    assert layout.label is not None
    height, width, channels = layout.shape
    order = "" if channels == 1 else " planar" if layout.planar else " interleaved"
    return (
        f"{path.name}: {pictures:,} pictures of {height}×{width}×{channels}{order}, "
        f"labels in {layout.names[layout.label]}, values 0–{layout.most:g}"
    )


def _digest(pixels_HWC: Pixels) -> str:
    return hashlib.sha256(b"%d %d %d " % pixels_HWC.shape + pixels_HWC.tobytes()).hexdigest()


def _class_names(path: Path, layout: Layout, labels: list[str]) -> dict[str, str]:
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
        names = {label: str(int(value)) for label, value in values.items()}
    else:
        names = {label: label.strip() for label in different}
    if len(different) > max(20, len(labels) // 2):
        raise InputError(
            f"{path}: {name} has {len(different):,} different values in {len(labels):,} rows; "
            "it looks continuous, and no class to learn"
        )
    return names


def _sorted(classes: Any) -> tuple[str, ...]:
    """Numbers by their size, else as text."""
    different = set(classes)
    numbers = all(is_number(name) for name in different)
    return tuple(sorted(different, key=(lambda name: float(name)) if numbers else None))
