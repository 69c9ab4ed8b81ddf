"""A crew in Ray: processes that do one thing together, one for each machine or GPU."""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from diptych.distributing.refusals import about_start, failed, refuse_others
from diptych.distributing.worker import LEARNING, Failure, Member, deciding_versions
from diptych.errors import InputError
from diptych.system.workplace import CrewLost, Disconnected

_LOG = logging.getLogger(__name__)

# Seconds between two looks at what is awaited, and until fewer nodes are taken than there are.
LOOK, PATIENCE = 5.0, 30.0
# Seconds within which the others tell that they have lost one, or Ray that it is dead.
GRACE = 60.0


class Seats(NamedTuple):
    """What every member of a crew gets, and how many can have it."""

    members: int
    processors: int
    gpus: int  # 1 or 0

    @property
    def each(self) -> dict[str, int]:
        """What Ray is asked for."""
        return {"CPU": self.processors} | ({"GPU": self.gpus} if self.gpus else {})


class RayCrew:
    """See `Crew`."""

    def __init__(self, ray: Any, make: Callable[[], object], most: int) -> None:
        self._ray = ray
        self._actors: list[Any] = []
        self._group: Any = None
        self.addresses: list[str] = []
        seats = seats_of(ray.nodes())
        if not seats.members:
            raise InputError("the cluster has no processor to work on; add a node to it")
        versions = deciding_versions(LEARNING)
        try:
            self._take(seats, min(seats.members, most))
            sent = ray.put(make)
            pending = [actor.begin.remote(sent) for actor in self._actors]
            for arrival in self._answers(pending):
                refuse_others(arrival, versions)
                self.addresses.append(arrival.node)
        except BaseException:
            self.close()
            raise

    def _take(self, seats: Seats, members: int) -> None:
        """Take seats for all at once, or for fewer where others have them.

        So no two crews wait for each other.
        """
        from ray.util.placement_group import placement_group, remove_placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        strategy = "SPREAD" if seats.gpus else "STRICT_SPREAD"
        while True:
            group = placement_group([seats.each] * members, strategy=strategy)
            if group.wait(PATIENCE):
                break
            remove_placement_group(group)
            _LOG.warning("%d nodes of the cluster are not free to work; waiting", members)
            members = max(1, members - 1)
        self._group = group
        for index in range(members):
            there = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=index)
            kind = self._ray.remote(Member).options(
                num_cpus=seats.processors,
                num_gpus=seats.gpus,
                max_restarts=0,
                scheduling_strategy=there,
            )
            self._actors.append(kind.remote(seats.processors))

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
        if self._group is not None:
            from ray.util.placement_group import remove_placement_group

            with contextlib.suppress(Exception):
                remove_placement_group(self._group)
            self._group = None

    def _answers(self, pending: Sequence[Any]) -> list[Any]:
        """What each member answers; raises CrewLost where one died, with all sent away."""
        values = dict.fromkeys(range(len(pending)))
        failure: Failure | None = None
        deadline = float("inf")
        place = {reference: i for i, reference in enumerate(pending)}
        while place and time.monotonic() < deadline:
            ready, _ = self._ray.wait(list(place), num_returns=1, timeout=LOOK)
            for reference in ready:
                value = self._value(reference)
                values[place.pop(reference)] = value
                if isinstance(value, Failure) and failure is None:
                    # Perhaps because another one is gone: then Ray will say so.
                    failure, deadline = value, time.monotonic() + GRACE
        if failure:
            self.close()
            if isinstance(failure.error, Disconnected):
                raise CrewLost(failure.said)
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


def seats_of(nodes: Sequence[dict[str, Any]]) -> Seats:
    """One for each GPU where there are some, else one for each machine that has processors.

    Machines with less than half of the processors of the largest are left out: all would have to
    wait for them.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    sizes = [(int(one.get("CPU", 0)), int(one.get("GPU", 0))) for one in alive]
    if with_gpus := [(cpus, min(cpus, gpus)) for cpus, gpus in sizes if cpus and gpus]:
        return Seats(
            sum(gpus for _, gpus in with_gpus), min(cpus // gpus for cpus, gpus in with_gpus), 1
        )
    processors = [cpus for cpus, _ in sizes if cpus]
    enough = [cpus for cpus in processors if 2 * cpus >= max(processors)]
    return Seats(len(enough), min(enough, default=0), 0)
