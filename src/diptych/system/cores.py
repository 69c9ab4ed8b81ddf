"""How many processors there are to compute on."""

import os
from pathlib import Path

# Microseconds of processor time in so many of the clock, where a container has a limit.
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """The processors that this process may use; in a container, as many as its quota is worth."""
    ours = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text().split()
        return max(1, min(ours, round(int(quota) / int(period))))
    except (OSError, ValueError):
        # No control group of version 2, or "max".
        return ours
