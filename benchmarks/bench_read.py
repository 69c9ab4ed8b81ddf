"""What does reading a folder of 100,000 files cost, beside a look at each of them?

`read()` lists the samples of folders of classes without opening a file; `os.walk` with an
`os.stat` of each file is what any program does that looks at every file once. Both see the same
folders, warm, in turn.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import machine

from diptych import read

FILES, CLASSES, ROUNDS = 100_000, 100, 7


def looked_at(folder: Path) -> int:
    """How many files there are, each of which is looked at."""
    count = 0
    for above, _, files in os.walk(folder):
        for file in files:
            os.stat(os.path.join(above, file))  # noqa: PTH116, PTH118 (as fast as it can be)
            count += 1
    return count


def class_folders(root: Path) -> Path:
    """A folder of each class."""
    for k in range(CLASSES):
        (root / f"class {k:03d}").mkdir()
        for i in range(FILES // CLASSES):
            (root / f"class {k:03d}" / f"IMG_{i:05d}.jpg").touch()
    return root


def seconds(run: Callable[[], int]) -> float:
    started = time.perf_counter()
    assert run() == FILES
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = class_folders(Path(folder))
        runs = {
            "os.walk and os.stat": lambda: looked_at(root),
            "read": lambda: len(read(root)),
        }
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                taken[name].append(seconds(run))
    ratios = [one / other for other, one in zip(*taken.values(), strict=True)]
    middle = ", ".join(f"{name} {statistics.median(s):.2f} s" for name, s in taken.items())
    print(f"{FILES:,} files in {CLASSES} folders: {middle}")
    print(f"read: {statistics.median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})")
    print(machine())


main()
