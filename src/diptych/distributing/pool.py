"""Workers in Ray, one for each processor of a cluster, and chunks of rows in their order."""

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from diptych.distributing.connection import library
from diptych.distributing.crew import RayCrew
from diptych.distributing.refusals import about_start, failed, refuse_others
from diptych.distributing.worker import Failure, Worker, deciding_versions
from diptych.errors import InputError

_LOG = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

# Chunks that a worker has at a time: one under way, and one that it need not wait for.
EACH = 2
# Chunks under way or waiting for one before them, for each worker: so much is in memory at most.
WINDOW = 3
# Workers that may die of a chunk while they have nothing else, then of each of its rows.
DEATHS = 2
# Workers that may die as they start, beyond one for each processor, where none has arrived.
STILLBORN = 3
# Seconds between two looks at how large the cluster is, and until it is said that nobody works.
LOOK, PATIENCE = 5.0, 30.0


@dataclass(eq=False)
class _Task:
    """A chunk; `results` once they are there."""

    chunk: Sequence[Any]
    suspect: bool = False  # a worker died that had it: the next one has it alone, to know
    deaths: int = 0  # of workers that had it alone
    results: Sequence[Any] | None = None


@dataclass(eq=False)
class _Hand:
    """A worker, as it is known here."""

    actor: Any
    arrived: bool = False
    tasks: list[_Task] = field(default_factory=list)

    def may_have(self, task: _Task) -> bool:
        """Whether a task may be given to it now."""
        if task.suspect:
            return not self.tasks
        return len(self.tasks) < EACH and not any(one.suspect for one in self.tasks)


@dataclass(eq=False)
class _Job:
    """Chunks on their way; `window` has those whose results are not given away yet, in order."""

    number: int
    make_ref: list[Any]
    chunks: Iterator[Sequence[Any]]
    lost: Callable[[Any, str], Any]
    window: deque[_Task] = field(default_factory=deque)
    todo: deque[_Task] = field(default_factory=deque)  # those of the window that nobody has

    def fill(self, room: int) -> None:
        """Take chunks while there is room for them."""
        while len(self.window) < room and (chunk := next(self.chunks, None)) is not None:
            task = _Task(chunk)
            self.window.append(task)
            self.todo.append(task)

    def put_back(self, task: _Task) -> None:
        """Have a task done again; a chunk that workers die of row by row, to find the row."""
        if task.deaths < DEATHS:
            self.todo.appendleft(task)
        elif len(task.chunk) == 1:
            reason = f"{task.deaths} workers died of it"
            task.results = [self.lost(task.chunk[0], reason)]
        else:
            rows = [_Task(task.chunk[i : i + 1], suspect=True) for i in range(len(task.chunk))]
            place = self.window.index(task)
            del self.window[place]
            for offset, row in enumerate(rows):
                self.window.insert(place + offset, row)
            self.todo.extendleft(reversed(rows))


class Pool:
    """A workplace of as many workers as the cluster has processors; it grows with the cluster."""

    def __init__(self) -> None:
        self._ray = library()
        self._actor = self._ray.remote(Worker).options(
            num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD"
        )
        self._versions = deciding_versions()
        self._hands: list[_Hand] = []
        # What is awaited, with whose it is; of an arrival there is no task.
        self._awaited: dict[Any, tuple[_Hand, _Task | None]] = {}
        self._jobs = self._stillborn = self._wanted = 0
        self._looked = self._worked = time.monotonic()
        if not self._hire():
            raise InputError("the cluster has no processor to work on; add a node to it")

    def map(
        self,
        make: Callable[[], Callable[[Sequence[T]], Sequence[R]]],
        chunks: Iterable[Sequence[T]],
        lost: Callable[[T, str], R],
    ) -> Generator[R, None, None]:
        """See `Workplace.map`. Left early, what is under way is given up with its workers."""
        self._jobs += 1
        job = _Job(self._jobs, [self._ray.put(make)], iter(chunks), lost)
        try:
            while True:
                self._hand_out(job)
                if not job.window:
                    return
                while job.window and job.window[0].results is not None:
                    yield from job.window.popleft().results or ()
                self._await(job)
        except GeneratorExit:
            # Who takes just as many rows as there are leaves here, with nothing under way.
            if any(hand.tasks for hand in self._hands):
                self.close()
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let all workers go."""
        for hand in self._hands:
            with contextlib.suppress(Exception):  # the cluster may be gone
                self._ray.kill(hand.actor)
        self._hands, self._awaited = [], {}

    def crew(self, make: Callable[[], object], most: int) -> RayCrew:
        """See `Workplace.crew`; the workers make room for it, others come when needed."""
        self.close()
        return RayCrew(self._ray, make, most)

    def _hire(self) -> int:
        """See to it that there is a worker for each processor; how many there are."""
        self._looked = time.monotonic()
        self._wanted = int(self._ray.cluster_resources().get("CPU", 0))
        for _ in range(self._wanted - len(self._hands)):
            hand = _Hand(self._actor.remote())
            self._hands.append(hand)
            self._awaited[hand.actor.arrive.remote()] = hand, None
        return len(self._hands)

    def _hand_out(self, job: _Job) -> None:
        """Give every worker enough to do."""
        if not self._hands or time.monotonic() - self._looked > LOOK:
            self._hire()
        there = [hand for hand in self._hands if hand.arrived]
        job.fill(WINDOW * max(1, len(there)))
        while job.todo and (free := [hand for hand in there if hand.may_have(job.todo[0])]):
            task, hand = job.todo.popleft(), min(free, key=lambda hand: len(hand.tasks))
            hand.tasks.append(task)
            reference = hand.actor.work.remote(job.number, job.make_ref, task.chunk)
            self._awaited[reference] = hand, task

    def _await(self, job: _Job) -> None:
        """Wait until something comes of what is under way."""
        if not job.window or job.window[0].results is not None:
            return
        if self._awaited:
            ready, _ = self._ray.wait(list(self._awaited), num_returns=1, timeout=LOOK)
            for reference in ready:
                self._receive(job, reference)
        else:
            time.sleep(LOOK)  # there is no processor: a node may come
        if not any(hand.tasks for hand in self._hands) and self._idle_for(PATIENCE):
            _LOG.warning("no node of the cluster is free to work; waiting")

    def _idle_for(self, seconds: float) -> bool:
        """Whether so much time went by; counted anew then."""
        now = time.monotonic()
        if now - self._worked < seconds:
            return False
        self._worked = now
        return True

    def _receive(self, job: _Job, reference: Any) -> None:
        """Take what came, or what became of who should have sent it."""
        hand, task = self._awaited.pop(reference)
        exceptions = self._ray.exceptions
        try:
            value = self._ray.get(reference)
        except (exceptions.RayTaskError, exceptions.AuthenticationError) as error:
            raise InputError(about_start(error)) from error
        except exceptions.RayError as error:
            if getattr(error, "actor_init_failed", False):
                raise InputError(about_start(error)) from error
            if not (hand.arrived or _node_died(error)):
                self._count_stillborn()
            self._bury(job, hand, of_its_own=not _node_died(error))
            return
        self._worked = time.monotonic()
        if task is None:
            hand.arrived, self._stillborn = True, 0
            refuse_others(value, self._versions)
            return
        hand.tasks.remove(task)
        if isinstance(value, Failure):
            raise failed(value)
        task.results = value

    def _count_stillborn(self) -> None:
        """Raise InputError where worker after worker dies as it starts, and none is there."""
        self._stillborn += 1
        there = any(hand.arrived for hand in self._hands)
        if not there and self._stillborn >= self._wanted + STILLBORN:
            raise InputError(
                f"all workers die as they start, {self._stillborn} by now; see whether the nodes "
                "have memory for them, and what Ray's logs there say"
            )

    def _bury(self, job: _Job, hand: _Hand, *, of_its_own: bool) -> None:
        """Take a worker off that died; others do what it had in hand."""
        _LOG.warning(
            "a worker died; others go on with its pictures"
            if hand.arrived
            else "a worker died as it started; another is started"
        )
        self._hands.remove(hand)
        self._awaited = {ref: one for ref, one in self._awaited.items() if one[0] is not hand}
        with contextlib.suppress(Exception):
            self._ray.kill(hand.actor)  # where it could only not be reached
        for task in reversed(hand.tasks):
            if of_its_own:
                task.suspect = True
                task.deaths += len(hand.tasks) == 1
            job.put_back(task)
        if hand.arrived:
            self._hire()  # one that died as it started would die again at once: that waits


def _node_died(error: Exception) -> bool:
    """Whether a worker went with its machine, of which what it did is not the cause."""
    return "node has died" in str(error) or "node died" in str(error).lower()
