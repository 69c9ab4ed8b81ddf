"""Memory: how much there is, and whether something failed for want of it.

Libraries say the latter in many ways.
"""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from diptych.errors import InputError

FACTS = Path("/proc/meminfo")
# Bytes, or "max", where a container has a limit.
LIMIT, USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")

# How allocators say it where they raise no class of their own: PyTorch on processors and on GPUs,
# TensorFlow, ONNX Runtime, OpenVINO and oneDNN, C++, the loader of libraries, Python's threads.
SAYINGS = (
    "failed to map segment",  # of a library that is loaded
    "not enough memory",
    "out of memory",
    "allocate memory",
    "oom when allocating",
    "resource exhausted",
    "bad_alloc",
    "bad allocation",
    "failed to allocate",
    "unable to allocate",
    "could not allocate",
    "can't start new thread",
    "could not create a memory",
)


class Memory(NamedTuple):
    """Bytes; 0 where the system does not tell."""

    total: int
    available: int


def memory() -> Memory:
    """The memory of this machine; in a container, what its limit leaves of it."""
    try:
        lines = dict(line.split(":", 1) for line in FACTS.read_text().splitlines())
        total, available = (
            1024 * int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable")
        )
    except (OSError, ValueError, KeyError):
        return Memory(0, 0)
    try:
        limit = int(LIMIT.read_text())
        return Memory(min(total, limit), max(0, min(available, limit - int(USED.read_text()))))
    except (OSError, ValueError):
        # No control group of version 2, or "max".
        return Memory(total, available)


def short_of_memory(error: BaseException) -> bool:
    """Whether there was too little memory behind an error, or behind one that it came of."""
    visited: set[BaseException] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in visited:
            continue
        if _says_so(one):
            return True
        visited.add(one)
        waiting += [one.__cause__, one.__context__]
    return False


@contextlib.contextmanager
def memory_told(advice: str) -> Iterator[None]:
    """Too little memory as an InputError that ends with an advice.

    Also where it came up as another error of ours, such as a graph that cannot be read.
    """
    try:
        yield
    except Exception as cause:
        if not short_of_memory(cause):
            raise
        raise InputError(f"there is not enough memory; {advice}") from cause


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    text = str(error).lower()
    return type(error).__name__ == "ResourceExhaustedError" or any(s in text for s in SAYINGS)
