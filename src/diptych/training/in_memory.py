"""The best epoch of a training of seconds, kept in memory: it is not worth a file on disk.

Of 3 s that a head took, syncing and deleting checkpoints were 2.
"""

import copy
from typing import Any, Protocol, cast

import numpy.typing as npt

from diptych.engines.contract import Engine
from diptych.training.progress import Progress


class HasState(Protocol):
    """An engine whose state is arrays, as that in NumPy."""

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All that changes in training."""
        ...

    def restore(self, state: dict[str, npt.NDArray[Any]]) -> None:
        """Go on from what `state` was."""
        ...


class InMemory:
    """Keeps the best epoch of the engine in NumPy, or its start."""

    def __init__(self) -> None:
        self._best: tuple[dict[str, npt.NDArray[Any]], Progress] | None = None
        self._lowered = 0

    def resume(self, engine: Engine) -> Progress:
        """All is still to do."""
        return Progress()

    def save(self, engine: Engine, progress: Progress) -> None:
        """Keep the best epoch; others are only good to go on after a kill."""
        if not progress.losses and progress.best == len(progress.history):
            self._best = copy.deepcopy((_state_of(engine).state(), progress))

    def load_best(self, engine: Engine, progress: Progress) -> None:
        """Give the engine the weights of the best epoch."""
        self._restored(engine)

    def go_back(self, engine: Engine, progress: Progress, reason: str) -> Progress:
        """Take up the best epoch again, or the start, to go on with a lower rate."""
        self._lowered += 1
        earlier = self._restored(engine)
        earlier.lowered = self._lowered
        return earlier

    def _restored(self, engine: Engine) -> Progress:
        assert self._best, "the start is kept before the first step"
        state, progress = copy.deepcopy(self._best)
        _state_of(engine).restore(state)
        return progress


def _state_of(engine: Engine) -> HasState:
    return cast(HasState, engine)
