"""Folders of copies, of what was thrown away or not sorted yet, among the classes or in them."""

import re
from collections.abc import Collection

from diptych.errors import InputError
from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.folder_names import is_new, plain
from diptych.sources.folders.outline import Outline

# What such folders may hold, by their names; few classes are called so.
_SELDOM = {
    "what was thrown away": (
        *("deleted", "todelete", "tobedeleted", "removed", "discarded", "recyclebin", "recycled"),
        *("wastebasket", "papierkorb", "corbeille", "cestino", "papelera"),
    ),
    "copies": (
        *("backup", "backups", "bak", "duplicate", "duplicates", "dupes", "copies", "augmented"),
        *("thumbnail", "thumbnails", "thumbs", "preview", "previews"),
    ),
    "what is not sorted yet": (
        *("unsorted", "tosort", "todo", "tmp", "temp", "temporary", "cache"),
        *("image", "images", "img", "imgs", "allimages", "data", "dataset", "download"),
        *("downloads", "files"),
    ),
    "figures of a page": ("asset", "assets", "figure", "figures", "static"),
}
_KIND_OF = {name: kind for kind, names in _SELDOM.items() for name in names}
# Many a class is called so.
_OFTEN = {
    **dict.fromkeys(("trash", "rejected", "rejects"), "what was thrown away"),
    **dict.fromkeys(("old", "originals"), "copies"),
    **dict.fromkeys(("doc", "docs", "documentation"), "figures of a page"),
    **dict.fromkeys(("output", "outputs", "result", "results"), "what a program wrote"),
    **dict.fromkeys(("misc", "miscellaneous"), "what is not sorted yet"),
}
_BACKUP = re.compile(r"backup(?:of|vom|from|\d).*")

# Of when, where or in which order pictures were taken.
_DAY = re.compile(r"(photos? (from|of) )?(19|20)\d\d([-_. ]?\d\d([-_. ]?\d\d)?)?")
_OF_ORIGIN = re.compile(
    rf"{_DAY.pattern}|(batch|cam|camera|session|day|week|run|shoot|roll|dcim|visit)[-_ ]?\d+"
)


def note_on_origins(classes: Collection[str]) -> list[str]:
    """A line on classes that are called as days, batches or cameras are."""
    origins = [name for name in classes if _OF_ORIGIN.fullmatch(name.casefold())]
    if len(origins) < 2:
        return []
    return [
        f"{some(origins)} are read as classes; if they say when or how pictures were taken rather "
        "than what is on them, sort the pictures into folders of classes, or give a table of files "
        "and labels"
    ]


def refuse_leftovers(top: Outline, where: object, level: int) -> None:
    """Raise InputError where a folder among several classes is called as hardly any class is."""
    doubtful = {name: kind for name in top.folders if (kind := _seldom_a_class(name))}
    others = [name for name in top.folders if name not in doubtful]
    for name, kind in doubtful.items():
        if len(others) > 1 and not top.folders[name].is_empty:
            raise InputError(
                f"{where}: is {name} a class, beside {some(others)}, or does it hold {kind}? "
                f"--label folder:{level} says a class; else take it out of there"
            )


def kind_of_leftovers(name: str) -> str:
    """What a folder may hold besides a class, by its name; "" for most names."""
    return _seldom_a_class(name) or _OFTEN.get(plain(name), "")


def _seldom_a_class(name: str) -> str:
    """What a folder may hold that is called as hardly any class is; "" for other names."""
    word = plain(name)
    if is_new(name):
        return "what is not sorted yet"
    return "copies" if _BACKUP.fullmatch(word) else _KIND_OF.get(word, "")
