"""A crew in Ray: processes that do one thing together, one for each machine or GPU."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from diptych.distributing.refusals import about_start, failed, refuse_others
from diptych.distributing.worker import LEARNING, Failure, Member, deciding_versions
from diptych.errors import InputError
from diptych.system.workplace import CrewLost

_LOG = logging.getLogger(__name__)

# Seconds between two looks at what is awaited, and until it is said that no node is free.
LOOK, PATIENCE = 5.0, 30.0
# Seconds within which the others tell that they have lost one, or Ray that it is dead.
GRACE = 60.0


class Place(NamedTuple):
    """Where a member works, and with what."""

    node: str  # its ID
    processors: int
    gpus: int = 0


class RayCrew:
    """See `Crew`."""

    def __init__(self, ray: Any, make: Callable[[], object], most: int) -> None:
        self._ray = ray
        places = list(places_of(ray.nodes()))[:most]
        if not places:
            raise InputError("the cluster has no processor to work on; add a node to it")
        self._actors = [self._at(place) for place in places]
        versions = deciding_versions(LEARNING)
        self.addresses: list[str] = []
        try:
            sent = ray.put(make)
            pending = [actor.begin.remote(sent) for actor in self._actors]
            for arrival in self._answers(pending, starting=True):
                refuse_others(arrival, versions)
                self.addresses.append(arrival.node)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._actors)

    def ask(self, method: str, each: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        """See `Crew.ask`."""
        pending = [
            actor.call.remote(method, *arguments)
            for actor, arguments in zip(self._actors, each, strict=True)
        ]
        return lambda: self._answers(pending)

    def ask_all(self, method: str, *arguments: Any) -> Callable[[], list[Any]]:
        """See `Crew.ask_all`; what is large goes to each machine once."""
        sent = tuple(self._ray.put(argument) for argument in arguments)
        return self.ask(method, [sent] * len(self))

    def ask_first(self, method: str, *arguments: Any) -> Callable[[], Any]:
        """See `Crew.ask_first`."""
        pending = [self._actors[0].call.remote(method, *arguments)]
        return lambda: self._answers(pending)[0]

    def close(self) -> None:
        """Send all away."""
        for actor in self._actors:
            with contextlib.suppress(Exception):  # the cluster may be gone
                self._ray.kill(actor)

    def _at(self, place: Place) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(place.node, soft=False)
        return (
            self._ray.remote(Member)
            .options(
                num_cpus=place.processors,
                num_gpus=place.gpus,
                max_restarts=0,
                scheduling_strategy=there,
            )
            .remote(place.processors)
        )

    def _answers(self, pending: Sequence[Any], *, starting: bool = False) -> list[Any]:
        """What each member answers; raises CrewLost where one died, with all sent away."""
        values = dict.fromkeys(range(len(pending)))
        failure: Failure | None = None
        deadline = float("inf")
        waiting = time.monotonic()
        place = {reference: i for i, reference in enumerate(pending)}
        while place and time.monotonic() < deadline:
            ready, _ = self._ray.wait(list(place), num_returns=1, timeout=LOOK)
            for reference in ready:
                value = self._value(reference)
                values[place.pop(reference)] = value
                if isinstance(value, Failure) and failure is None:
                    # Perhaps because another one is gone: then Ray will say so.
                    failure, deadline = value, time.monotonic() + GRACE
            if starting and place and time.monotonic() - waiting > PATIENCE:
                waiting = float("inf")
                _LOG.warning("not every node of the cluster is free to work; waiting")
        if failure:
            self.close()
            raise failed(failure)
        return list(values.values())

    def _value(self, reference: Any) -> Any:
        exceptions = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except (exceptions.RayTaskError, exceptions.AuthenticationError) as error:
            self.close()
            raise InputError(about_start(error)) from error
        except exceptions.RayError as error:
            self.close()
            if getattr(error, "actor_init_failed", False):
                raise InputError(about_start(error)) from error
            raise CrewLost(str(error)) from error


def places_of(nodes: Sequence[dict[str, Any]]) -> Iterator[Place]:
    """One for each GPU where there are some, else one for each machine that has processors."""
    alive = [node for node in nodes if node["Alive"]]
    with_gpus = any(node["Resources"].get("GPU", 0) >= 1 for node in alive)
    for node in alive:
        processors, gpus = (int(node["Resources"].get(kind, 0)) for kind in ("CPU", "GPU"))
        if with_gpus and gpus and processors:
            for _ in range(gpus):
                yield Place(node["NodeID"], max(1, processors // gpus), 1)
        elif processors and not with_gpus:
            yield Place(node["NodeID"], processors)
