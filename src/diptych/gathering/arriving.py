"""Many addresses at once: pictures as they arrive, and why others do not."""

import contextlib
import queue
import random
import threading
import time
from collections.abc import Generator, Iterable
from typing import NamedTuple

from diptych.gathering.addresses import WebAddress
from diptych.gathering.client import Client
from diptych.gathering.failures import Again, Failure
from diptych.gathering.fetching import Arrival, fetch
from diptych.gathering.limits import Limits
from diptych.gathering.retrying import backoff
from diptych.gathering.robots import Robots
from diptych.gathering.turns import Turns

# Pictures that wait to be written: a few, for each may be large.
AHEAD = 8
POLL = 0.1  # seconds
# Seconds that those who still ask have, once nobody waits for their answers.
PARTING = 1.0


class _Way(NamedTuple):
    """How far an address has been followed."""

    asked: WebAddress
    now: WebAddress
    visited: tuple[WebAddress, ...] = ()
    tries: int = 0


def arrivals(
    addresses: Iterable[WebAddress], client: Client, limits: Limits
) -> Generator[tuple[WebAddress, Arrival | Failure], None, None]:
    """Each address with what came of it, in whatever order. Close it to stop early."""
    fetcher = _Fetcher(client, limits)
    for address in addresses:
        fetcher.turns.put(_Way(address, address), address.host)
    threads = [threading.Thread(target=fetcher.run, daemon=True) for _ in range(limits.at_once)]
    for thread in threads:
        thread.start()
    try:
        working = len(threads)
        while working:
            result = fetcher.results.get()
            if result is None:
                working -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result
    finally:
        fetcher.stopped.set()
        fetcher.turns.stop()
        # A connection that is made as the client closes would be nobody's.
        until = time.monotonic() + PARTING
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))


class _Fetcher:
    """What the threads share."""

    def __init__(self, client: Client, limits: Limits) -> None:
        self.turns = Turns[_Way](limits.delay, limits.connections)
        self.results = queue.Queue[tuple[WebAddress, Arrival | Failure] | BaseException | None](
            AHEAD
        )
        self.stopped = threading.Event()
        self._client, self._limits = client, limits
        self._robots = Robots(client, limits.agent) if limits.robots else None
        self._draw = random.Random()

    def run(self) -> None:
        """Take turns until there are none."""
        try:
            while (way := self.turns.take()) is not None:
                self.turns.done(way.now.host, self._turn(way))
            self._give(None)
        except BaseException as error:  # raised where the results are used
            self._give(error)

    def _turn(self, way: _Way) -> Failure | None:
        """Ask once, and say what came of it, or let the address wait for another turn."""
        try:
            answer = self._asked(way)
        except Failure as failure:
            if isinstance(failure, Again) and self._may_wait(way, failure):
                return failure
            self._give((way.asked, failure))
            return failure
        if isinstance(answer, Arrival):
            self._give((way.asked, answer))
        else:
            visited = (*way.visited, way.now)
            self.turns.put(way._replace(now=answer, visited=visited, tries=0), answer.host)
        return None

    def _asked(self, way: _Way) -> Arrival | WebAddress:
        here = way.now
        if last := self.turns.why_given_up(here.host):
            said = f"{last.detail}; not asked, as others before it came to this".lstrip("; ")
            raise Failure(last.reason, said, last.status, in_vain=True, asked=False)
        if self._robots:
            self.turns.slow_down(here.host, self._robots.delay(here))
        answer = fetch(self._client, here, self._limits.bytes)
        if isinstance(answer, WebAddress):
            if answer in (*way.visited, here):
                raise Failure("too many redirects", "they lead in a circle")
            if len(way.visited) >= self._limits.redirects:
                raise Failure("too many redirects", f"more than {self._limits.redirects}")
        return answer

    def _may_wait(self, way: _Way, failure: Again) -> bool:
        """Put an address back, where asking later makes sense; whether it does."""
        tries, wait, host = way.tries + 1, failure.wait or 0.0, way.now.host
        if wait > self._limits.longest_wait:
            said = f"it asks to wait for {wait:,.0f} seconds"
            failure.detail = "; ".join(filter(None, (failure.detail, said)))
            self.turns.give_up(host, failure)
            return False
        if wait:
            self.turns.pause(host, wait)
        if tries >= self._limits.tries:
            return False
        own = backoff(self._limits.backoff, tries, self._draw)
        self.turns.put(way._replace(tries=tries), host, max(own, wait))
        return True

    def _give(self, result: tuple[WebAddress, Arrival | Failure] | BaseException | None) -> None:
        """Hand a result over, unless nobody waits for it any more."""
        while not self.stopped.is_set():
            with contextlib.suppress(queue.Full):
                self.results.put(result, timeout=POLL)
                break
