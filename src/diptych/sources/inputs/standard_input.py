"""What is piped into a command: a picture, or the names of pictures."""

import sys
from pathlib import Path
from typing import TextIO

from diptych.errors import InputError
from diptych.images.preprocess import BYTES_LIMIT, is_picture

# Characters of a text; a file of something else has others, or two NULs in a row.
_OF_TEXT = frozenset({*range(32, 256), *b"\t\n\r\x1b\0"})
_LOOKED_AT = 2**16


def read_standard_input(stream: TextIO) -> bytes | list[Path]:
    """The bytes of a picture, or names: one a line, or parted by NUL as `find -print0` writes them.

    What is no text counts as a picture, for whoever decodes it to say what is wrong with it; of one
    that is too large only the beginning is read. Raises InputError where nothing is piped in.
    """
    if stream.isatty():
        raise InputError(
            "no picture was named, and standard input is a terminal; give files, folders or "
            "patterns, or pipe names or a picture into it"
        )
    data = stream.buffer.read(BYTES_LIMIT + 1)
    if is_picture(data) or not _is_text(data[:_LOOKED_AT]):
        return data
    return _names(data + stream.buffer.read())


def _is_text(data: bytes) -> bool:
    return b"\0\0" not in data and _OF_TEXT.issuperset(data)


def _names(data: bytes) -> list[Path]:
    # Names of files are bytes; those that are no text stay what they are.
    text = data.decode(sys.getfilesystemencoding(), "surrogateescape").removeprefix("\ufeff")
    if "\0" in text:
        return [Path(name) for name in text.split("\0") if name]
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [Path(line) for line in lines if line]
