"""In which order classes stand, wherever their names were read."""

import math
from collections.abc import Iterable


def in_order(classes: Iterable[str]) -> tuple[str, ...]:
    """Every class once: by their size where all are numbers, else as text."""
    different = sorted(set(classes))
    return tuple(sorted(different, key=float) if all(map(is_number, different)) else different)


def is_number(text: str) -> bool:
    """Whether a text is a number, and not infinite."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
