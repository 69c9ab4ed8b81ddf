"""Names of files as people and programs write them, in a form in which they are compared."""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

_DRIVE = re.compile(r"[A-Za-z]:$")


def parted(name: str) -> tuple[tuple[str, ...], str]:
    """The folders of a file and its name, folded; without drive, root and query."""
    path = name.replace("\\", "/") if "\\" in name else name
    if "://" in path:
        path = path.partition("://")[2].partition("?")[0].partition("#")[0]
    if "%" in path:
        path = unquote(path)
    head, _, last = path.rpartition("/")
    return folders_in(head), fold(last)


@lru_cache(maxsize=2**16)
def folders_in(path: str) -> tuple[str, ...]:
    """The folders of a path, folded; those that lead nowhere else are none."""
    parts = (part for part in path.split("/") if part not in ("", ".", ".."))
    return tuple(fold(part) for part in parts if not _DRIVE.match(part))


def fold(text: str) -> str:
    """A name as it is compared: ä is written in two ways, and Windows sees no capitals."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()
