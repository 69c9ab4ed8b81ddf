"""How fast a file answers on this machine."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.graphs.outputs import Answer
from diptych.images.rows import Rows

BATCHES = (1, 8, 32)
# Of each figure: at most so many runs, and no more after so many seconds.
RUNS, SECONDS = 50, 0.5


class Speed(NamedTuple):
    """What a file takes."""

    p50: float  # milliseconds for one picture at a time
    p95: float
    rate: float  # pictures a second
    batch: int  # so many at a time


def measured(answer: Answer, pixels: Rows) -> Speed:
    """How long answers take, all processors at work."""
    taken = {size: np.array(_times(answer, pixels, size)) for size in BATCHES}
    rates = {size: size / float(np.median(times)) for size, times in taken.items()}
    batch = max(rates, key=lambda size: rates[size])
    p50, p95 = (1000 * float(q) for q in np.quantile(taken[1], [0.5, 0.95]))
    return Speed(p50, p95, rates[batch], batch)


def _times(answer: Answer, pixels: Rows, size: int) -> list[float]:
    """Seconds for each of some batches, the first of which is for warming up."""
    batches = _batches(pixels, size)
    answer(next(batches))
    taken: list[float] = []
    while len(taken) < RUNS and sum(taken) < SECONDS:
        batch = next(batches)
        started = time.perf_counter()
        answer(batch)
        taken.append(time.perf_counter() - started)
    return taken


def _batches(pixels: Rows, size: int) -> Iterator[npt.NDArray[Any]]:
    start = 0
    while True:
        yield np.ascontiguousarray(pixels[np.arange(start, start + size) % len(pixels)])
        start += size
