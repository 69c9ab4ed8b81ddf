"""Which column of a table has addresses and which labels, and what each of its rows wants."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from diptych.data.dataset import NONE
from diptych.errors import InputError, shortened
from diptych.gathering.class_folders import describe_renamed, folder_names
from diptych.sources.endings import is_called_picture
from diptych.sources.tables.cells import label_spellings, may_be_labels, no_labels
from diptych.sources.tables.label_cells import SeveralMeaningsError, labels_in
from diptych.sources.tables.label_column import NoLabelsError, label_column
from diptych.sources.tables.onehot import OneHot, one_hot
from diptych.sources.tables.rows import Records, Row, Uneven, position, records, without_header
from diptych.sources.tables.titles import (
    GROUPS,
    is_fact_title,
    is_label_title,
    is_part_title,
    plain,
)

_ADDRESS = re.compile(r"\s*https?://", re.IGNORECASE)
# Of so many of its cells that say something a column of addresses has one.
MOST = 0.5
# The surest first.
_TITLES = (
    *("url", "image_url", "img_url", "picture_url", "photo_url", "imageurl", "image_link"),
    *("image", "picture", "photo", "img", "media_url", "file_url", "download_url", "original_url"),
    *("link", "uri", "address", "identifier", "src"),
)
# Addresses of pages about a picture, or of small copies; people and licences.
_OF_OTHERS = re.compile(
    r"licen[cs]e|rights|author|creator|owner|profile|user|page|landing|reference|source|website"
    r"|homepage|thumb|preview|small|attribution|credit"
)


class Wanted(NamedTuple):
    """What a row asks for; `trouble` says why it cannot be had, "" where it can."""

    url: str
    label: str  # "" for none
    others: Sequence[str]  # the other cells
    trouble: tuple[str, str] = ("", "")


class WantedTable(NamedTuple):
    """All rows of a table, and how it was read."""

    rows: list[Wanted]
    titles: Sequence[str]  # of the other cells
    folders: Mapping[str, str]  # what each label is called as one
    note: str


def read_wanted(path: Path, url: str | None, label: str | None) -> WantedTable:
    """What a table wants to have gathered.

    Raises InputError where it cannot be read, where no column has addresses, and where several may
    have them or the labels.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        raise InputError(f"{path}: a folder; give a table with a column of addresses")
    table = records(path, uneven=True)
    if any(map(_ADDRESS.match, table.titles)):
        table = without_header(table)
    at = _address_column(table, url)
    label_at, word = _label_column(table, at, label)
    labels_of, used = _labels(table, label_at)
    others = [i for i in range(len(table.titles)) if i not in {at, *used}]
    titles = [table.titles[i] or f"column {i + 1}" for i in others]
    rows = [_wanted(row[at], labels_of(row), [row[i] for i in others]) for row in table.rows]
    rows += [_of_other_length(one, len(table.titles), len(titles)) for one in table.uneven]
    if NONE in (row.label for row in rows):
        raise InputError(
            f"{path}: no class may be called '{NONE}', which is the answer for pictures of "
            "something else; call it otherwise"
        )
    folders = folder_names({row.label for row in rows if row.label})
    note = f"{_addresses_word(table, at)}, {word}"
    return WantedTable(
        rows, titles, folders, "\n".join(filter(None, (note, describe_renamed(folders))))
    )


def _wanted(url: str, labels: Sequence[str], others: Sequence[str]) -> Wanted:
    if len(labels) > 1:
        said = f"{shortened(labels)}; a picture goes into one folder"
        return Wanted(url, "", others, ("several labels", said))
    # One spelling of letters that are written in two ways, as a data set has.
    label = unicodedata.normalize("NFC", labels[0]) if labels else ""
    return Wanted(url, label, others)


def _of_other_length(row: Uneven, columns: int, others: int) -> Wanted:
    said = f"line {row.line} has {len(row.cells)} cells, and the first line {columns}"
    url = next(filter(_ADDRESS.match, row.cells), "")
    return Wanted(url, "", [""] * others, ("row of another length", said))


def _addresses_word(table: Records, at: int) -> str:
    others = [table.titles[i] for i in _with_addresses(table) if i != at]
    also = f" ({shortened(others, 3)} has some too; --url says otherwise)" if others else ""
    return f"addresses in {table.titles[at]}{also}"


def _address_column(table: Records, said: str | None) -> int:
    if said is not None:
        return position(table, said, "url")
    some = _with_addresses(table)
    if not some:
        raise InputError(
            f"{table.path}: no column has addresses that begin with http:// or https://; it has "
            f"{shortened(table.titles)}; --url COLUMN says which it is"
        )
    for narrow in (_not_of_others, _called_pictures, _of_surest_title):
        some = narrow(table, some) or some
        # Columns of the same cells are one.
        if all(table.column(at) == table.column(some[0]) for at in some):
            _refuse_cut(table, some[0])
            return some[0]
    names = [table.titles[at] for at in some]
    raise InputError(
        f"{table.path}: several columns have addresses: {shortened(names)}; say which has those of "
        f"the pictures: --url '{names[0]}', for one"
    )


def _refuse_cut(table: Records, at: int) -> None:
    """Raise InputError for a column without a title, which is an address up to its first comma."""
    if not table.titles[at]:
        raise InputError(
            f"{table.path}: the addresses are in a column without a title; call it 'url', and "
            "write a cell that has the sign between columns in it in quotes"
        )


def _with_addresses(table: Records) -> list[int]:
    return [at for at in range(len(table.titles)) if _has_addresses(table.column(at))]


def _has_addresses(cells: Sequence[str]) -> bool:
    own = [cell for cell in cells if cell]
    return bool(own) and sum(map(bool, map(_ADDRESS.match, own))) >= MOST * len(own)


def _not_of_others(table: Records, some: Sequence[int]) -> list[int]:
    return [at for at in some if not _OF_OTHERS.search(plain(table.titles[at]))]


def _called_pictures(table: Records, some: Sequence[int]) -> list[int]:
    def called(at: int) -> int:
        return sum(is_called_picture(cell.partition("?")[0]) for cell in table.column(at))

    return [at for at in some if called(at) >= MOST * len(table.rows)]


def _of_surest_title(table: Records, some: Sequence[int]) -> list[int]:
    ranks = {at: _TITLES.index(t) for at in some if (t := plain(table.titles[at])) in _TITLES}
    return [at for at, rank in ranks.items() if rank == min(ranks.values())]


def _label_column(
    table: Records, addresses: int, said: str | None
) -> tuple[int | OneHot | None, str]:
    """The column of labels, if any, and a word on it; raises InputError where several may be."""
    if said is not None:
        at = position(table, said, "label")
        if at == addresses:
            raise InputError(f"{table.path}: {said} has the addresses, and no labels")
        return at, f"labels in {table.titles[at]}"
    links = _with_addresses(table)
    free = [at for at in range(len(table.titles)) if at != addresses and at not in links]
    if not any(is_label_title(table.titles[at]) for at in free):
        # Licences, authors and parts come again as classes do.
        free = [at for at in free if not _is_of_something_else(table.titles[at])]
        some = [at for at in free if may_be_labels(table.column(at))]
        if not some and not one_hot(table, free):
            return None, "no labels; --label COLUMN says which column has them"
    try:
        label = label_column(table, free)
    except NoLabelsError:
        return None, "no labels; --label COLUMN says which column has them"
    title = shortened(label.classes) if isinstance(label, OneHot) else table.titles[label]
    return label, f"labels in {title}"


def _is_of_something_else(title: str) -> bool:
    own = plain(title)
    is_of_others = bool(GROUPS.search(own) or _OF_OTHERS.search(own))
    return is_of_others or is_fact_title(title) or is_part_title(title)


def _labels(
    table: Records, label: int | OneHot | None
) -> tuple[Callable[[Row], Sequence[str]], Sequence[int]]:
    """What says the labels of a row, and the columns that it looks at."""
    if label is None:
        return lambda row: (), ()
    if isinstance(label, OneHot):
        return label.labels, label.columns
    cells = set(table.column(label))
    none = no_labels(cells)[0]
    spelt = label_spellings(cells - none)

    def labels_of(row: Row) -> Sequence[str]:
        cell = row[label]
        if cell in none:
            return ()
        try:
            several = labels_in(cell)
        except SeveralMeaningsError:
            several = (cell,)
        return several if len(several) != 1 or several[0] != cell else (spelt[cell],)

    return labels_of, (label,)
