"""What a member of an archive is called: a path within it, whatever program wrote it."""

import re
import struct
import unicodedata
import zipfile

from diptych.errors import ImageError

_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
_UTF8 = 0x800  # the flag of a zip's member whose name is in UTF-8
_UNICODE_PATH = 0x7075  # the extra field of one that has its name in UTF-8 as well


def member_name(text: str) -> str:
    """The path in posix form, with accents of one spelling: macOS writes ä in two signs.

    Raises ImageError with the reason "outside" for one that leads out of the archive.
    """
    # Windows' own programs have written zips with its separator.
    path = text if "/" in text else text.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or _DRIVE.match(text):
        raise ImageError("outside", "its name leads out of the archive")
    return unicodedata.normalize("NFC", "/".join(parts))


def zip_name(info: zipfile.ZipInfo) -> str:
    """The name of a zip's member as whoever wrote it meant it.

    Without its flag a name is in IBM's code page 437, or in UTF-8 all the same: macOS leaves the
    flag out.
    """
    name = info.orig_filename
    if info.flag_bits & _UTF8:
        return name
    try:
        raw = name.encode("cp437")
        return _unicode_path(info.extra) or raw.decode("utf-8")
    except UnicodeError:
        return name


def _unicode_path(extra: bytes) -> str:
    """The name that an extra field says in UTF-8 (APPNOTE.TXT of PKWARE, 4.6.9); "" for none."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == _UNICODE_PATH and length > 5:
            return extra[9 : 4 + length].decode("utf-8")
        extra = extra[4 + length :]
    return ""
