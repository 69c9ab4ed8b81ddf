"""Whose turn it is: requests wait for their host, so that none is asked too often or too much."""

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from diptych.gathering.failures import Failure

T = TypeVar("T")

# After so many requests in a row that came to nothing, nothing more is asked of a host.
IN_VAIN = 20


@dataclass
class _Host:
    """A server, and what waits for it."""

    delay: float
    waiting: list[tuple[float, int]] = field(default_factory=list)  # a heap: from when on, number
    active: int = 0
    began: float = -math.inf  # when the last request did
    free_at: float = 0.0  # when the next one may
    in_vain: int = 0  # requests in a row that came to nothing
    given_up: Failure | None = None  # why it is asked no more


class Turns(Generic[T]):
    """Items in the order of their turns; many threads take them.

    To one host go no more than so many `connections` at a time, and from the beginning of one
    request to the next so many seconds of `delay` pass.
    """

    def __init__(
        self, delay: float, connections: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._delay, self._connections, self._clock = delay, connections, clock
        self._hosts: dict[str, _Host] = {}
        self._items: dict[int, T] = {}  # that wait, by number
        self._numbers = itertools.count()
        self._active = 0
        self._next: list[tuple[float, str]] = []  # a heap: when a host may have its turn at best
        self._changed = threading.Condition()
        self._stopped = False

    def put(self, item: T, host: str, wait: float = 0.0) -> None:
        """Let an item wait for its host, from so many seconds on."""
        with self._changed:
            number = next(self._numbers)
            self._items[number] = item
            heapq.heappush(self._host(host).waiting, (self._clock() + wait, number))
            self._queue(host)

    def take(self) -> T | None:
        """The next item, once it is its turn; None when all is done. Each is followed by `done`."""
        with self._changed:
            while not self._stopped and (self._items or self._active):
                now = self._clock()
                while self._next and self._next[0][0] <= now:
                    _, name = heapq.heappop(self._next)
                    at = self._turn(name)
                    if at is not None and at <= now:
                        return self._begin(name, now)
                    if at is not None:
                        heapq.heappush(self._next, (at, name))
                self._changed.wait(max(self._next[0][0] - now, 0) if self._next else None)
            self._changed.notify_all()
            return None

    def done(self, host: str, failure: Failure | None = None) -> None:
        """A turn is over, with a failure or without."""
        with self._changed:
            own = self._host(host)
            own.active -= 1
            self._active -= 1
            if failure and not failure.asked:
                own.free_at -= own.delay  # nobody has to wait for what was not asked
            if not failure or failure.asked or failure.in_vain:
                own.in_vain = own.in_vain + 1 if failure and failure.in_vain else 0
                if own.in_vain >= IN_VAIN:
                    own.given_up = own.given_up or failure
            self._queue(host)

    def pause(self, host: str, seconds: float) -> None:
        """Let a host be for a while."""
        with self._changed:
            own = self._host(host)
            own.free_at = max(own.free_at, self._clock() + seconds)

    def slow_down(self, host: str, delay: float) -> None:
        """Let at least so many seconds pass between requests to a host."""
        with self._changed:
            own = self._host(host)
            own.delay = max(own.delay, delay)
            own.free_at = max(own.free_at, own.began + own.delay)

    def give_up(self, host: str, failure: Failure) -> None:
        """Ask nothing more of a host, as after very many failures in a row."""
        with self._changed:
            self._host(host).given_up = failure
            self._queue(host)

    def why_given_up(self, host: str) -> Failure | None:
        """Why nothing more is asked of a host: what waits for it has its turn at once, to be told.

        None of a host that may be asked.
        """
        return self._host(host).given_up

    def stop(self) -> None:
        """Give nobody anything more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _host(self, name: str) -> _Host:
        return self._hosts.setdefault(name, _Host(self._delay))

    def _queue(self, name: str) -> None:
        at = self._turn(name)
        if at is not None:
            heapq.heappush(self._next, (at, name))
        self._changed.notify_all()

    def _turn(self, name: str) -> float | None:
        """When the next item of a host may begin; None where none may."""
        host = self._hosts[name]
        if not host.waiting:
            return None
        if host.given_up:
            return 0.0
        if host.active >= self._connections:
            return None
        return max(host.waiting[0][0], host.free_at)

    def _begin(self, name: str, now: float) -> T:
        host = self._hosts[name]
        _, number = heapq.heappop(host.waiting)
        host.active += 1
        self._active += 1
        host.began = now
        host.free_at = max(host.free_at, now + host.delay)
        self._queue(name)
        return self._items.pop(number)
