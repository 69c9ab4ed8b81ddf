"""How fast is a full audit beside cleanvision, and does its memory stay flat?

`diptych audit` of 1,200 photographs with an empty cache: every file decoded, copies looked for, a
network's features computed, all checks, the page with its map. Beside it cleanvision's own checks
on the same files (CLEANVISION names a Python that has it), each three times, in turn. Then the peak
of memory with 1,000 and with 20,000 pictures, at 64 pixels so that it is done before lunch. With
the argument "memory" or "speed" only that part is run.
"""

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median

from measuring import SHARED, cold_cache, diptych, machine, measured, need_photos

ROUNDS, FEW, MANY, SIZE = 3, 1_000, 20_000, "64"
_CLEANVISION = (
    "import sys; from cleanvision import Imagelab; "
    "Imagelab(data_path=sys.argv[1]).find_issues(verbose=False)"
)


def audited(folder: Path, *options: str) -> tuple[float, float]:
    """The seconds and the peak of memory, in MiB, of an audit with an empty cache."""
    with cold_cache() as env, tempfile.TemporaryDirectory() as out:
        run = measured(diptych("audit", folder, "--out", Path(out) / "looked", *options), env)
        return run.seconds, run.peak_mib


def cleanvision(folder: Path, python: str) -> float:
    """The seconds of cleanvision."""
    started = time.monotonic()
    subprocess.run([python, "-c", _CLEANVISION, str(folder)], check=True, capture_output=True)
    return time.monotonic() - started


def main() -> None:
    wanted = sys.argv[1:] or ["memory", "speed"]
    print(machine())
    if "memory" in wanted:
        memory()
    if "speed" in wanted:
        speed()


def memory() -> None:
    """The peak with few pictures and with many."""
    # The peak is that of the largest process so far: the smallest comes first.
    with tempfile.TemporaryDirectory() as name:
        with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
            names = sorted(one for one in archive.namelist() if one.startswith("train/"))
            for count in (FEW, MANY):
                archive.extractall(Path(name) / str(count), names[:: len(names) // count][:count])
        for count in (FEW, MANY):
            seconds, peak = audited(Path(name) / str(count) / "train", "--size", SIZE)
            print(f"{count:,} pictures: {seconds:.0f} s, peak {peak:.0f} MiB", flush=True)


def speed() -> None:
    """An audit beside cleanvision."""
    photos, python = need_photos(), os.environ.get("CLEANVISION", "")
    ratios = []
    for _ in range(ROUNDS):
        ours, _ = audited(photos)
        theirs = cleanvision(photos, python) if python else float("nan")
        ratios.append(theirs / ours)
        print(f"audit {ours:.1f} s ({1200 / ours:.0f} a second), cleanvision {theirs:.1f} s")
    print(f"an audit is {median(ratios):.2f} times as fast as cleanvision")


if __name__ == "__main__":
    main()
