"""Pictures, or other rows, that need not be in memory at once; the one loop over batches."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from diptych.images.store import Store

T_co = TypeVar("T_co", covariant=True)

# What a network sees at once at most, in pixels: 16 pictures of 384 × 384. What comes of more
# inside a large network would fill the memory of a laptop.
AT_ONCE = 16 * 384**2
# Rows of up to this many bytes are kept in memory while they are used.
IN_MEMORY = 256 * 2**20


class Rows(Protocol):
    """Inputs that are read as they are needed: an array, or pixels on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many there are, then the shape of each."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, indices: slice | npt.NDArray[np.intp], /) -> npt.NDArray[Any]: ...


class StoredRows:
    """Rows of a store, in the order of their keys."""

    def __init__(self, store: Store, keys: Sequence[str]) -> None:
        self.store = store
        self.keys = keys

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.keys), *self.store.shape

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, indices: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        if isinstance(indices, slice):
            return self.store.read(self.keys[indices])
        return self.store.read([self.keys[i] for i in indices])


class Chosen:
    """Some rows of others, in an order of their own."""

    def __init__(self, rows: Rows, which: npt.NDArray[np.intp]) -> None:
        self.rows, self.which = rows, which

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.which), *self.rows.shape[1:]

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, indices: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        return self.rows[self.which[indices]]


def pixel_rows(store: Store, keys: Sequence[str]) -> Rows:
    """The pictures of the keys: in memory where they are small, else read as they are needed."""
    return kept(StoredRows(store, keys))


def kept(rows: Rows, among: int = 1) -> Rows:
    """Rows in memory where they are small, else as they are; `among` so many are at a time."""
    small = among * len(rows) * rows[:1].nbytes <= IN_MEMORY
    return np.ascontiguousarray(rows[:]) if small else rows


class Sliceable(Protocol[T_co]):
    """What can be cut into batches: rows, or a list of anything."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: slice, /) -> T_co: ...


def in_batches(rows: Sliceable[T_co], size: int) -> Iterator[T_co]:
    """The rows in their order, at most `size` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def at_once(shape: tuple[int, ...], most: int) -> int:
    """How many pictures (N, H, W, C) a network may see at once: `most`, fewer where they are large.

    Of rows that are no pictures, `most`.
    """
    pixels = shape[1] * shape[2] if len(shape) == 4 else 1
    return max(1, min(most, AT_ONCE // max(pixels, 1)))


def map_batches(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], rows: Rows, size: int
) -> npt.NDArray[Any]:
    """What a function makes of the rows, `size` at a time, as one array; there is at least one."""
    return np.concatenate([function(batch) for batch in in_batches(rows, size)])
