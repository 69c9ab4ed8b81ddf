"""A pair of pictures that show the same."""

from typing import NamedTuple


class Pair(NamedTuple):
    """Two pictures that are almost the same; `similarity` is 1 where nothing differs."""

    first: int
    second: int
    similarity: float
    change: str = ""  # what was done to one of them, where it is more than a resize or a new light
