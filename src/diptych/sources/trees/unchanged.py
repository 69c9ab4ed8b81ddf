"""A file that is opened again and again, and must be the same each time."""

import errno
import os
from pathlib import Path
from typing import IO


class Unchanged:
    """A file as it is now; each `open` is a handle of its own, so that threads can share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = _state(os.stat(path))  # noqa: PTH116  # as of what is open, below

    def key(self) -> str:
        """What tells it apart from any other file, and from itself at another time."""
        return "\0".join((str(self.path.resolve()), *map(str, self._state)))

    def open(self) -> IO[bytes]:
        """The file; raises OSError where it is gone, or has become another."""
        file = self.path.open("rb")
        if _state(os.fstat(file.fileno())) != self._state:
            file.close()
            raise OSError(errno.ESTALE, "the file has changed since it was listed")
        return file


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
