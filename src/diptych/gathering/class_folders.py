"""Labels as names of folders: on every system, each label its own."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping

from diptych.sources.trees.walking import PROGRAM_ENDINGS, PROGRAM_NAMES

LONGEST = 120  # bytes; the file in it has a path too
# What Windows, macOS or a shell takes for something else, and what nobody sees.
_ODD = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def folder_names(labels: Collection[str]) -> Mapping[str, str]:
    """The folder for each label: called so where that can be, and never shared.

    Where systems take two labels for one name (Cat, cat), all but the first in order have a few
    letters of their hash added.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    # What can be called as it is goes first.
    for label in sorted(set(labels), key=lambda label: (_name(label) != label, label)):
        name = _name(label)
        if name.casefold() in taken:
            name = f"{name}-{_hash(label)}"
        taken.add(name.casefold())
        names[label] = name
    return names


def describe_renamed(names: Mapping[str, str], most: int = 3) -> str:
    """A line on labels that are called otherwise as folders; "" where none is."""
    other = [(label, name) for label, name in sorted(names.items()) if label != name]
    if not other:
        return ""
    some = ", ".join(f"{label!r} is {name}" for label, name in other[:most])
    more = f", and {len(other) - most:,} more" if len(other) > most else ""
    return f"labels that cannot be names of folders side by side: {some}{more}"


def _name(label: str) -> str:
    whole = unicodedata.normalize("NFC", label)
    name = _ODD.sub("-", whole)
    # A dot at the beginning hides it, at the end Windows drops it.
    name = name.strip(" ." if name == whole else " .-")
    while len(name.encode(errors="surrogateescape")) > LONGEST:
        name = name[:-1]
    if len(label) - len(name) > LONGEST:
        name = f"{name[:-8]}-{_hash(label)}"
    plain = name.casefold()
    taken = _RESERVED.fullmatch(name) or plain in PROGRAM_NAMES or plain.endswith(PROGRAM_ENDINGS)
    return f"{name}-class" if taken else name or f"class-{_hash(label)}"


def _hash(label: str) -> str:
    return hashlib.sha256(label.encode(errors="surrogateescape")).hexdigest()[:6]
