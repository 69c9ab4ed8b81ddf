"""The column of labels where no title tells: the one that is unlike a corner of a picture."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np

from diptych.sources.tables.cells import is_number
from diptych.sources.tables.opening import Table, decoded, dialect, open_table

_NUMBERED = re.compile(r"\D*\d+(\D+\d+)?")


def unnamed_label(path: Table, columns: Sequence[int], titles: Sequence[str]) -> int | None:
    """The first or the last column, whichever is less like a pixel, by all rows of the file.

    A file may be sorted by its labels: the first rows alone would not tell.
    """
    if len(columns) < 2:
        return None
    counts = _cell_counts(path, (columns[0], columns[-1]), bool(titles))

    def unlike_a_pixel(i: int) -> tuple[bool, bool, bool, float]:
        cells = counts[i]
        text = not all(map(is_number, cells))
        named = bool(titles) and not _NUMBERED.fullmatch(titles[i].strip())
        whole = all(float(cell).is_integer() for cell in cells if is_number(cell))
        return text, named, whole, _evenness(cells)

    return max((columns[0], columns[-1]), key=unlike_a_pixel)


def _cell_counts(path: Table, columns: Sequence[int], header: bool) -> dict[int, Counter[str]]:
    """How often each cell of some columns occurs."""
    counts = {i: Counter[str]() for i in columns}
    parted_by, skipped, _ = dialect(path)
    with open_table(path) as file:
        lines = (decoded(line) for line in islice(file, skipped + header, None))
        for row in csv.reader(lines, delimiter=parted_by):
            for i in columns:
                if i < len(row):
                    counts[i][row[i].strip()] += 1
    return counts


def _evenness(counts: Counter[str]) -> float:
    """High where a column has few values that are all frequent, as labels are.

    A corner of a picture has many values, or one that outweighs all others, or only that.
    """
    if len(counts) < 2:
        return 0.0
    shares = np.array(list(counts.values())) / counts.total()
    perplexity = float(np.exp(-(shares * np.log(shares)).sum()))
    return (perplexity / len(counts)) ** 2 / len(counts)
