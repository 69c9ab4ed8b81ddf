"""What people call the columns of a table."""

import math
from collections.abc import Iterable, Sequence

from diptych.errors import InputError

LABELS = ("label", "labels", "class", "target", "y", "category", "emotion")
SPLITS = ("split", "usage", "part", "set", "subset", "fold")
FILES = (
    "file_name",
    "filename",
    "path",
    "image_path",
    "image",
    "file",
    "filepath",
    "id",
    "image_id",
)

PART_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "publictest"), "valid"),
    **dict.fromkeys(("test", "testing", "privatetest"), "test"),
}

# A column of words with more different ones names pictures, and tells no kinds of them apart.
MOST_WORDS = 20


def column(titles: Sequence[str], names: Sequence[str]) -> int | None:
    """The position of the first of the names that is a title, in small letters or capitals."""
    known = [title.strip().lower() for title in titles]
    return next((known.index(name) for name in names if name in known), None)


def part_of(text: str, where: str) -> str:
    """The part that a cell names; "" where it names none.

    Raises InputError, beginning with `where` the cell is, for anything else.
    """
    name = text.strip().lower().replace(" ", "").replace("_", "")
    if name and name not in PART_NAMES:
        raise InputError(f"{where}: no part '{text}'; it may be train, valid or test")
    return PART_NAMES.get(name, "")


def telling(cells: Iterable[str]) -> bool:
    """Whether a column may tell kinds of pictures apart: by a few words, or by numbers."""
    different = {cell for cell in cells if cell}
    return len(different) > 1 and (len(different) <= MOST_WORDS or all(map(is_number, different)))


def is_number(cell: str) -> bool:
    """Whether a cell is a number, and not infinite."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
