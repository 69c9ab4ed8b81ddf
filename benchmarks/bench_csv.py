"""What does reading MNIST's CSV.gz cost, beside polars and pandas on the same file?

Diptych's time is that of turning the file into checked uint8 pixels with labels, to where the cache
takes over, and beside it that of `read()`, which also hashes each picture and writes the cache.
pandas is no part of Diptych: `pip install pandas` first.
"""

import os
import statistics
import time
from collections.abc import Callable

import pandas as pd
import polars as pl
from measuring import SHARED, cold_cache, machine

from diptych import read
from diptych.data.pixel_format import PixelFormat
from diptych.sources.pixels.pixel_csv import read_pixels

FILE = SHARED / "mnist_train.csv.gz"


def parsed() -> None:
    rows = sum(len(pixels) for _, pixels in read_pixels(FILE, PixelFormat((28, 28, 1))))
    assert rows == 60_000


def cached() -> None:
    with cold_cache() as env:
        os.environ["DIPTYCH_CACHE"] = env["DIPTYCH_CACHE"]
        assert len(read(FILE)) == 60_000


def seconds(run: Callable[[], object]) -> float:
    started = time.monotonic()
    run()
    return time.monotonic() - started


def main() -> None:
    runs = {
        "polars": lambda: pl.read_csv(FILE),
        "pandas": lambda: pd.read_csv(FILE),
        "pixels": parsed,
        "read": cached,
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(3):
        for name, run in runs.items():
            taken[name].append(seconds(run))
    middle = {name: statistics.median(times) for name, times in taken.items()}
    print(", ".join(f"{name} {value:.2f} s" for name, value in middle.items()))
    for name in ("pixels", "read"):
        print(
            f"{name}: {middle[name] / middle['polars']:.2f} times polars.read_csv, "
            f"{middle['pandas'] / middle[name]:.1f} times as fast as pandas.read_csv"
        )
    print(machine())


main()
