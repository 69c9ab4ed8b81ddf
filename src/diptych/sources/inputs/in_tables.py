"""Pictures that somebody names by a table of their files, to have them predicted."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.data.places import Place
from diptych.errors import ImageError, InputError
from diptych.sources import is_table, may_hold_pixels
from diptych.sources.meaning import Meaning
from diptych.sources.pixels.layout import looks_like_pixels
from diptych.sources.tables.column_roles import table_roles
from diptych.sources.tables.files import hinted_part
from diptych.sources.tables.matching import Files
from diptych.sources.tables.row_files import named_rows
from diptych.sources.tables.rows import records
from diptych.sources.tables.whereabouts import names_files, tree_of_table


class ListedFile(NamedTuple):
    """What a row calls a file, and where that is; where it is not, why."""

    name: str
    place: Place | None
    why_missing: str = ""


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


def listed_files(path: Path, files: str | None = None) -> Iterator[ListedFile]:
    """The files of a table's rows, in their order, of the column called `files` or inferred.

    Raises InputError where no column names files, or several do.
    """
    meaning = Meaning(files=files)
    tree, name = tree_of_table(path, meaning)
    base = name.rpartition("/")[0]
    known = Files(tree, base)
    table, roles = table_roles(records(path), known, meaning, labelled=False)
    for row in named_rows(table, roles, known, hinted_part(path.name, base, roles)):
        cell = row.cells[roles.file]
        if row.why_missing:
            why = f"line {row.line} of {path.name} {row.why_missing}"
            yield ListedFile(cell or f"{path.name}:{row.line}", None, why)
        else:
            yield ListedFile(cell, row.place or tree.place(row.file))


def _holds_pixels(path: Path) -> bool:
    return may_hold_pixels(path) and looks_like_pixels(path) and not names_files(path)
