"""How many steps to take until the next checkpoint."""

import time

# Of an epoch of which nobody knows yet how long its steps take.
FIRST_STEPS = 16
# A checkpoint of a large network takes seconds: at most one in so many goes into them.
SHARE = 25


class Pace:
    """Measures steps and checkpoints, so that at most so many seconds are lost by a kill."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._saved = time.monotonic()
        self._seconds_per_step: float | None = None

    def steps(self, left: int) -> int:
        """How many of the steps that are left of an epoch to take at once."""
        if self._seconds_per_step is None:
            return min(left, FIRST_STEPS)
        until = self._pause - (time.monotonic() - self._saved)
        steps = max(1, int(until / max(self._seconds_per_step, 1e-9)))
        # No short rest: what is left over at the end has its checkpoint as an epoch.
        return steps if 1.5 * steps < left else left

    def took(self, steps: int, seconds: float) -> None:
        """Note how long steps took."""
        self._seconds_per_step = seconds / steps

    def is_due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.monotonic() - self._saved >= self._pause

    def saved(self, seconds: float) -> None:
        """Note that one was written just now, and how long that took."""
        self._saved = time.monotonic()
        if self._pause:
            self._pause = max(self._pause, SHARE * seconds)
