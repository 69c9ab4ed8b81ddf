"""Tar archives: plain ones in place, packed ones by an unpacked copy in the cache.

A packed tar (.tar.gz and its like) can only be read from its beginning. It is read once: what may
be a picture or a table goes into a file of the cache, with the places of the members as its index.
"""

import bz2
import json
import lzma
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Self

from isal import igzip

from diptych.data.places import Address
from diptych.errors import InputError, first_line
from diptych.images.preprocess import BYTES_LIMIT
from diptych.sources.trees.archive_tree import (
    ArchiveHolder,
    ArchiveTree,
    Entry,
    Span,
    is_named_table,
)
from diptych.sources.trees.pieces import PIECE, as_file, span_of
from diptych.sources.trees.spool import Spool, spooled
from diptych.sources.trees.unchanged import Unchanged

# Bytes of what stands before a member: its long name, or what pax notes of it.
NOTES_LIMIT = 2**20
_NOTES = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
# Where a block of a list of holes says whether another follows.
_MORE_HOLES = 504
# Errors by which tarfile says that a tar has ended as it should; it does not export their names.
_ENDS = ("EOFHeaderError", "EmptyHeaderError")


class _Header(tarfile.TarInfo):
    """A member's header, or an error: at a damaged one tarfile would end as if it were the last."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        # tarfile would read all of it into memory, and a packed one is as long as it likes.
        if header.type in _NOTES and header.size > NOTES_LIMIT:
            raise tarfile.ReadError(
                f"a name or note of {header.size:,} bytes; the limit is {NOTES_LIMIT:,}"
            )
        return header

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.HeaderError as cause:
            if type(cause).__name__ in _ENDS:
                raise
            raise tarfile.ReadError(f"{cause} at byte {tarfile_.offset:,}") from cause

    # The holes of a file would be listed in memory too, however many: such a file is not read.

    def _proc_sparse(self, tar: tarfile.TarFile) -> Self:
        file: Any = tar.fileobj
        header: Any = self
        more, size = header._sparse_structs[1], 0
        while more:
            block = file.read(tarfile.BLOCKSIZE)
            size += len(block)
            if len(block) < tarfile.BLOCKSIZE or size > NOTES_LIMIT:
                raise tarfile.ReadError(f"a list of holes of {size:,} bytes, or one cut off")
            more = block[_MORE_HOLES]
        header.sparse, self.offset_data = [], file.tell()
        tar.offset = self.offset_data + header._block(self.size)
        return self

    def _proc_gnusparse_10(self, member: tarfile.TarInfo, *_: object) -> None:
        member.sparse = b""


def _zst(file: IO[bytes]) -> Any:
    import zstandard

    return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)


# By how packed files begin, since programs that fetch them may have unpacked them on the way.
_UNPACKERS: Mapping[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": igzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": _zst,
}


def tar_tree(path: Path, root: Path | Address) -> ArchiveTree:
    """The files of a tar, packed or not, which is called `root`.

    Raises InputError for a damaged one, and for one that is larger unpacked than the cache may be.
    """
    try:
        file = Unchanged(path)
        with file.open() as opened:
            begin = opened.read(8)
        unpack = next((_UNPACKERS[b] for b in _UNPACKERS if begin.startswith(b)), None)
        if unpack is not None:
            copy, lines = spooled(file.key(), root, lambda spool: _unpack(file, unpack, spool))
            entries = [_entry(line) for line in lines]
            return ArchiveTree(root, entries, lambda spans: TarHolder(Unchanged(copy), root, spans))
        with (
            file.open() as opened,
            tarfile.open(fileobj=opened, mode="r:", tarinfo=_Header) as tar,
        ):
            return ArchiveTree(root, _entries(tar), lambda spans: TarHolder(file, root, spans))
    except InputError:
        raise
    except Exception as cause:
        # Five readers of packed data raise errors of a dozen kinds.
        said = cause.strerror if isinstance(cause, OSError) else None
        why = said or f"no tar archive, or damaged or cut off ({first_line(cause)})"
        raise InputError(f"{root}: cannot be read: {why}") from cause


class TarHolder(ArchiveHolder):
    """Members of a tar."""

    def read(self, name: str) -> bytes:
        """The bytes of a member; raises OSError."""
        start, size = self._spans[name]
        with self._file.open() as file:
            file.seek(start)
            data = file.read(size)
        if len(data) < size:
            raise OSError("the archive is cut off")
        return data

    def open(self, name: str) -> IO[bytes]:
        """A member of any size, to be read in pieces."""
        return as_file(span_of(self._file.open(), *self._spans[name]))


def _entry(line: str) -> Entry:
    name, span, *others = json.loads(line)
    return Entry(name, tuple(span), *others)


def _unpack(file: Unchanged, unpack: Callable[[IO[bytes]], Any], spool: Spool) -> None:
    with (
        file.open() as packed,
        closing(unpack(packed)) as stream,
        tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE, tarinfo=_Header) as tar,
    ):
        for entry in _entries(tar, spool):
            spool.note(json.dumps(entry))


def _entries(tar: tarfile.TarFile, spool: Spool | None = None) -> Iterator[Entry]:
    """Every member of a tar; what a spool should hold of it is put there."""
    spans: dict[str, Span] = {}
    while (info := tar.next()) is not None:
        # It would keep all that it has come to: gigabytes of millions of members.
        tar.members = []  # type: ignore[attr-defined]
        if info.isdir():
            yield Entry(info.name, is_folder=True)
        elif info.islnk() and info.linkname in spans:
            yield Entry(info.name, spans[info.linkname])
        elif info.issym() or info.islnk():
            yield Entry(info.name, reason="link", detail="a link in an archive is not followed")
        elif not info.isfile() or info.issparse():
            detail = "a pipe or device" if not info.isfile() else "a file with holes"
            yield Entry(info.name, reason="not an image", detail=detail)
        elif spool and info.size > BYTES_LIMIT and not is_named_table(info.name):
            detail = f"{info.size:,} bytes; the limit is {BYTES_LIMIT:,}"
            yield Entry(info.name, reason="too large", detail=detail)
        else:
            start = _copied(tar, info, spool) if spool else info.offset_data
            spans[info.name] = (start, info.size)
            yield Entry(info.name, spans[info.name])


def _copied(tar: tarfile.TarFile, info: tarfile.TarInfo, spool: Spool) -> int:
    """Put a member into the spool; returns where it begins there."""
    start, left = spool.size, info.size
    content = tar.extractfile(info)
    assert content is not None
    while left:
        if not (piece := content.read(min(left, PIECE))):
            raise EOFError("it ends too early")
        spool.write(piece)
        left -= len(piece)
    return start
