import asyncio
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from conftest import BLUE, RED, picture
from diptych import load
from diptych.bundles.predictor import Output
from diptych.errors import ImageError
from diptych.images.preprocess import Pixels, decode
from diptych.serving.batch_plan import BatchPlan, best_plan, measure
from diptych.serving.batching import Batcher
from served import encoded

PICTURES = [encoded(picture(300 + i, hue=(RED, BLUE)[i % 2])) for i in range(24)]


@pytest.mark.parametrize("plan", [BatchPlan(1, 8, 0.02, 1.0), BatchPlan(2, 1, 0.0, 1.0), None])
def test_pictures_are_answered_together_as_they_would_be_alone(
    bundle: Path, plan: BatchPlan | None
) -> None:
    predictor = load(bundle)
    batches: list[Sequence[Output]] = []

    async def ask() -> tuple[list[Output], list[Output], list[object]]:
        with ThreadPoolExecutor(2) as pool:
            batcher = Batcher(predictor, pool, 10**6, batches.append, plan)
            many = await asyncio.gather(*map(batcher.infer, PICTURES))
            bad = await asyncio.gather(batcher.infer(b"none"), return_exceptions=True)
            alone = [await batcher.infer_pixels(decode(p, (32, 32, 3)).pixels) for p in PICTURES]
            batcher.retire()
            return list(many), alone, list(bad)

    many, alone, bad = asyncio.run(ask())
    assert isinstance(bad[0], ImageError)
    for there, here in zip(many, alone, strict=True):
        assert there.p_K == pytest.approx(here.p_K, abs=1e-5)
        assert there.ood_score == pytest.approx(here.ood_score, abs=1e-4)
    assert sum(map(len, batches)) == 2 * len(PICTURES)
    if plan:
        assert max(map(len, batches)) <= plan.size
    wait_for_threads_to_end()


def wait_for_threads_to_end() -> None:
    deadline = time.monotonic() + 10
    while any(thread.name == "graph" for thread in threading.enumerate()):
        assert time.monotonic() < deadline


def test_who_has_begun_is_answered_though_it_is_retired_meanwhile(bundle: Path) -> None:
    async def ask() -> list[Output]:
        with ThreadPoolExecutor(2) as pool:
            plan = BatchPlan(2, 1, 0.0, 1.0)
            batcher = Batcher(load(bundle), pool, 10**6, lambda outputs: None, plan)
            with batcher.in_use():
                batcher.retire()
                await asyncio.sleep(0.05)
                async with asyncio.timeout(20):
                    return await asyncio.gather(*map(batcher.infer, PICTURES[:3]))

    assert len(asyncio.run(ask())) == 3
    wait_for_threads_to_end()


class Costing:
    """A graph that takes its time: some for a batch, and some for each picture."""

    def __init__(self, fixed: float, each: float) -> None:
        self._fixed, self._each = fixed, each

    def __call__(self, pixels_NHWC: Pixels) -> Iterable[Output]:
        time.sleep(self._fixed + self._each * len(pixels_NHWC))
        return [Output(np.ones(1, np.float32), 0.0, np.ones(1, np.float32))] * len(pixels_NHWC)


def test_batches_are_as_large_as_they_are_worth() -> None:
    shape = (8, 8, 3)
    assert measure(Costing(0.0, 0.02), 1, shape)[:2] == (1, 1)
    fixed = measure(Costing(0.01, 0.0), 1, shape)
    assert fixed.size >= 8
    assert 0 < fixed.window <= 0.02


def test_one_thread_is_taken_where_it_answers_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diptych.serving.batch_plan.cores", lambda: 2)
    slow, quick = Costing(0.0, 0.03), Costing(0.0, 0.01)
    assert best_plan(quick, slow, (8, 8, 3)).threads == 1
    assert best_plan(slow, slow, (8, 8, 3)).threads == 2
