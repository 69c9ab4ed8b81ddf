"""Pictures that somebody names by a table of their files."""

from collections.abc import Iterator
from pathlib import Path

from diptych.data.places import Place
from diptych.errors import ImageError, InputError
from diptych.sources import is_table, may_hold_pixels
from diptych.sources.pixels.layout import looks_like_pixels
from diptych.sources.tables.listing import listed_files
from diptych.sources.tables.whereabouts import names_files


def is_list(path: Path) -> bool:
    """Whether a file is a table of names rather than of pixels, or a picture."""
    try:
        return path.is_file() and is_table(path) and not _holds_pixels(path)
    except (InputError, OSError, ValueError):
        return False  # for whoever opens it to say why


def named_by(path: Path, files: str | None) -> Iterator[tuple[str, Place | ImageError]]:
    """What each row of a table calls its picture, and where that is.

    Where no column names files, the table itself is what cannot be read.
    """
    try:
        for name, place, why in listed_files(path, files):
            yield name, place if place is not None else ImageError("missing", why)
    except InputError as error:
        if files is not None:
            raise
        yield str(path), ImageError(str(error).removeprefix(f"{path}: "), "")


def _holds_pixels(path: Path) -> bool:
    return may_hold_pixels(path) and looks_like_pixels(path) and not names_files(path)
