"""Arrays on disk that are costly to make and cheap to keep: decoded pixels, backbone features.

A `Store` holds rows of one shape and dtype, found by key. Each process that adds rows appends to
a shard of its own: `<id>.rows` (raw numbers) and `<id>.jsonl` (a line a row: key, position,
checksum, facts). A line is written only after its row is safely on disk, so a crash loses at most
the rows under way, and two runs at once never touch each other's files. Readers keep the files
mapped, so a shard that is cleared under their feet stays readable to them.
"""

import contextlib
import json
import mmap
import os
import uuid
import weakref
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.images.cache import limit, make_room, mark_used, unwritable
from diptych.system.locks import share

Array = npt.NDArray[Any]
Facts = Mapping[str, Any]


class Entry(NamedTuple):
    """Where a row lies and what was noted with it. A row that could not be made has no position."""

    shard: Path
    position: int  # in rows; -1: there is none
    checksum: int
    facts: Facts


class Store:
    """Rows of one shape and dtype on disk, found by key."""

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self.folder = folder
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._row_bytes = int(np.prod(shape)) * self.dtype.itemsize
        self._entries: dict[str, Entry] = {}
        self._maps: dict[Path, mmap.mmap] = {}
        self._own: Path | None = None
        self._own_rows = 0
        limit()  # which refuses a wrong one before there is any work
        with unwritable(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for index in sorted(folder.glob("*.jsonl")):
            self._load(index)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def keys(self) -> Iterable[str]:
        """The keys of all rows, and of those that could not be made."""
        return self._entries.keys()

    def facts(self, key: str) -> Facts:
        """What was noted with a row."""
        mark_used(self._entries[key].shard)
        return self._entries[key].facts

    def has_row(self, key: str) -> bool:
        """Whether the key's row was made, rather than noted as impossible."""
        return key in self._entries and self._entries[key].position >= 0

    def add(self, rows: Iterable[tuple[str, Array | None, Facts]]) -> None:
        """Append rows; on return they are safely on disk.

        Raises InputError when the disk is full.
        """
        shard = self._own_shard()
        lines: list[str] = []
        added: dict[str, Entry] = {}
        with unwritable(self.folder):
            with shard.open("ab") as file:
                for key, row, facts in rows:
                    position, checksum = -1, 0
                    if row is not None:
                        data = np.ascontiguousarray(row, self.dtype).reshape(self.shape).tobytes()
                        position, checksum = self._own_rows, zlib.crc32(data)
                        file.seek(position * self._row_bytes)
                        file.write(data)
                        self._own_rows += 1
                    added[key] = Entry(shard, position, checksum, facts)
                    lines.append(json.dumps([key, position, checksum, dict(facts)]) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with shard.with_suffix(".jsonl").open("a", encoding="utf-8") as index:
                index.writelines(lines)
        self._entries |= added

    def add_block(self, keys: Sequence[str], rows: Array, facts: Facts) -> None:
        """Append rows that are in memory already, in one go; `facts` are noted with each.

        Raises InputError when the disk is full.
        """
        shard, first = self._own_shard(), self._own_rows
        block = np.ascontiguousarray(rows, self.dtype).reshape(len(keys), -1)
        noted = json.dumps(dict(facts))
        added = {
            key: Entry(shard, first + i, zlib.crc32(row.data), facts)
            for i, (key, row) in enumerate(zip(keys, block, strict=True))
        }
        with unwritable(self.folder):
            with shard.open("ab") as file:
                file.seek(first * self._row_bytes)
                file.write(block.data)
                file.flush()
                os.fsync(file.fileno())
            with shard.with_suffix(".jsonl").open("a", encoding="utf-8") as index:
                index.writelines(
                    f"[{json.dumps(key)}, {entry.position}, {entry.checksum}, {noted}]\n"
                    for key, entry in added.items()
                )
        self._own_rows += len(keys)
        self._entries |= added

    def read(self, keys: Sequence[str]) -> Array:
        """The rows of the keys, in their order: (N, *shape).

        The files are mapped, and the pages that were read are given back at once: a large store
        does not fill the memory. Raises InputError where the disk has damaged a row.
        """
        out = np.empty((len(keys), *self.shape), self.dtype)
        shards: dict[Path, list[int]] = {}
        for i, key in enumerate(keys):
            shards.setdefault(self._entries[key].shard, []).append(i)
        for shard, wanted in shards.items():
            entries = [self._entries[keys[i]] for i in wanted]
            mapped = self._mapped(shard, 1 + max(entry.position for entry in entries))
            rows = memoryview(mapped)
            for i, entry in zip(wanted, entries, strict=True):
                start = entry.position * self._row_bytes
                data = rows[start : start + self._row_bytes]
                if zlib.crc32(data) != entry.checksum:
                    raise InputError(f"{shard}: damaged; run: diptych cache --clear")
                out[i] = np.frombuffer(data, self.dtype).reshape(self.shape)
            if hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)
        return out

    def _own_shard(self) -> Path:
        """The shard that rows are added to, in use as long as this store is there."""
        # It is gone where somebody cleared the cache.
        if self._own is None or not self._own.exists():
            make_room(self.folder.parent)
            self._own, self._own_rows = self.folder / f"{uuid.uuid4().hex}.rows", 0
            with unwritable(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                # NFS shares only what is open to be read.
                held = os.open(self._own, os.O_RDWR | os.O_CREAT)
            share(held)
            weakref.finalize(self, os.close, held)
            mark_used(self._own)
        return self._own

    def _mapped(self, shard: Path, rows: int) -> mmap.mmap:
        """The file of a shard in memory, at least so many rows of it."""
        mark_used(shard)
        mapped = self._maps.get(shard)
        if mapped is None or len(mapped) < rows * self._row_bytes:
            try:
                with shard.open("rb") as file:
                    share(file)
                    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except OSError as cause:
                raise InputError(f"{shard}: cleared while in use; run the command again") from cause
            self._maps[shard] = mapped
        return mapped

    def _load(self, index: Path) -> None:
        shard = index.with_suffix(".rows")
        try:
            complete = shard.stat().st_size // self._row_bytes
            lines = index.read_text(encoding="utf-8").splitlines()
        except OSError:
            return  # cleared by another run just now
        for line in lines:
            # The last line may be half a line, where a run was killed.
            with contextlib.suppress(ValueError):
                key, position, checksum, facts = json.loads(line)
                if position < complete:
                    self._entries[key] = Entry(shard, position, checksum, facts)
