"""Where work over many pictures is done: in this process, or elsewhere where somebody says so.

Whoever has many pictures asks `elsewhere()`. Nothing but the package that opens such a place knows
what it is.
"""

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from diptych.errors import DiptychError

T = TypeVar("T")
R = TypeVar("R")


class CrewLost(Exception):
    """A process of a crew died, and the others were sent away."""


class Disconnected(DiptychError):
    """Raised in a process of a crew that reaches the others no longer."""


class Crew(Protocol):
    """Processes that do one thing together; each keeps what was made there.

    Each does what it is asked one thing after the other. Where one dies, all raise CrewLost.
    """

    def __len__(self) -> int: ...

    @property
    def addresses(self) -> Sequence[str]:
        """Those of the machines on which they are."""

    def ask(self, method: str, each: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        """Call a method in every process, with the arguments of each; returns what waits for it.

        That gives the answers in the order of the processes. A DiptychError is raised there.
        """

    def ask_all(self, method: str, *arguments: Any) -> Callable[[], list[Any]]:
        """The same with the same arguments in every process."""

    def ask_first(self, method: str, *arguments: Any) -> Callable[[], Any]:
        """Call a method in the first process alone; returns what waits for its answer."""

    def close(self) -> None:
        """Send all away."""


class Workplace(Protocol):
    """Other processes, perhaps on other machines, that work on chunks of rows."""

    def map(
        self,
        make: Callable[[], Callable[[Sequence[T]], Sequence[R]]],
        chunks: Iterable[Sequence[T]],
        lost: Callable[[T, str], R],
    ) -> Generator[R, None, None]:
        """What is made of each row, one by one, in the order of the rows.

        Each process calls `make` once, by its name, and gives the chunks to what it returns, which
        has a result for each row. A process that dies is replaced, and its chunk is worked on
        again; `lost` is the result of a row that no process survives, with the reason. A
        DiptychError of a function is raised here.
        """

    def crew(self, make: Callable[[], object], most: int) -> Crew:
        """One process for each machine, or for each GPU where there are some; `most` at most.

        Each calls `make` once, for the object whose methods it is asked to call.
        """


_PLACE: ContextVar[Workplace | None] = ContextVar("workplace", default=None)


def elsewhere() -> Workplace | None:
    """The place where work is to be done; None for this process."""
    return _PLACE.get()


@contextlib.contextmanager
def working_at(place: Workplace | None) -> Iterator[None]:
    """Have the work of the block done at a place; in this process for None."""
    before = _PLACE.set(place)
    try:
        yield
    finally:
        _PLACE.reset(before)
