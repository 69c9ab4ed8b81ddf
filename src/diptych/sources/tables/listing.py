"""The files that a table names, to be answered for: with labels, or without."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.data.places import Place
from diptych.sources.meaning import Meaning
from diptych.sources.tables.column_roles import table_roles
from diptych.sources.tables.files import hinted_part
from diptych.sources.tables.matching import Files
from diptych.sources.tables.records import records
from diptych.sources.tables.row_files import named_rows
from diptych.sources.tables.whereabouts import tree_of_table


class ListedFile(NamedTuple):
    """What a row calls a file, and where that is; where it is not, why."""

    name: str
    place: Place | None
    why_missing: str = ""


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
