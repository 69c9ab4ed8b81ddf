"""How a network is best run on this machine, found by trying for less than a second.

Either one thread runs it on every core, or as many threads as there are cores on one each.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from diptych.data.dataset import Shape
from diptych.images.preprocess import Pixels
from diptych.system.cores import cores

SIZES = (1, 2, 4, 8, 16, 32)
# Seconds that the measurement of one way may take.
BUDGET = 0.4
# What a larger batch, or one thread, must gain to be worth its longer wait.
WORTHWHILE = 1.05
# Seconds that a picture waits for others at most.
LONGEST_WINDOW = 0.02

Infer = Callable[[Pixels], Iterable[object]]


class BatchPlan(NamedTuple):
    """How pictures are answered."""

    threads: int
    size: int  # pictures together
    window: float  # seconds that the first may wait for the others
    rate: float  # pictures a second, as it was measured


def best_plan(on_all_cores: Infer, on_one_core: Infer, shape: Shape) -> BatchPlan:
    """The plan that answers most: one thread on all cores, or one on each."""
    many = measure(on_one_core, cores(), shape)
    if cores() == 1:
        return many
    one = measure(on_all_cores, 1, shape)
    return one if one.rate > WORTHWHILE * many.rate else many


def measure(infer: Infer, threads: int, shape: Shape) -> BatchPlan:
    """The smallest batch that is about as fast as any, by trying; warms the graph up too.

    Raises whatever the runtime raises: what fails at once would be the fastest.
    """
    deadline = time.monotonic() + BUDGET
    rng = np.random.default_rng(0)
    best, alone = BatchPlan(threads, 1, 0.0, 0.0), 0.0
    with ThreadPoolExecutor(threads) as pool:
        for size in SIZES:
            pixels_NHWC = rng.integers(0, 256, (size, *shape), np.uint8)
            seconds = min(_seconds(pool, threads, infer, pixels_NHWC) for _ in range(3))
            alone = alone or seconds
            rate = threads * size / seconds
            if rate > WORTHWHILE * best.rate:
                saved = max(alone - seconds / size, 0.0)
                best = BatchPlan(threads, size, min(saved, LONGEST_WINDOW), rate)
            if rate < best.rate / WORTHWHILE or time.monotonic() + 6 * seconds > deadline:
                break
    return best


def _seconds(pool: ThreadPoolExecutor, threads: int, infer: Infer, pixels_NHWC: Pixels) -> float:
    """How long it takes when every thread answers a batch."""
    started = time.perf_counter()
    for answer in [pool.submit(lambda: list(infer(pixels_NHWC))) for _ in range(threads)]:
        answer.result()
    return time.perf_counter() - started
