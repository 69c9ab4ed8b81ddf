"""Tables as files: plain or compressed, with commas, semicolons or tabs."""

import contextlib
import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeAlias

from isal import igzip

from diptych.data.places import Member
from diptych.errors import InputError
from diptych.system.files import regular

Table: TypeAlias = Path | Member

# Cells of a picture's pixels may be long: 4,096 × 4,096 numbers.
csv.field_size_limit(2**26)


@contextmanager
def open_table(path: Table) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed as they are read; raises InputError for a damaged file."""
    openers: dict[str, Callable[[Any], Any]] = {".gz": igzip.open, ".zst": _zst, ".zip": _zip}
    try:
        opener = openers.get(path.suffix.lower(), contextlib.nullcontext)
        with _bytes_of(path) as whole, opener(whole) as file:
            yield file
    except InputError:
        raise
    except Exception as cause:
        # Three decompressors and the reader of rows raise a dozen kinds of error on damaged data.
        said = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
        why = " ".join(said.split()) or type(cause).__name__
        raise InputError(f"{path}: cannot be read: {why}") from cause


def delimiter(path: Table) -> str:
    """What parts the columns, by the first line."""
    with open_table(path) as file:
        line = file.readline().decode("utf-8", "replace")
    return max(",;\t", key=line.count)


def first_rows(path: Table, count: int) -> list[list[str]]:
    """The rows that the first lines hold, without empty ones; raises InputError where none do."""
    with open_table(path) as file:
        lines = [line.decode("utf-8-sig", "replace") for line in islice(file, count)]
        rows = [row for row in csv.reader(lines, delimiter=delimiter(path)) if row]
    if not rows:
        raise InputError(f"{path}: the file is empty")
    return rows


def numbered_rows(path: Table) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line on which it ends.

    Raises InputError for bytes that are no text.
    """
    with open_table(path) as file:
        reader = csv.reader(
            io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), delimiter=delimiter(path)
        )
        try:
            yield from ((reader.line_num, row) for row in reader if row)
        except UnicodeDecodeError as cause:
            raise InputError(f"{path}: not text in UTF-8 ({cause.reason}); save it so") from cause


def _bytes_of(path: Table) -> IO[bytes]:
    return regular(path).open("rb") if isinstance(path, Path) else path.open()


@contextmanager
def _zst(file: IO[bytes]) -> Iterator[Any]:
    yield io.BufferedReader(_Joined(_frames(file)))


def _frames(file: IO[bytes], size: int = 2**17) -> Iterator[bytes]:
    """What a .zst holds, to its end: zstandard's own reader stops early without a word."""
    import zstandard

    data = file.read(size)
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        while not frame.eof:
            if not data:
                raise EOFError("it ends too early")
            yield frame.decompress(data)
            data = frame.unused_data or file.read(size)


class _Joined(io.RawIOBase):
    """Pieces of bytes as one file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.rest and (piece := next(self.pieces, None)) is not None:
            self.rest = memoryview(piece)
        head, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(head)] = head
        return len(head)


@contextmanager
def _zip(whole: IO[bytes]) -> Iterator[Any]:
    with zipfile.ZipFile(whole) as archive:
        tables = [n for n in archive.namelist() if n.lower().endswith((".csv", ".tsv", ".txt"))]
        if len(tables) != 1:
            raise InputError(f"{whole.name}: has {len(tables)} tables in it; give one alone")
        with archive.open(tables[0]) as file:
            yield file
