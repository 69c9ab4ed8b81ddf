"""`gathered.csv`: a row for each row of the table, with what came of it and what else it says.

It lies in the folder of pictures, whose reader knows it: classes are the folders, and what it says
besides are facts about the pictures. While a run goes on, rows are added as pictures come, so that
a killed one knows what it has; in the end they stand in the order of the table.
"""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

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


Add: TypeAlias = Callable[[Entry, Sequence[str]], object]


class Earlier(NamedTuple):
    """A row of a manifest that is there, with the cells of the table that it came from."""

    entry: Entry
    others: Mapping[str, str]  # by their titles


def earlier_rows(folder: Path) -> Mapping[str, Earlier]:
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
    titles = next(rows, [])
    if tuple(titles[: len(TITLES)]) != TITLES:
        raise InputError(
            f"{path}: it is no list that `diptych gather` wrote; call it otherwise, or name "
            "another --out"
        )
    return {row["path"]: _earlier(row) for row in _came(titles, rows)}


def _came(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[dict[str, str]]:
    for cells in rows:
        row = dict(zip(titles, cells, strict=False))
        if len(cells) == len(titles) and row["outcome"] == CAME and row["path"]:
            yield row


def _earlier(row: Mapping[str, str]) -> Earlier:
    own: dict[str, Any] = {title: row[title] for title in TITLES}
    for title in ("status", "bytes"):
        own[title] = int(row[title]) if row[title].isdecimal() else 0
    others = {title: cell for title, cell in row.items() if title not in _OWN}
    return Earlier(Entry(**own), others)


class Manifest:
    """The file, as it is written."""

    def __init__(self, folder: Path, titles: Sequence[str], earlier: Iterable[Earlier]) -> None:
        self._path = folder / GATHERED
        # What the table calls as we do keeps its cells under another name.
        own = [f"{title} (table)" if title in _OWN else title for title in titles]
        there = dict.fromkeys(title for row in earlier for title in row.others)
        self._further = [title for title in there if title not in own]
        self._titles = [*own, *self._further]

    def write(
        self, rows: Iterable[tuple[Entry, Sequence[str]]], earlier: Iterable[Earlier]
    ) -> None:
        """Write rows of the table, and earlier ones of others, aside, then rename it into place."""
        lines = [_line([*TITLES, *self._titles])]
        lines += [self._line(entry, others) for entry, others in rows]
        for entry, by_title in earlier:
            lines.append(_line([*entry, *(by_title.get(title, "") for title in self._titles)]))
        write_file(self._path, b"".join(lines))

    def _line(self, entry: Entry, others: Sequence[str]) -> bytes:
        return _line([*entry, *others, *("" for _ in self._further)])

    @contextmanager
    def adding(self) -> Iterator[Add]:
        """What adds a row of the table to its end, in one piece."""
        try:
            with self._path.open("ab", buffering=0) as file:
                yield lambda entry, others: os.write(file.fileno(), self._line(entry, others))
        except OSError as cause:
            raise InputError(f"{self._path}: cannot be written ({cause.strerror})") from cause


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode(errors="surrogateescape")
