"""How numbers are pictures: their shape, what is black and white, how the colours lie."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Shape = tuple[int, int, int]  # height, width and channels (1 or 3) of pixels


class PixelValues(NamedTuple):
    """What the numbers of pictures mean."""

    low: float  # the number that means black
    high: float  # … white
    # Of colour in rows of numbers: all of red, then all of green, then all of blue. None where no
    # row said it: arrays have an axis of channels.
    planar: bool | None = None

    def __str__(self) -> str:
        return f"{self.low:.10g}–{self.high:.10g}"


class PixelFormat(NamedTuple):
    """What is known of files of numbers that are read as others were before."""

    shape: Shape | None = None
    values: PixelValues | None = None


NO_FORMAT = PixelFormat()


def values_from_json(facts: Mapping[str, Any] | None) -> PixelValues | None:
    """What `PixelValues._asdict` wrote; raises KeyError or TypeError for anything else."""
    if facts is None:
        return None
    return PixelValues(float(facts["low"]), float(facts["high"]), facts["planar"])
