"""The pictures in a column of a Parquet file, a block of rows at a time."""

import io
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from diptych.data.places import Address
from diptych.errors import ImageError, first_line
from diptych.images.preprocess import BYTES_LIMIT
from diptych.sources.trees.unchanged import Unchanged

if TYPE_CHECKING:
    import polars as pl

# Groups of fewer rows are read together; every reading begins with the footer.
LEAST_ROWS = 64
# Blocks that are kept: threads that decode in order are in two or three at a time.
MOST_BLOCKS, MOST_BYTES = 4, 512 * 2**20


class Blocks:
    """The blocks of pictures that were read last, of all files of a data set."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, int], pl.Series] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def __reduce__(self) -> tuple[type["Blocks"], tuple[()]]:
        # A copy, such as another process has, reads for itself.
        return Blocks, ()

    def get(self, pictures: "ParquetPictures", block: int) -> "pl.Series":
        """A block of a file, as a column of bytes."""
        key = pictures.path, block
        with self._one_at_a_time:
            if key not in self._kept:
                self._kept[key] = pictures.read_block(block)
                self._make_room()
            self._kept.move_to_end(key)
            return self._kept[key]

    def _make_room(self) -> None:
        sizes = [series.estimated_size() for series in self._kept.values()]
        # Of two that meet, both are needed in turn.
        while len(sizes) > 2 and (len(sizes) > MOST_BLOCKS or sum(sizes) > MOST_BYTES):
            self._kept.popitem(last=False)
            del sizes[0]


class ParquetPictures:
    """What a column holds, by the number of the row, from 0; threads may read at the same time."""

    def __init__(
        self,
        file: Unchanged,
        root: Path | Address | str,
        column: str,
        rows: Sequence[int],
        blocks: Blocks,
    ) -> None:
        self.path, self._file = file.path, file
        self._root, self._column, self._blocks = root, column, blocks
        self._starts = block_starts(rows)

    def __str__(self) -> str:
        return str(self._root)

    def size(self, name: str) -> int:
        """How many bytes a picture has."""
        return len(self._bytes(name) or b"")

    def read(self, name: str) -> bytes:
        """The bytes of a picture.

        Raises ImageError with the reason "missing", "too large" or "unreadable".
        """
        data = self._bytes(name)
        if data is None:
            raise ImageError("missing", f"row {name} has no picture in {self._column}")
        if len(data) > BYTES_LIMIT:
            raise ImageError("too large", f"{len(data):,} bytes; the limit is {BYTES_LIMIT:,}")
        return data

    def open(self, name: str) -> IO[bytes]:
        """A picture as a file that is open."""
        return io.BytesIO(self.read(name))

    def read_block(self, block: int) -> "pl.Series":
        """The pictures of a block of rows.

        Raises ImageError where the file is damaged, and OSError where it is gone or another.
        """
        import polars as pl

        self._file.open().close()
        start, end = self._starts[block : block + 2]
        try:
            rows = pl.scan_parquet(self.path, glob=False).slice(start, end - start)
            column = rows.select(self._column).collect().to_series()
        except Exception as cause:
            # polars raises errors of its own, and of the operating system.
            raise ImageError("unreadable", f"the table is damaged: {first_line(cause)}") from cause
        if isinstance(column.dtype, pl.Struct):
            return column.struct.field("bytes")
        return column

    def _bytes(self, name: str) -> bytes | None:
        row = int(name)
        block = bisect_right(self._starts, row) - 1
        data: bytes | None = self._blocks.get(self, block)[row - self._starts[block]]
        return data


def block_starts(rows: Sequence[int]) -> list[int]:
    """Where blocks of whole groups begin, by the rows of each group; the last is the end."""
    starts, total = [0], 0
    for count in rows:
        total += count
        if total - starts[-1] >= LEAST_ROWS:
            starts.append(total)
    return starts if starts[-1] == total else [*starts, total]
