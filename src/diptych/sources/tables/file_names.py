"""Names of files as people and programs write them, in a form in which they are compared."""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

from diptych.sources.parts import PART_NAMES

PICTURES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
        *(".heic", ".heif", ".avif", ".ppm", ".pgm", ".jp2"),
    )
)
# Files that lie beside pictures, called as they are: annotations, captions, features.
COMPANIONS = frozenset(
    (
        *(".txt", ".xml", ".json", ".csv", ".tsv", ".jsonl", ".parquet", ".npy", ".npz", ".pkl"),
        *(".html", ".md", ".yaml", ".yml", ".zip", ".gz"),
    )
)
_DRIVE = re.compile(r"[A-Za-z]:$")
_TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def ending(name: str) -> str:
    """How a file's name ends, in small letters: .jpg; "" for none."""
    stem, dot, rest = name.rpartition("/")[2].rpartition(".")
    return f"{dot}{rest.lower()}" if stem else ""


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


@lru_cache(maxsize=2**16)
def folder_part(path: str) -> str:
    """The part that one of the folders of a path is called after; "" where none is."""
    return next(filter(None, map(part_in, path.split("/"))), "")


@lru_cache(maxsize=2**12)
def part_in(word: str) -> str:
    """The part that a name speaks of: of train_images, trainLabels.csv, Testing; "" for none."""
    whole = PART_NAMES.get(word.casefold().replace(" ", "").replace("_", ""), "")
    tokens = {PART_NAMES.get(token.lower(), "") for token in _TOKENS.findall(word)} - {""}
    return whole or (tokens.pop() if len(tokens) == 1 else "")
