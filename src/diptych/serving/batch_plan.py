"""How a network is best run on this machine, found by trying for less than a second.

A lane is a thread that runs the network: there may be one that uses every core, or one on each.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import NamedTuple

import numpy as np

from diptych.bundles.predictor import Answer
from diptych.data.dataset import Shape
from diptych.images.preprocess import Pixels
from diptych.system.cores import cores

SIZES = (1, 2, 4, 8, 16, 32)
# Seconds that the measurement of one way may take.
BUDGET = 0.4
# What a larger batch, or one lane, must gain to be worth its longer wait.
WORTHWHILE = 1.05
# Seconds that a picture waits for others at most.
LONGEST_WINDOW = 0.02

Ask = Callable[[Pixels], Iterable[Answer]]


class Plan(NamedTuple):
    """How pictures are answered."""

    lanes: int
    size: int  # pictures together
    window: float  # seconds that the first may wait for the others
    rate: float  # pictures a second, as it was measured


def found(together: Ask, parted: Ask, shape: Shape) -> Plan:
    """The plan that answers most: one lane on all cores, or one on each."""
    plan = measured(parted, cores(), shape)
    if cores() == 1:
        return plan
    other = measured(together, 1, shape)
    return other if other.rate > WORTHWHILE * plan.rate else plan


def measured(ask: Ask, lanes: int, shape: Shape) -> Plan:
    """The smallest batch that is about as fast as any, by trying; warms the graph up too."""
    ended = time.monotonic() + BUDGET
    rng = np.random.default_rng(0)
    best, alone = Plan(lanes, 1, 0.0, 0.0), 0.0
    with ThreadPoolExecutor(lanes) as pool:
        for size in SIZES:
            pixels_NHWC = rng.integers(0, 256, (size, *shape), np.uint8)
            seconds = min(_seconds(pool, lanes, ask, pixels_NHWC) for _ in range(3))
            alone = alone or seconds
            rate = lanes * size / seconds
            if rate > WORTHWHILE * best.rate:
                saved = max(alone - seconds / size, 0.0)
                best = Plan(lanes, size, min(saved, LONGEST_WINDOW), rate)
            if rate < best.rate / WORTHWHILE or time.monotonic() + 6 * seconds > ended:
                break
    return best


def _seconds(pool: ThreadPoolExecutor, lanes: int, ask: Ask, pixels_NHWC: Pixels) -> float:
    """How long it takes when every lane answers a batch."""
    started = time.perf_counter()
    wait([pool.submit(lambda: list(ask(pixels_NHWC))) for _ in range(lanes)])
    return time.perf_counter() - started
