"""Cells with a class and a box for each thing on a picture: ImageNet's `n01440764 85 1 499 272`."""

import json
import re
from collections.abc import Collection

from diptych.sources.tables.cells import says_nothing
from diptych.sources.tables.rows import Records

_BOX = r"[^\s\d-]\S*(?: -?\d+(?:\.\d+)?){4}"
_BOXES = re.compile(rf"{_BOX}(?: {_BOX})*")
_CLASS = re.compile(r"(\S+)(?: -?\d+(?:\.\d+)?){4}")


def without_boxes(table: Records, columns: Collection[int]) -> Records:
    """The table with the classes alone in such columns, as a list where there are several."""
    boxed = {at for at in columns if _is_boxed(table, at)}
    if not boxed:
        return table
    rows = [
        [_classes(cell) if at in boxed else cell for at, cell in enumerate(row)]
        for row in table.rows
    ]
    return table._replace(rows=rows)


def _is_boxed(table: Records, at: int) -> bool:
    cells = [cell for cell in table.column(at) if not says_nothing(cell)]
    return bool(cells) and all(map(_BOXES.fullmatch, cells))


def _classes(cell: str) -> str:
    classes = list(dict.fromkeys(_CLASS.findall(cell)))
    return classes[0] if len(classes) == 1 else json.dumps(classes) if classes else cell
