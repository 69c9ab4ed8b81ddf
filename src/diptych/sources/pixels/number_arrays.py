"""Arrays of numbers in files, read some rows at a time: IDX, as MNIST is published, .npy and .npz.

Nothing is unpickled: a pickle may run any program, and arrays of objects are pickles.
"""

import math
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.sources.tables.opening import Table, open_bytes

BLOCK = 4 * 2**20  # bytes that are read at a time
IN_MEMORY = 2**28  # bytes of a copy; a larger one is a file for as long as it is read
# What IDX calls its types; the numbers are big-endian (yann.lecun.com/exdb/mnist).
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_IDX_NAME = re.compile(
    r"(?:[-._]idx[1-4]?(?:[-._]?ubyte)?|[-._]ubyte)(?:\.gz|\.zst)?", re.IGNORECASE
)
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True)
class NumberArray:
    """An array in a file, which is open only while it is read."""

    file: Table
    key: str  # what it is called in its file, or the file itself
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    numbers: Callable[[], AbstractContextManager[IO[bytes]]]  # the file where the numbers begin
    by_columns: bool = False  # the first axis runs fastest, as in Fortran

    def __str__(self) -> str:
        return str(self.file) if self.key == self.file.name else f"{self.file}: {self.key}"

    @property
    def name(self) -> str:
        """What it is called without the folder."""
        return self.file.name if self.key == self.file.name else f"{self.file.name}/{self.key}"

    def rows(self) -> Iterator[npt.NDArray[Any]]:
        """Some rows along the first axis at a time; raises InputError where the file is damaged."""
        if self.by_columns:
            yield self._read(math.prod(self.shape)).reshape(self.shape[::-1]).T
            return
        size = math.prod(self.shape[1:])
        at_once = max(BLOCK // max(size * self.dtype.itemsize, 1), 1)
        with self.numbers() as file:
            for start in range(0, self.shape[0], at_once):
                count = min(at_once, self.shape[0] - start)
                yield self._take(file, count * size).reshape(count, *self.shape[1:])

    def whole(self) -> npt.NDArray[Any]:
        """All of it; there is at least one row."""
        return np.concatenate(list(self.rows()))

    def _read(self, count: int) -> npt.NDArray[Any]:
        with self.numbers() as file:
            return self._take(file, count)

    def _take(self, file: IO[bytes], count: int) -> npt.NDArray[Any]:
        wanted = count * self.dtype.itemsize
        data = file.read(wanted)
        while len(data) < wanted and (more := file.read(wanted - len(data))):
            data += more
        if len(data) < wanted:
            raise InputError(f"{self}: damaged: it ends before its {self.shape} numbers do")
        return np.frombuffer(data, self.dtype)


def is_array_name(name: str) -> bool:
    """Whether a file is called as those are that hold arrays."""
    return name.lower().endswith((".npy", ".npz")) or bool(_IDX_NAME.search(name[-24:]))


def is_idx(path: Table) -> bool:
    """Whether a file begins as IDX does: two zeros, a type and a count of axes."""
    with open_bytes(path) as file:
        head = file.read(4)
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in _IDX_TYPES and 0 < head[3] < 6


def arrays_in(path: Table) -> list[NumberArray]:
    """The arrays of a file: one, or those of an .npz; raises InputError for what holds none."""
    match path.suffix.lower():
        case ".npy":
            return [_npy(path, path.name, lambda: open_bytes(path))]
        case ".npz":
            return _members(path)
        case _:
            return [_idx(path)]


def _members(path: Table) -> list[NumberArray]:
    try:
        with _in_any_order(path) as file, zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
    except InputError as error:
        raise InputError(f"{path}: no .npz of NumPy, or damaged; save it anew") from error
    if not names:
        raise InputError(f"{path}: there is no array in it")

    def opened(name: str) -> Callable[[], AbstractContextManager[IO[bytes]]]:
        @contextmanager
        def member() -> Iterator[IO[bytes]]:
            with (
                _in_any_order(path) as file,
                zipfile.ZipFile(file) as zipped,
                zipped.open(name) as numbers,
            ):
                yield numbers

        return member

    return [_npy(path, name.removesuffix(".npy"), opened(name)) for name in names]


@contextmanager
def _in_any_order(path: Table) -> Iterator[IO[bytes]]:
    """A file that can be read in any order; one in an archive is copied aside for that."""
    with open_bytes(path) as file:
        if file.seekable():
            yield file
            return
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
            shutil.copyfileobj(file, copy, BLOCK)
            copy.seek(0)
            yield copy


def _npy(
    path: Table, key: str, opened: Callable[[], AbstractContextManager[IO[bytes]]]
) -> NumberArray:
    """An array as NumPy saves it; raises InputError for one of objects, or what is none."""
    where = str(path) if key == path.name else f"{path}: {key}"
    with opened() as file:
        try:
            version = np.lib.format.read_magic(file)
            shape, by_columns, dtype = _HEADERS[version](file)
        except (ValueError, KeyError) as cause:
            raise InputError(f"{where}: no array of NumPy, or damaged; save it anew") from cause
    if dtype.hasobject:
        raise InputError(
            f"{where}: an array of objects, which is a pickle and may run any program; save it as "
            "numbers: numpy.stack(list(array))"
        )

    @contextmanager
    def numbers() -> Iterator[IO[bytes]]:
        with opened() as file:
            _HEADERS[np.lib.format.read_magic(file)](file)
            yield file

    return NumberArray(path, key, shape, dtype, numbers, by_columns and len(shape) > 1)


def _idx(path: Table) -> NumberArray:
    """An array in IDX; raises InputError for what is none."""
    with open_bytes(path) as file:
        head = file.read(4)
        axes = head[3] if len(head) == 4 and head[:2] == b"\0\0" else 0
        lengths = file.read(4 * axes)
    if not axes or head[2] not in _IDX_TYPES or len(lengths) < 4 * axes:
        raise InputError(f"{path}: no IDX file, or damaged; download it anew")

    @contextmanager
    def numbers() -> Iterator[IO[bytes]]:
        with open_bytes(path) as file:
            file.read(4 + 4 * axes)
            yield file

    shape = tuple(np.frombuffer(lengths, ">u4").tolist())
    return NumberArray(path, path.name, shape, np.dtype(_IDX_TYPES[head[2]]), numbers)


def key_of(name: str) -> str:
    """What the array in a file is called: its path without the endings of files."""
    bare = re.sub(r"\.(gz|zst)$", "", name, flags=re.IGNORECASE)
    return str(PurePosixPath(bare).with_suffix("")) if bare.endswith((".npy", ".npz")) else bare
