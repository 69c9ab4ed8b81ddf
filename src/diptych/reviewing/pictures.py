"""Pictures for people to look at: small ones in a gallery, a large one by itself."""

import threading
from collections import OrderedDict
from typing import NamedTuple

from diptych.data.dataset import Shape
from diptych.errors import ImageError
from diptych.images.decoding import PixelStore, pixel_store, read_file
from diptych.images.encoding import as_jpeg, as_png
from diptych.images.preprocess import Pixels, decode, shown_size
from diptych.reviewing.background import Background
from diptych.reviewing.collection import Collection

SMALL, LARGE = 288, 1600  # pixels of the longer side
# What has no more pixels a side is sent as it is: a JPEG would blur it.
TINY = 96
# Bytes of small pictures that are kept.
KEPT = 96 * 2**20


class File(NamedTuple):
    """A picture as a browser shows it."""

    data: bytes
    kind: str  # image/jpeg, image/png


class Pictures:
    """The pictures of a collection by number, decoded as everywhere, and kept for a while."""

    def __init__(self, collection: Collection, background: Background) -> None:
        self._collection = collection
        self._background = background
        self._kept: OrderedDict[int, File] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        shape = collection.dataset.shape
        self._own: PixelStore | None = pixel_store(shape) if shape else None

    def size(self, number: int) -> tuple[int, int]:
        """Width and height as a viewer shows it; 0 and 0 where that cannot be known."""
        if shape := self._collection.dataset.shape:
            return shape[1], shape[0]
        known = self._background.pictures[number]
        if known and known.width:
            return known.width, known.height
        try:
            return shown_size(read_file(self._collection.items[number].path))
        except ImageError:
            return 0, 0

    def small(self, number: int) -> File:
        """A picture for a gallery; raises ImageError where it cannot be decoded.

        Of one that is in the cache already it may be squashed to a square.
        """
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        file = _encoded(self._stored(number) if self._own else self._small(number))
        with self._lock:
            if number not in self._kept:
                self._kept[number] = file
                self._bytes += len(file.data)
            while self._bytes > KEPT and len(self._kept) > 1:
                self._bytes -= len(self._kept.popitem(last=False)[1].data)
        return file

    def large(self, number: int) -> File:
        """A picture by itself; raises ImageError where it cannot be decoded."""
        if self._own:
            return _encoded(self._stored(number))
        return _encoded(self._decoded(number, LARGE))

    def _small(self, number: int) -> Pixels:
        known, store = self._background.pictures[number], self._background.store
        large = known and max(known.width, known.height) > SMALL
        if known and store and large and known.digest and store.has_row(known.digest):
            row: Pixels = store.read([known.digest])[0]
            return row
        return self._decoded(number, SMALL)

    def _decoded(self, number: int, side: int) -> Pixels:
        data = read_file(self._collection.items[number].path)
        bits = self._background.store.bits if self._background.store else 0
        return decode(data, _within(*shown_size(data), side), bits).pixels

    def _stored(self, number: int) -> Pixels:
        assert self._own is not None
        pixels: Pixels = self._own.read([self._collection.items[number].digest])[0]
        return pixels


def _within(width: int, height: int, side: int) -> Shape:
    """The shape of a picture made so small that its longer side has at most so many pixels."""
    scale = min(side / max(width, height, 1), 1.0)
    return max(round(height * scale), 1), max(round(width * scale), 1), 3


def _encoded(pixels: Pixels) -> File:
    if max(pixels.shape[:2]) <= TINY:
        return File(as_png(pixels), "image/png")
    return File(as_jpeg(pixels), "image/jpeg")
