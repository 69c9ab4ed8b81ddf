"""How fast something answers on this machine, all its processors at work."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.images.rows import Rows

Workload = Callable[[npt.NDArray[Any]], object]  # of pixels (N, H, W, C)

# Of an exported file: batches of these sizes, each until so many runs or seconds are over.
BATCHES = (1, 8, 32)
FILE_RUNS, FILE_SECONDS = 50, 0.5
RUNS = 1000  # of others at most


class Latency(NamedTuple):
    """Milliseconds for one picture at a time."""

    p50: float
    p95: float


class FileSpeed(NamedTuple):
    """What an exported file takes."""

    p50: float  # milliseconds for one picture at a time
    p95: float
    rate: float  # pictures a second
    batch: int  # so many at a time


def file_speed(workload: Workload, pixels: Rows) -> FileSpeed:
    """The latency, and the rate with the batch size that is best."""
    times = {size: _seconds(workload, pixels, size, FILE_SECONDS, FILE_RUNS) for size in BATCHES}
    rates = {size: _rate(size, times[size]) for size in BATCHES}
    batch = max(rates, key=lambda size: rates[size])
    return FileSpeed(*_latency(times[1]), rates[batch], batch)


def latency(workload: Workload, pixels: Rows, seconds: float) -> Latency:
    """The median and the 95th percentile for one picture, measured for so long."""
    return _latency(_seconds(workload, pixels, 1, seconds, RUNS))


def rate(workload: Workload, pixels: Rows, size: int, seconds: float) -> float:
    """Pictures a second, `size` at a time, measured for so long."""
    return _rate(size, _seconds(workload, pixels, size, seconds, RUNS))


def _latency(times: list[float]) -> Latency:
    return Latency(*(1000 * float(q) for q in np.quantile(times, [0.5, 0.95])))


def _rate(size: int, times: list[float]) -> float:
    """By the median batch, so that a pause of the machine does not count."""
    return size / float(np.median(times))


def _seconds(workload: Workload, pixels: Rows, size: int, limit: float, runs: int) -> list[float]:
    """Seconds for each of some batches, after one for warming up."""
    batches = _batches(pixels, size)
    workload(next(batches))
    times: list[float] = []
    while len(times) < runs and sum(times) < limit:
        batch = next(batches)
        started = time.perf_counter()
        workload(batch)
        times.append(time.perf_counter() - started)
    return times


def _batches(pixels: Rows, size: int) -> Iterator[npt.NDArray[Any]]:
    """The pictures in turn, from the first again after the last."""
    start = 0
    while True:
        yield np.ascontiguousarray(pixels[np.arange(start, start + size) % len(pixels)])
        start += size
