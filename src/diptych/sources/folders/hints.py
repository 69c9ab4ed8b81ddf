"""What may be meant by a tree in which there are no folders of several classes."""

import re
from collections.abc import Sequence

from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.kinds_in_names import fields_in, kinds_in
from diptych.sources.foreign import RECORDS, foreign
from diptych.sources.parts import part_named

_OBJECTS = (".xml", ".txt", ".json")
_OF_OBJECTS = re.compile(r"annotations?|coco|labels?|instances|bbox|yolo|voc", re.IGNORECASE)


def hint(names: Sequence[str]) -> str:
    """How files without a class may be given one, by their names; "" where these do not tell."""
    if records := next((name for name in names if name.lower().endswith(RECORDS)), ""):
        return f"{records.rpartition('/')[2]} is {foreign(records)}"
    kinds = kinds_in(names)
    if kinds and not all(map(part_named, kinds.words)):
        return (
            f"{kinds.example} and others have words in their names: if {some(kinds.words)} are the "
            f"classes, {kinds.option} reads them from there"
        )
    if fields := fields_in(names):
        return fields
    objects = [
        name for name in names if name.lower().endswith(_OBJECTS) and _OF_OBJECTS.search(name)
    ]
    if objects:
        return (
            f"{objects[0]} may say where objects lie on pictures; a classifier needs one label a "
            "picture: a folder for each class, or a table of files and labels"
        )
    return ""
