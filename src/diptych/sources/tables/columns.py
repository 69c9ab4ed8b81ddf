"""What people call the columns of a table."""

from collections.abc import Iterable, Sequence

from diptych.data.class_order import is_number as is_number

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

# What a column is called that holds all numbers of a picture.
TOGETHER = ("pixels",)
# A column of words with more different ones names pictures, and tells no kinds of them apart.
MOST_WORDS = 20


def column(titles: Sequence[str], names: Sequence[str]) -> int | None:
    """The position of the first of the names that is a title, in small letters or capitals."""
    lower = [title.strip().lower() for title in titles]
    return next((lower.index(name) for name in names if name in lower), None)


def is_telling(cells: Iterable[str]) -> bool:
    """Whether a column may tell kinds of pictures apart: by a few words, or by numbers."""
    different = {cell for cell in cells if cell}
    return len(different) > 1 and (len(different) <= MOST_WORDS or all(map(is_number, different)))
