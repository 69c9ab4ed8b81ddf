import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from diptych.serving.together import KEPT, Together


class Kept:
    """What runs a group, and whether it was retired."""

    def __init__(self) -> None:
        self.retired = False

    def retire(self) -> None:
        self.retired = True


def ask(together: Together, names: str, opening: Callable[[], Any]) -> Any:
    return together.of(tuple((name, "1") for name in names), opening)


def test_who_goes_away_while_networks_are_merged_leaves_them_to_the_next() -> None:
    may_open, opened = threading.Event(), list[Kept]()

    def slow() -> Kept:
        may_open.wait(10)
        opened.append(Kept())
        return opened[-1]

    async def asked() -> None:
        together = Together()
        before = await ask(together, "ac", Kept)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask(together, "ab", slow)
        assert not before.retired
        may_open.set()
        first, second = [await ask(together, "ab", slow) for _ in range(2)]
        assert opened == [first]
        assert first is second
        assert not first.retired

    asyncio.run(asked())


def test_what_cannot_be_opened_is_tried_again_and_leaves_others_alone() -> None:
    def failing() -> Kept:
        raise RuntimeError("no memory")

    async def asked() -> None:
        together = Together()
        before = await ask(together, "ac", Kept)
        with pytest.raises(RuntimeError, match="no memory"):
            await ask(together, "ab", failing)
        assert not (await ask(together, "ab", Kept)).retired
        assert await ask(together, "ac", failing) is before
        assert not before.retired

    asyncio.run(asked())


def test_a_few_groups_are_kept_and_the_one_asked_longest_ago_goes() -> None:
    async def asked() -> None:
        together = Together()
        groups = [f"{i}{i + 1}" for i in range(KEPT + 1)]
        several = [await ask(together, group, Kept) for group in groups[:KEPT]]
        assert await ask(together, groups[0], Kept) is several[0]
        several.append(await ask(together, groups[KEPT], Kept))
        assert [one.retired for one in several] == [False, True, *[False] * (KEPT - 1)]
        together.forget(("0", "1"))
        assert several[0].retired

    asyncio.run(asked())


def test_groups_that_come_all_at_once_are_each_answered_by_what_runs() -> None:
    async def one(together: Together, group: str) -> None:
        assert not (await ask(together, group, Kept)).retired

    async def asked() -> None:
        together = Together()
        await asyncio.gather(*(one(together, f"{i:02}") for i in range(3 * KEPT)))

    asyncio.run(asked())
