"""What somebody says of data that can be meant in several ways: --label, --group, --fold."""

from dataclasses import dataclass, fields
from typing import Any

from diptych.errors import InputError, described
from diptych.sources.name_patterns import name_pattern
from diptych.sources.part_words import PartWords

# How a column is named that is none: the folder of a picture, from the top; folder:1 is the first.
LEVEL = "folder:"


@dataclass(frozen=True)
class Meaning:
    """What was said; None, or nothing, where it is to be inferred.

    `files`, `label`, `part` and `group` are titles of columns, or levels of folders ("folder:2" is
    the second below the data set's root, which a group is with the way down to it; "folder:*/2" is
    its name alone); `label` and `group` may be what files are called too ("name:_", as
    `name_patterns` tells).
    """

    files: str | None = None
    label: str | None = None
    part: str | None = None
    group: tuple[str, ...] = ()
    fold: int | None = None  # which of the folds is to test on
    shape: str | None = None  # "28x28", "32x32x3"
    value_range: str | None = None  # "0-255", "-1-1"
    part_words: PartWords = ()  # what words of `part` mean

    def refuse_senseless(self) -> None:
        """Raise InputError for what says nothing, whatever the data are."""
        said = {"files": self.files, "label": self.label, "part": self.part}
        for name, value in (*said.items(), *(("group", one) for one in self.group)):
            if value is not None and (not isinstance(value, str) or not value.strip()):
                raise InputError(f"{name} is the title of a column, not {described(value)}")
            if value and value.startswith(LEVEL):
                level(value)
            if value and name_pattern(value) and name not in ("label", "group"):
                raise InputError(f"{name} is not read from names of files; label and group are")
        fold = self.fold
        if fold is not None and (isinstance(fold, bool) or not isinstance(fold, int) or fold < 0):
            raise InputError(f"fold is a whole number from 0 on, not {described(fold)}")

    def refuse_unused(self, where: object, kind: str, *used: str) -> None:
        """Raise InputError where something was said that means nothing of data of this kind."""
        for field in fields(self):
            is_used = field.name in (*used, "part_words")  # the words go with the part
            if not is_used and getattr(self, field.name) != field.default:
                option = {"value_range": "range"}.get(field.name, field.name)
                raise InputError(f"{where}: {kind} has no use for --{option}; leave it out")


def is_title(text: str) -> bool:
    """Whether a text is the title of a column: no level of folders, no pattern of names."""
    return level(text) is None and name_pattern(text) is None


def level(text: str) -> int | None:
    """Which folder below the root a text names, counted from 0; None where it is a title.

    Raises InputError for a level that there is not.
    """
    if not text.startswith(LEVEL):
        return None
    number: Any = text.removeprefix(LEVEL).removeprefix("*/")
    if not number.isdigit() or not int(number):
        raise InputError(f"'{text}': folders are counted from {LEVEL}1, the first below the root")
    return int(number) - 1


def is_level(text: str | None) -> bool:
    """Whether a text says folders or names of files; raises what these do."""
    return text is not None and not is_title(text)
