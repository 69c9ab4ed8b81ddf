"""`gathered.csv`: a row for each row of the table, with what came of it and what else it says.

It lies in the folder of pictures, whose reader knows it: classes are the folders, and what it says
besides are facts about the pictures. While a run goes on, rows are added as pictures come, so that
a killed one knows what it has; in the end they stand in the order of the table.
"""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from diptych.errors import InputError
from diptych.sources.tables.candidates import GATHERED
from diptych.system.files import write_file

CAME = "came"


class Entry(NamedTuple):
    """A row, but for the cells that the table has besides."""

    url: str  # without passwords and keys
    label: str
    path: str = ""  # below the folder, in posix form; "" where nothing came
    outcome: str = ""  # CAME, or why nothing did
    detail: str = ""
    status: int = 0  # of the last answer; 0 for none
    bytes: int = 0
    sha256: str = ""
    final_url: str = ""  # where it was found, after redirects


TITLES = Entry._fields
_OWN = set(TITLES)


def earlier_entries(folder: Path) -> Mapping[str, Entry]:
    """The pictures that the manifest of a folder knows, by their paths; none where it has none.

    Raises InputError where a file is called so that is no manifest.
    """
    path = folder / GATHERED
    try:
        text = path.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return {}
    except OSError as cause:
        raise InputError(f"{path}: cannot be read ({cause.strerror})") from cause
    # The last row of a killed run may be cut.
    rows = csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline=""), strict=False)
    if tuple(next(rows, ()))[: len(TITLES)] != TITLES:
        raise InputError(
            f"{path}: it is no list that `diptych gather` wrote; call it otherwise, or name "
            "another --out"
        )
    return dict(_with_paths(rows))


def _with_paths(rows: Iterable[Sequence[str]]) -> Iterator[tuple[str, Entry]]:
    for row in rows:
        cells = dict(zip(TITLES, row, strict=False))
        if cells.get("outcome") == CAME and cells.get("path") and len(row) >= len(TITLES):
            numbers = {
                title: int(cells[title]) if cells[title].isdecimal() else 0
                for title in ("status", "bytes")
            }
            yield cells["path"], Entry(**(cells | numbers))  # type: ignore[arg-type]


class Manifest:
    """The file, as it is written."""

    def __init__(self, folder: Path, titles: Sequence[str]) -> None:
        self._path = folder / GATHERED
        # What the table calls as we do keeps its cells under another name.
        self._titles = [f"{title} (table)" if title in _OWN else title for title in titles]

    def write(self, rows: Iterable[tuple[Entry, Sequence[str]]]) -> None:
        """Write all of it aside, then rename it into place."""
        head = _line([*TITLES, *self._titles])
        write_file(self._path, b"".join([head, *(_line([*e, *others]) for e, others in rows)]))

    @contextmanager
    def adding(self) -> Iterator["Adding"]:
        """It open for rows to be added."""
        try:
            with self._path.open("ab", buffering=0) as file:
                yield Adding(file)
        except OSError as cause:
            raise InputError(f"{self._path}: cannot be written ({cause.strerror})") from cause


class Adding:
    """A manifest to whose end rows are added, each in one piece."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    def add(self, entry: Entry, others: Sequence[str]) -> None:
        """Add a row."""
        os.write(self._file.fileno(), _line([*entry, *others]))


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode(errors="surrogateescape")
