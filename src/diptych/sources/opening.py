"""Tables as files: plain or compressed, with commas, semicolons or tabs."""

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from diptych.errors import InputError

# Cells of a picture's pixels may be long: 4,096 × 4,096 numbers.
csv.field_size_limit(2**26)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed as they are read; raises InputError for a damaged file."""
    openers: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".zst": _zst, ".zip": _zip}
    try:
        with openers.get(path.suffix.lower(), _plain)(path) as file:
            yield file
    except (OSError, EOFError, zipfile.BadZipFile, csv.Error) as cause:
        raise InputError(f"{path}: cannot be read ({cause})") from cause


def delimiter(path: Path) -> str:
    """What parts the columns, by the first line."""
    with opened(path) as file:
        line = file.readline().decode("utf-8", "replace")
    return max(",;\t", key=line.count)


def first_rows(path: Path, count: int) -> list[list[str]]:
    """The rows that the first lines hold, without empty ones; raises InputError where none do."""
    with opened(path) as file:
        lines = [line.decode("utf-8-sig", "replace") for line in islice(file, count)]
        rows = [row for row in csv.reader(lines, delimiter=delimiter(path)) if row]
    if not rows:
        raise InputError(f"{path}: the file is empty")
    return rows


def numbered_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line on which it ends.

    Raises InputError for bytes that are no text.
    """
    with opened(path) as file:
        reader = csv.reader(
            io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), delimiter=delimiter(path)
        )
        try:
            yield from ((reader.line_num, row) for row in reader if row)
        except UnicodeDecodeError as cause:
            raise InputError(f"{path}: not text in UTF-8 ({cause.reason}); save it so") from cause


def _plain(path: Path) -> Any:
    return path.open("rb")


def _zst(path: Path) -> Any:
    import zstandard

    return io.BufferedReader(zstandard.open(path, "rb"))


@contextmanager
def _zip(path: Path) -> Iterator[Any]:
    with zipfile.ZipFile(path) as archive:
        tables = [n for n in archive.namelist() if n.lower().endswith((".csv", ".tsv", ".txt"))]
        if len(tables) != 1:
            raise InputError(f"{path}: has {len(tables)} tables in it; give one alone")
        with archive.open(tables[0]) as file:
            yield file
