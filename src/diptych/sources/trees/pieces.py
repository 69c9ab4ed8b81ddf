"""Bytes that come in pieces, as a file that is open."""

import io
from collections.abc import Iterator
from typing import IO, Any

PIECE = 2**20


def as_file(pieces: Iterator[bytes]) -> IO[bytes]:
    """Pieces of bytes, one after the other, as a file to be read."""
    return io.BufferedReader(_Joined(pieces))


def span_of(file: IO[bytes], start: int, size: int) -> Iterator[bytes]:
    """The bytes of a span of a file; raises EOFError where it ends before."""
    with file:
        file.seek(start)
        while size:
            if not (piece := file.read(min(size, PIECE))):
                raise EOFError("it ends too early")
            size -= len(piece)
            yield piece


class _Joined(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and (piece := next(self._pieces, None)) is not None:
            self._rest = memoryview(piece)
        head, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(head)] = head
        return len(head)
