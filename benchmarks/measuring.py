"""What the benchmarks share: where the real data lies, and how a command is measured."""

import csv
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

SHARED = Path(__file__).parents[2] / "shared" / "data"
PHOTOS = SHARED / "photos"


class Run(NamedTuple):
    """A finished command."""

    answer: Any  # what it printed, as JSON
    seconds: float
    peak_mib: float


@contextmanager
def cold_cache() -> Iterator[dict[str, str]]:
    """An environment whose cache is empty, and gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield {**os.environ, "DIPTYCH_CACHE": folder}


def measured(command: Sequence[str | Path], env: dict[str, str]) -> Run:
    """Run a command that prints JSON; peak memory is that of the largest process so far."""
    started = time.monotonic()
    done = subprocess.run([*map(str, command)], env=env, stdout=subprocess.PIPE, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Run(json.loads(done.stdout), time.monotonic() - started, peak)


def diptych(*arguments: str | Path) -> list[str | Path]:
    """The command line of a verb, with its answer in JSON."""
    return [sys.executable, "-m", "diptych", *arguments, "--json"]


def need_photos() -> Path:
    """The real photographs, or an end of the benchmark."""
    if not PHOTOS.is_dir():
        sys.exit(f"this benchmark needs the photographs in {PHOTOS}")
    return PHOTOS


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def machine() -> str:
    """The machine in a line."""
    cores = len(os.sched_getaffinity(0))
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line for line in facts.splitlines() if "model name" in line]
    units = [unit for unit in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if unit in facts]
    name = names[0].split(": ")[1] if names else platform.processor()
    return f"{name}, {cores} cores, {' '.join(units)}; Python {platform.python_version()}"
