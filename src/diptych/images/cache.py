"""The folder of what is costly to make and cheap to keep: where it is, and how much it may hold.

Where: $DIPTYCH_CACHE, or the user's cache folder. How much: $DIPTYCH_CACHE_LIMIT, in GiB (20). What
lies in it are shards of stores (`images.store`), each `<id>.rows` with its index `<id>.jsonl`,
copies of archives in the same form (`sources.trees.spool`), which pictures were found to be copies
(`auditing.copies.compared`), and runs that can be taken up again.
"""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.errors import InputError
from diptych.system.cache_folder import folder as folder
from diptych.system.locks import Taken, in_use, locked
from diptych.system.privacy import LIBRARIES

KINDS = ("pixels", "thumbnails", "comparisons", "features", "archives", "runs", LIBRARIES)

# To clear a folder that other runs write into.
ATTEMPTS = 10

_in_use: set[Path] = set()


class Usage(NamedTuple):
    """What a cache folder holds."""

    folder: Path
    bytes: int
    rows: int
    limit: int


def limit() -> int:
    """How many bytes the cache may hold before the least recently used are cleared."""
    text = os.environ.get("DIPTYCH_CACHE_LIMIT") or "20"
    with contextlib.suppress(ValueError, OverflowError):
        if (allowed := int(float(text) * 2**30)) >= 0:
            return allowed
    raise InputError(f"DIPTYCH_CACHE_LIMIT: a number of GiB from 0 on, not '{text}'")


def usage(root: Path | None = None) -> Usage:
    """How much the cache holds."""
    root = root or folder()
    rows = 0
    for index in root.rglob("*.jsonl"):
        with contextlib.suppress(FileNotFoundError):  # cleared by another run just now
            rows += len(index.read_bytes().splitlines())
    return Usage(root, sum(size for _, size, _ in _shards(root)), rows, limit())


def clear(root: Path | None = None) -> Usage:
    """Delete everything in the cache; returns what it held.

    Raises InputError where some of it may not be deleted.
    """
    before = usage(root)
    for kind in KINDS:
        for left in reversed(range(ATTEMPTS)):
            try:
                shutil.rmtree(before.folder / kind)
            except FileNotFoundError:
                break  # nothing of this kind was made, or another run clears it too
            except OSError as cause:
                if left and cause.errno == errno.ENOTEMPTY:
                    continue  # another run wrote into it meanwhile
                # The file that the cause names lacks its folder.
                raise InputError(
                    f"{before.folder / kind}: cannot be deleted ({cause.strerror})"
                ) from cause
    return before


def make_room(root: Path) -> None:
    """Delete the least recently used shards until the cache is within its limit.

    Those that this run has used stay, and those that others have open: a data set larger than the
    limit still works.
    """
    allowed = limit()
    shards = sorted(_shards(root.parent), key=lambda shard: shard[0])
    total = sum(size for _, size, _ in shards)
    for _, size, shard in shards:
        if total <= allowed:
            return
        if shard in _in_use or in_use(shard):
            continue
        # On Windows a shard in use cannot be deleted; then the next oldest goes.
        with contextlib.suppress(OSError):
            shard.with_suffix(".jsonl").unlink()
            shard.unlink()
            total -= size


def mark_used(shard: Path) -> None:
    """Note that this run needs a shard: it is the last to be cleared."""
    if shard not in _in_use:
        _in_use.add(shard)
        with contextlib.suppress(OSError):
            os.utime(shard.with_suffix(".jsonl"))


def _shards(root: Path) -> Iterator[tuple[float, int, Path]]:
    """When each shard was last used, its size, and where it is."""
    for shard in root.rglob("*.rows"):
        index = shard.with_suffix(".jsonl")
        with contextlib.suppress(OSError):
            # A shard whose index is not written yet belongs to a run under way, or to one that
            # was killed at once.
            used = index.stat().st_mtime if index.exists() else shard.stat().st_mtime
            yield used, shard.stat().st_size, shard


@contextlib.contextmanager
def unwritable(where: Path) -> Iterator[None]:
    """A full disk, or a folder that may not be written, as an InputError."""
    try:
        yield
    except OSError as cause:
        above = next(f for f in (where, *where.absolute().parents) if f.exists())
        free = shutil.disk_usage(above).free // 2**20
        raise InputError(
            f"{where}: cannot be written ({cause.strerror}; {free} MiB free); "
            "free some space or set DIPTYCH_CACHE to another folder"
        ) from cause


@contextlib.contextmanager
def alone(path: Path, purpose: str, refusal: str) -> Iterator[None]:
    """Be the only process that does something with a path.

    Raises InputError with the refusal where another one does.
    """
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    lock = folder() / "runs" / f"{purpose}-{name}.lock"
    with contextlib.ExitStack() as stack:
        with unwritable(lock):
            try:
                stack.enter_context(locked(lock, wait=False))
            except Taken as cause:
                raise InputError(refusal) from cause
        yield
