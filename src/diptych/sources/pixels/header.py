"""Whether the first line of a pixel CSV is titles: these may be numbers too."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from diptych.sources.pixels.number_cells import FEWEST, kind_of_cell
from diptych.sources.tables.cells import is_number

_NUMBERED_AGAIN = re.compile(r"(.+?)(?:\.(\d+))?")


def is_header(first: Sequence[str], kinds: Sequence[str], decimal: str) -> bool:
    """Whether a first row is titles; `kinds` are those of the columns below it."""
    titled = [
        kind_of_cell(cell, decimal) != kind
        for cell, kind in zip(first, kinds, strict=False)
        if kind in ("number", "picture")
    ]
    if 2 * sum(titled) > len(titled):
        return True
    cells = [cell.strip() for cell in first]
    return _counts_up([cell for cell in cells if is_number(cell)]) or is_numbered_again(cells)


def is_numbered_again(first: Sequence[str]) -> bool:
    """Whether a first row is a picture that pandas took for titles: 0, 0.1, 0.2, 5, 0.3, 5.1.

    It gives each number that is there again a number of its own.
    """
    counts = Counter[str]()
    again = 0
    for cell in first:
        if not (found := _NUMBERED_AGAIN.fullmatch(cell)):
            continue
        title, number = found[1], found[2]
        if number is None:
            if title in counts:
                return False
            counts[title] = 0
            continue
        if counts.get(title, -1) != int(number) - 1 or number.startswith("0"):
            return False
        counts[title] += 1
        again += 1
    return again >= FEWEST


def _counts_up(numbers: Sequence[str]) -> bool:
    """Whether numbers are 0, 1, 2, 3 … or 1, 2, 3 …, as titles are and no picture is."""
    values = [float(number) for number in numbers]
    ups = all(after == before + 1 for before, after in pairwise(values))
    return len(values) >= FEWEST and values[0] in (0, 1) and ups
