"""Labels as columns of zeros and ones, one for each class."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from diptych.errors import shortened
from diptych.sources.folders.folder_names import is_unlabelled
from diptych.sources.tables.cells import truth
from diptych.sources.tables.rows import Records, Row

# The share of rows with a single one: two facts that are true or not have one by chance.
OF_TWO, OF_MORE = 0.95, 0.75
# Among more columns no set of classes is looked for.
MOST = 64


class OneHot(NamedTuple):
    """The columns of classes, and what those are called."""

    columns: tuple[int, ...]
    classes: tuple[str, ...]
    note: str = ""  # on other columns of zeros and ones, which are no classes

    def labels(self, row: Row) -> list[str]:
        """The classes that a row has a one for; a column such as Unlabeled is none of them."""
        ones = (truth(row[at]) for at in self.columns)
        marked = [label for label, one in zip(self.classes, ones, strict=True) if one]
        return [label for label in marked if not is_unlabelled(label)]


def one_hot(table: Records, free: Sequence[int]) -> OneHot | None:
    """The columns of zeros and ones of which most rows have a single one, among those free.

    None where there are none: several ones in most rows are several labels, and what lies between
    0 and 1 is a probability.
    """
    binary = [at for at in free if _is_binary(table, at)]
    if block := _exclusive(table, binary):
        return block
    for columns in (binary, *_runs(binary)):
        if len(columns) < 2:
            continue
        block = OneHot(tuple(columns), tuple(table.titles[at] for at in columns))
        ones = [sum(bool(truth(row[at])) for at in columns) for row in table.rows]
        enough = OF_TWO if len(columns) == 2 else OF_MORE
        if ones.count(1) >= enough * len(ones):
            return block
    return None


def _exclusive(table: Records, binary: Sequence[int]) -> OneHot | None:
    """The only columns of which each row has exactly one one, where others are facts besides.

    Three at least: two that are never both true are one fact, and what is not so.
    """
    if not 3 < len(binary) <= MOST or len(table.rows) < 2 * len(binary):
        return None
    ones = {at: {i for i, row in enumerate(table.rows) if truth(row[at])} for at in binary}
    ones = {at: own for at, own in ones.items() if own}
    sets = list(islice(_partitions(ones, set(range(len(table.rows)))), 2))
    if len(sets) != 1 or len(sets[0]) < 3:
        return None
    columns = tuple(sorted(sets[0]))
    others = [table.titles[at] for at in ones if at not in columns]
    if not others:
        return None  # all of them
    titles = tuple(table.titles[at] for at in columns)
    return OneHot(
        columns,
        titles,
        f"{shortened(titles)} are the classes: each row has a one in one of them; "
        f"{shortened(others)}, too, of zeros and ones, is none; --label COLUMN says otherwise",
    )


def _partitions(ones: Mapping[int, set[int]], rows: set[int]) -> Iterator[list[int]]:
    """The sets of columns of which each of some rows has a one in exactly one."""
    if not rows:
        yield []
        return
    first = min(rows)
    for at, own in ones.items():
        if first in own and own <= rows:
            for others in _partitions(ones, rows - own):
                yield [at, *others]


def _is_binary(table: Records, at: int) -> bool:
    return all(cell == "" or truth(cell) is not None for cell in set(table.column(at)))


def _runs(columns: Sequence[int]) -> Iterator[list[int]]:
    """The columns in pieces that lie side by side."""
    run: list[int] = []
    for at in columns:
        if run and at != run[-1] + 1:
            yield run
            run = []
        run.append(at)
    yield run
