"""Copies in the cache of what cannot be read in place: unpacked tars, files of an address.

Each is a shard as those of stores are (`images.cache`): `<key>.rows` with its index `<key>.jsonl`,
so that the least recently used go when room is needed. It is written under another name and then
renamed, so that a run that is killed leaves no half of one.
"""

import contextlib
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from diptych.data.places import Address
from diptych.errors import InputError
from diptych.images.cache import folder, limit, make_room, mark_used, unwritable
from diptych.system.locks import locked, share

KIND = "archives"

# The numbers of files that are open as long as this process is: others that make room see that they
# are in use.
_held: dict[Path, int] = {}


class Spool:
    """A copy that is being written."""

    def __init__(self, file: IO[bytes], root: Path | Address) -> None:
        self.size = 0
        self.lines: list[str] = []
        self._file, self._root, self._limit = file, root, limit()

    def write(self, data: bytes) -> None:
        """Add bytes; raises InputError where there are more than the cache may hold."""
        self.size += len(data)
        if self.size > self._limit:
            raise InputError(
                f"{self._root}: a copy of what is in it is larger than the "
                f"{self._limit / 2**30:.3g} GiB that the cache may hold; unpack it and give the "
                "folder, or set DIPTYCH_CACHE_LIMIT to more"
            )
        self._file.write(data)

    def note(self, line: str) -> None:
        """Add a line to the index."""
        self.lines.append(line)


def spooled(
    key: str, root: Path | Address, make: Callable[[Spool], None]
) -> tuple[Path, list[str]]:
    """The copy of a key and the lines of its index; made where there is none yet.

    Raises InputError where it cannot be written, or is larger than the cache may be.
    """
    home = folder() / KIND
    shard = home / f"{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()}.rows"
    index = shard.with_suffix(".jsonl")
    if not (shard.exists() and index.exists()):
        make_room(home)
        with _alone(shard):
            # Another run may have made it meanwhile, and reads it now.
            if not (shard.exists() and index.exists()):
                _write(shard, root, make)
    with unwritable(shard):
        if shard not in _held:
            _held[shard] = os.open(shard, os.O_RDWR)
            share(_held[shard])
        mark_used(shard)
        return shard, index.read_text(encoding="utf-8").splitlines()


@contextlib.contextmanager
def _alone(shard: Path) -> Iterator[None]:
    """While no other run makes the same copy."""
    with contextlib.ExitStack() as stack:
        with unwritable(shard):
            stack.enter_context(locked(shard.with_suffix(".lock")))
        yield


def _write(shard: Path, root: Path | Address, make: Callable[[Spool], None]) -> None:
    aside = shard.with_name(f"{uuid.uuid4().hex}.rows")
    try:
        with unwritable(shard):
            shard.parent.mkdir(parents=True, exist_ok=True)
            # With an index it is cleared like any other where this run is killed.
            aside.with_suffix(".jsonl").touch()
            file = aside.open("wb")
        with file:
            share(file)
            spool = Spool(file, root)
            make(spool)
            with unwritable(shard):
                file.flush()
                os.fsync(file.fileno())
        with unwritable(shard):
            aside.with_suffix(".jsonl").write_text(
                "".join(f"{line}\n" for line in spool.lines), encoding="utf-8"
            )
            aside.replace(shard)
            aside.with_suffix(".jsonl").replace(shard.with_suffix(".jsonl"))
    finally:
        aside.unlink(missing_ok=True)
        aside.with_suffix(".jsonl").unlink(missing_ok=True)
