"""Locks on files that the operating system holds: they end with their process, however that ends.

On Linux and macOS they are those of flock(2), which threads of one process keep from each other
too; on Windows a byte of the file is locked. Where a file system knows no locks, nobody is kept
out.
"""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

POLL = 0.1  # seconds
TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
# Of a file on NFS that may only be read: nobody can know whether it is taken.
NOT_WRITABLE = errno.EBADF


class Taken(Exception):
    """Another run holds the lock."""


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing and gone afterwards.

    Waits for another that holds it; without `wait` raises Taken.
    """
    while (file := _acquired(path)) is None:
        if not wait:
            raise Taken(path)
        time.sleep(POLL)
    try:
        yield
    finally:
        # Removed while it is held: whoever waits for it sees that it is no longer there.
        with contextlib.suppress(OSError):
            path.unlink()
        file.close()


def share(file: IO[Any] | int) -> None:
    """Mark an open file as in use, until it is closed or, where it was mapped, unmapped."""
    if fcntl is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def in_use(path: Path) -> bool:
    """Whether some run has marked a file; on Windows, where such cannot be deleted, never."""
    if fcntl is None:
        return False
    try:
        # NFS locks for one alone only what is open to be written.
        with _opened(path) as file:
            return not _lock(file, NOT_WRITABLE)
    except OSError:
        return False


def _opened(path: Path) -> IO[Any]:
    """The file, open to be written where it may be."""
    try:
        return path.open("r+b")
    except OSError:
        return path.open("rb")


def _acquired(path: Path) -> IO[Any] | None:
    """The open and locked file; None where another has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    if _lock(file) and _is_there(file, path):
        return file
    file.close()
    return None


def _lock(file: IO[Any], *taken: int) -> bool:
    """Whether the file is ours now; errors `taken` count as those of a file that is not."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError as cause:
        return cause.errno not in (*TAKEN, *taken)
    return True


def _is_there(file: IO[Any], path: Path) -> bool:
    """Whether the path still leads to this file: who held it before may have removed it."""
    if fcntl is None:
        return True  # there an open file cannot be removed
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
