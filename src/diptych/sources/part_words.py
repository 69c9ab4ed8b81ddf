"""What somebody says that words mean which are no usual names of parts: `rps=train`."""

import re
from collections.abc import Collection, Mapping

from diptych.errors import InputError, shortened
from diptych.sources.parts import parts_named

PartWords = tuple[tuple[str, str], ...]

_WORD = re.compile(r"(?s)(.*),([^,]+?)\s*=\s*(train|valid|test|none)\s*", re.IGNORECASE)


def split_part(text: str) -> tuple[str, PartWords]:
    """A column or level of folders, and the part of each word that was said after it.

    "folder:1,rps=train,old=none" is folder:1, with ("rps", "train") and ("old", "").
    """
    words: list[tuple[str, str]] = []
    while match := _WORD.fullmatch(text):
        text, word, part = match.groups()
        words.append((word.strip(), "" if part.lower() == "none" else part.lower()))
    return text, tuple(reversed(words))


def parts_by_words(names: Collection[str], said: PartWords, where: str) -> dict[str, str]:
    """The part of each name that is one, "" of those that were said to be none.

    Raises InputError, beginning with `where`, for a word that is none of the names.
    """
    spelt = {name.strip().casefold(): name for name in names}
    parts: dict[str, str] = {}
    for word, part in said:
        if word.casefold() not in spelt:
            raise InputError(f"{where}: no '{word}' there; it has {shortened(sorted(names))}")
        parts[spelt[word.casefold()]] = part
    return {**parts_named([name for name in names if name not in parts]), **parts}


def option(where: str, words: Collection[str] | Mapping[str, str]) -> str:
    """The option that says the part of each word; PART stands where it is not known."""
    parts = words if isinstance(words, Mapping) else dict.fromkeys(words, "PART")
    said = ",".join([where, *(f"{word}={part}" for word, part in parts.items())])
    return f"--part '{said}'"
