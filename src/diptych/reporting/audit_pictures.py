"""Pictures of an audit for its page: large enough to judge, and small ones by the sheet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from diptych.auditing.report import Audit
from diptych.images.preprocess import Pixels, in_proportion, thumbnail
from diptych.images.rows import in_batches
from diptych.images.store import Store
from diptych.reporting.pages import SMALL, sheet_url, small_picture_url
from diptych.system.text import printable

SIDE = 176  # pixels of a picture in a gallery
# A sheet of so many pictures is decoded at once, when the first of them is looked at.
ON_SHEET = 1024
COLUMNS = 32
# All sheets together have at most so many pixels, and a picture of them so many a side.
PIXELS = 16_000_000
LEAST, LARGEST = 40, 96


@dataclass(frozen=True)
class Thumbnails:
    """Pictures of an audit by their names, as a template shows them."""

    audit: Audit
    _urls: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """Where the pixels of the pictures are."""
        assert self.audit.material is not None
        return self.audit.material.store

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The label of each sample, by its name."""
        return {sample.name: sample.label for sample in self.audit.dataset.samples}

    def __contains__(self, name: str) -> bool:
        picture = self.audit.pictures.get(name)
        return (
            picture is not None
            and self.audit.material is not None
            and self.store.has_row(picture.digest)
        )

    def facts(self, name: str, side: int = SIDE) -> dict[str, Any]:
        """The address of a picture, its sides, what it is called; it must be one that is here."""
        picture = self.audit.pictures[name]
        rows, columns = self.store.shape[:2]
        width, height = picture.width or columns, picture.height or rows
        small = max(width, height) <= SMALL
        key = picture.digest, side
        if key not in self._urls:
            pixels = self.store.read([picture.digest])[0]
            shown = min(side, max(width, height)) if small else side
            self._urls[key] = small_picture_url(in_proportion(pixels, width, height, shown))
        scale = (min(side, max(width, height)) if small else side) / max(width, height)
        return {
            "url": self._urls[key],
            "width": max(round(width * scale), 1),
            "height": max(round(height * scale), 1),
            "small": small,
            "name": printable(name),
            "label": printable(self.labels[name]),
        }


@dataclass(frozen=True)
class Sheets:
    """Many pictures on few sheets: `columns` in a row, `each` on a sheet, in squares of `side`."""

    urls: tuple[str, ...]
    side: int
    columns: int = COLUMNS
    each: int = ON_SHEET


def sheets(store: Store, digests: Sequence[str]) -> Sheets:
    """The pictures of some digests, squashed to squares, in their order."""
    fitting = int((PIXELS / max(len(digests), 1)) ** 0.5)
    side = min(max(fitting, LEAST), LARGEST, max(store.shape[:2]))
    urls = tuple(
        sheet_url(_sheet(_squares(store, some, side), side, store.shape[2]))
        for some in in_batches(digests, ON_SHEET)
    )
    return Sheets(urls, side)


def _squares(store: Store, digests: Sequence[str], side: int) -> Iterator[Pixels]:
    for some in in_batches(digests, 64):
        for pixels in store.read(some):
            yield thumbnail(pixels, side)


def _sheet(squares: Iterator[Pixels], side: int, channels: int) -> Pixels:
    rows: list[Pixels] = []
    for place, square in enumerate(squares):
        if place % COLUMNS == 0:
            rows.append(np.full((side, COLUMNS * side, channels), 128, np.uint8))
        left = place % COLUMNS * side
        rows[-1][: square.shape[0], left : left + square.shape[1]] = square
    return np.concatenate(rows)
