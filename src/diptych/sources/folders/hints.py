"""What may be meant by a tree in which there are no folders of several classes."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.kinds_in_names import fields_in, kinds_in

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
    if kinds := kinds_in(names):
        return (
            f"{kinds.example} and others have words in their names: if {some(kinds.words)} are the "
            f"classes, {kinds.option} reads them from there"
        )
    if fields := fields_in(names):
        return fields
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
