"""Labels as columns of zeros and ones, one for each class."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from diptych.sources.folders.folder_names import is_unlabelled
from diptych.sources.tables.cells import truth
from diptych.sources.tables.rows import Records, Row

# The share of rows with a single one: two facts that are true or not have one by chance.
OF_TWO, OF_MORE = 0.95, 0.75


class OneHot(NamedTuple):
    """The columns of classes, and what those are called."""

    columns: tuple[int, ...]
    classes: tuple[str, ...]

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
    for columns in (binary, *_runs(binary)):
        if len(columns) < 2:
            continue
        block = OneHot(tuple(columns), tuple(table.titles[at] for at in columns))
        ones = [sum(bool(truth(row[at])) for at in columns) for row in table.rows]
        enough = OF_TWO if len(columns) == 2 else OF_MORE
        if ones.count(1) >= enough * len(ones):
            return block
    return None


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
