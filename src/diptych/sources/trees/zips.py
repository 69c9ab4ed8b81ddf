"""Zip archives, of which any member can be read by itself.

Only the list of members is read by zipfile. What is packed is unpacked here, a piece at a time, so
that a few bytes that stand for gigabytes are given up at the limit of a picture.
"""

import bz2
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from isal import igzip_lib

from diptych.data.places import Address
from diptych.errors import ImageError, InputError, first_line
from diptych.images.preprocess import BYTES_LIMIT
from diptych.sources.trees.archive_tree import ArchiveHolder, ArchiveTree, Entry
from diptych.sources.trees.member_names import zip_name
from diptych.sources.trees.pieces import PIECE, as_file, span_of
from diptych.sources.trees.unchanged import Unchanged

_ENCRYPTED = 1
_HEADER = 30  # bytes before the name of a member, where it lies
_OF_UNIX = 3


def _deflate(_: IO[bytes]) -> Any:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)


def _lzma(file: IO[bytes]) -> Any:
    """A decompressor by the properties that stand before the packed bytes (APPNOTE.TXT, 5.8)."""
    (length,) = struct.unpack("<2xH", file.read(4))
    mixed, dictionary = struct.unpack("<BI", file.read(length)[:5])
    # A dictionary may be of any size; more of it than there are bytes is of no use.
    filters = {
        "id": lzma.FILTER_LZMA1, "dict_size": max(min(dictionary, BYTES_LIMIT), 4096),
        "lc": mixed % 9, "lp": mixed // 9 % 5, "pb": mixed // 45,
    }  # fmt: skip
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[filters])


_DECOMPRESSORS: Mapping[int, Callable[[IO[bytes]], Any]] = {
    zipfile.ZIP_DEFLATED: _deflate,
    zipfile.ZIP_BZIP2: lambda _: bz2.BZ2Decompressor(),
    zipfile.ZIP_LZMA: _lzma,
}


def zip_tree(path: Path, root: Path | Address) -> ArchiveTree:
    """The files of a zip, which is called `root`; raises InputError for a damaged one."""
    try:
        file = Unchanged(path)
        entries = list(_entries(path))
    except InputError:
        raise
    except Exception as cause:
        # A damaged list of members makes zipfile raise errors of a dozen kinds.
        said = cause.strerror if isinstance(cause, OSError) else None
        why = said or f"no zip archive, or damaged or cut off ({first_line(cause)})"
        if tarfile.is_tarfile(path):
            why = "it is a tar, and called a zip; call it .tar, or .tar.gz where gzip packed it"
        raise InputError(f"{root}: cannot be read: {why}") from cause
    files = [entry for entry in entries if not entry.is_folder]
    if files and all(entry.reason == "encrypted" for entry in files):
        raise InputError(
            f"{root}: cannot be read: its files are encrypted; unpack it with its password, and "
            "give the folder"
        )
    return ArchiveTree(root, entries, lambda spans: ZipHolder(file, root, spans))


class ZipHolder(ArchiveHolder):
    """Members of a zip."""

    def read(self, name: str) -> bytes:
        """The bytes of a member; raises OSError, or ImageError with the reason."""
        pieces, length = [], 0
        try:
            for piece in self._unpacked(name):
                length += len(piece)
                if length > BYTES_LIMIT:
                    raise ImageError(
                        "too large",
                        f"unpacked it is larger than the limit of {BYTES_LIMIT:,} bytes",
                    )
                pieces.append(piece)
        except (ImageError, OSError):
            raise
        except Exception as cause:
            # Four decompressors raise errors of their own on damaged data.
            raise ImageError("unreadable", _damaged(first_line(cause))) from cause
        return b"".join(pieces)

    def open(self, name: str) -> IO[bytes]:
        """A member of any size, to be read in pieces."""
        return as_file(self._unpacked(name))

    def _unpacked(self, name: str) -> Iterator[bytes]:
        start, _, packed, method, checksum = self._spans[name]
        with self._file.open() as file:
            file.seek(start)
            header = file.read(_HEADER)
            if header[:4] != b"PK\3\4":
                raise ImageError("unreadable", _damaged("another thing lies in its place"))
            begin = start + _HEADER + sum(struct.unpack("<HH", header[26:30]))
            actual = 0
            for piece in _pieces(file, begin, packed, method):
                actual = zlib.crc32(piece, actual)
                yield piece
        if actual != checksum:
            raise ImageError("unreadable", _damaged("its checksum is another"))


def _damaged(why: str) -> str:
    return f"the archive is damaged: {why}"


def _pieces(file: IO[bytes], start: int, packed: int, method: int) -> Iterator[bytes]:
    """What a member holds, unpacked a piece at a time."""
    if method == zipfile.ZIP_STORED:
        yield from span_of(file, start, packed)
        return
    file.seek(start)
    unpacker = _DECOMPRESSORS[method](file)
    left = packed - (file.tell() - start)
    while not unpacker.eof:
        data = b""
        if unpacker.needs_input:
            data = file.read(min(left, PIECE))
            left -= len(data)
            if not data:
                # Some writers leave the mark of the end out of LZMA.
                if method == zipfile.ZIP_LZMA:
                    return
                raise EOFError("it ends too early")
        yield unpacker.decompress(data, PIECE)


def _entries(path: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        end = archive.start_dir
    by_place = sorted(infos, key=lambda info: info.header_offset)
    ends = [info.header_offset for info in by_place[1:]] + [end]
    overlapping = {
        id(info)
        for info, next_one in zip(by_place, ends, strict=False)
        if info.header_offset + _HEADER + info.compress_size > next_one
    }
    for info in infos:
        name = zip_name(info)
        mode = info.external_attr >> 16 if info.create_system == _OF_UNIX else 0
        is_folder = name.endswith(("/", "\\"))
        refusal = "" if is_folder else _refusal(info, mode, id(info) in overlapping)
        reason, _, detail = refusal.partition(": ")
        span = (
            info.header_offset, info.file_size, info.compress_size, info.compress_type, info.CRC,
        )  # fmt: skip
        yield Entry(name, span, is_folder, reason, detail)


def _refusal(info: zipfile.ZipInfo, mode: int, overlaps: bool) -> str:
    """Why a member cannot be read, as "reason: detail"; "" where it can."""
    if info.flag_bits & _ENCRYPTED:
        return "encrypted: unpack the archive with its password, and give the folder"
    if stat.S_ISLNK(mode):
        return "link: a link in an archive is not followed"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "not an image: a pipe or device"
    if overlaps:
        return "unreadable: the archive is damaged: its bytes are those of another file too"
    if info.compress_type != zipfile.ZIP_STORED and info.compress_type not in _DECOMPRESSORS:
        return f"unreadable: packed by method {info.compress_type}, which is not read here"
    return ""
