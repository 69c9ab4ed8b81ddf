"""The networks of several models that are run together, kept for those who ask the same again."""

import asyncio
from collections.abc import Callable
from typing import Any

from diptych.bundles.predictor import Output
from diptych.serving.batching import Batcher
from diptych.serving.counters import ModelVersion

# Groups of models that are kept: each that shares a backbone has memory of its own.
KEPT = 4

# The models of a group, sorted, so that those asked for in another order are the same group.
Group = tuple[ModelVersion, ...]
Shared = Batcher[tuple[Output, ...]] | None  # None where they share nothing


class Together:
    """What runs groups of models: of those that were asked about last. Used from one event loop."""

    def __init__(self) -> None:
        self._openings: dict[Group, asyncio.Task[Shared]] = {}  # who was asked last stands last
        self._one_at_a_time = asyncio.Lock()

    async def of(self, group: Group, opening: Callable[[], Shared]) -> Shared:
        """What runs a group, opened in another thread where it is not yet.

        Who asked may go away meanwhile: it is opened for the next one. What is returned is in use
        at once, or may be retired at the next `await`.
        """
        while True:
            task = self._openings.pop(group, None) or self._open(opening)
            self._openings[group] = task
            shared = await asyncio.shield(task)
            # Others may have come, and this group gone, before this one was told.
            if self._openings.get(group) is task:
                return shared

    def close(self) -> None:
        """Let go of all that is open."""
        for group in list(self._openings):
            self._let_go(group)

    def forget(self, model: ModelVersion) -> None:
        """Let go of what ran a model that another has replaced."""
        for group in [group for group in self._openings if model in group]:
            self._let_go(group)

    def _open(self, opening: Callable[[], Shared]) -> "asyncio.Task[Shared]":
        async def opened() -> Shared:
            async with self._one_at_a_time:
                return await asyncio.get_running_loop().run_in_executor(None, opening)

        task = asyncio.create_task(opened())
        task.add_done_callback(self._settle)
        return task

    def _settle(self, done: "asyncio.Task[Any]") -> None:
        """Let go of what failed, to try it again, and of what was asked for longest ago."""
        for group, task in list(self._openings.items()):
            if task is done and (done.cancelled() or done.exception()):
                del self._openings[group]
        ready = [group for group, task in self._openings.items() if task.done()]
        for group in ready[:-KEPT]:
            self._let_go(group)

    def _let_go(self, group: Group) -> None:
        """Retire what runs a group; what is still being opened settles it when it is done."""
        if self._openings[group].done() and (shared := self._openings.pop(group).result()):
            shared.retire()
