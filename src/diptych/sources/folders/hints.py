"""What may be meant by a tree in which there is no folder of a class."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from diptych.sources.folders.outline import DOCUMENTS

# cat.0.jpg, dog_17.jpg: a word, then what tells pictures of it apart.
_KIND = re.compile(r"([^\W\d_]+(?:[ _-][^\W\d_]+)*)[ _.-]*\(?\d+\)?", re.IGNORECASE)
MOST_KINDS = 50  # more words are names of pictures
_RECORDS = (".tfrecord", ".tfrecords", ".lmdb", ".mdb", ".rec", ".arrow")
_OBJECTS = (".xml", ".txt", ".json")
_OF_OBJECTS = re.compile(r"annotations?|coco|labels?|instances|bbox|yolo|voc", re.IGNORECASE)


def hint(names: Sequence[str]) -> str:
    """How files without a class may be given one, by their names; "" where these do not tell."""
    files = [PurePosixPath(name) for name in names]
    if records := [file.name for file in files if file.suffix.lower() in _RECORDS]:
        return (
            f"{records[0]}: records of another program are not opened; write their pictures into a "
            "folder for each class"
        )
    # Names that are numbers alone are those of pictures to predict.
    pictures = [
        file
        for file in files
        if file.suffix.lower().lstrip(".") not in DOCUMENTS and not file.stem.isdigit()
    ]
    kinds = Counter(match[1] for file in pictures if (match := _KIND.fullmatch(file.stem)))
    often = [kind for kind, count in kinds.items() if count > 1]
    if 1 < len(often) <= MOST_KINDS and sum(kinds[kind] for kind in often) == len(pictures):
        some = ", ".join(sorted(often)[:4]) + (", …" if len(often) > 4 else "")
        return (
            f"names begin with {some}: if those are the classes, put the pictures of each into a "
            "folder of its own, or name files and labels in a table"
        )
    objects = [
        file
        for file in files
        if file.suffix.lower() in _OBJECTS and _OF_OBJECTS.search(file.as_posix())
    ]
    if objects:
        return (
            f"{objects[0]} may say where objects lie on pictures; a classifier needs one label a "
            "picture: a folder for each class, or a table of files and labels"
        )
    return ""
