"""A budget of time that is kept: what would not end in it does not begin."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from diptych.system.progress import Track
from diptych.tuning.budget import too_short

T = TypeVar("T")


class Clock:
    """Seconds from now on; None is as many as it takes."""

    def __init__(self, seconds: float | None) -> None:
        self._deadline = None if seconds is None else time.monotonic() + seconds

    @classmethod
    def until(cls, time_of_day: float | None) -> "Clock":
        """One that ends at a time in seconds since 1970, which other machines know too."""
        return cls(None if time_of_day is None else time_of_day - time.time())

    @property
    def time_of_day(self) -> float | None:
        """When it ends, in seconds since 1970; None for never."""
        return time.time() + self.left if self.has_deadline else None

    @property
    def has_deadline(self) -> bool:
        """Whether there is an end at all."""
        return self._deadline is not None

    @property
    def left(self) -> float:
        """Seconds."""
        return float("inf") if self._deadline is None else self._deadline - time.monotonic()

    def require(self, seconds: float, what: str) -> None:
        """Raise InputError where so many seconds are not left, with the least that is needed."""
        if seconds > self.left:
            raise too_short(self.left, seconds, what)

    def watched(self, track: Track) -> Track:
        """A Track that stops work which at its pace would not end in time, by InputError."""
        return track if self._deadline is None else _InTime(self, track)


class _InTime:
    def __init__(self, clock: Clock, track: Track) -> None:
        self._clock, self._track = clock, track

    def __call__(self, items: Iterable[T], doing: str, total: int) -> Iterable[T]:
        return self._track(self._watched(items, doing, total), doing, total)

    def _watched(self, items: Iterable[T], doing: str, total: int) -> Iterator[T]:
        started = time.monotonic()
        for done, item in enumerate(items):
            if done:
                pace = (time.monotonic() - started) / done
                self._clock.require(pace * (total - done), doing)
            yield item
