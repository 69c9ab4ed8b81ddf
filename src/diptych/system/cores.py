"""How many processors there are to compute on."""

import contextlib
import os
from pathlib import Path

# So many at most, where this is set: as it is for one of several workers on a machine.
LIMIT = "DIPTYCH_CORES"

# Microseconds of processor time in so many of the clock, where a container has a limit.
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """The processors that this process may use; in a container, as many as its quota is worth."""
    ours = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ours = min(ours, limit() or ours)
    try:
        quota, period = QUOTA.read_text().split()
        return max(1, min(ours, round(int(quota) / int(period))))
    except (OSError, ValueError):
        # No control group of version 2, or "max".
        return ours


def limit() -> int:
    """How many this process was told to use at most; 0 where nobody said so."""
    with contextlib.suppress(ValueError):
        return max(0, int(os.environ.get(LIMIT, "")))
    return 0
