"""Pictures from many requests, decoded on every core and answered together.

Decoders hand pixels to the lanes, which run the network. A lane takes what is waiting, up to the
number of pictures that its plan has; while further ones are being decoded it waits for them no
longer than it saves by that.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition, Thread
from typing import NamedTuple

import numpy as np

from diptych.bundles.predictor import Answer, Predictor
from diptych.images.preprocess import Pixels, decode
from diptych.serving.batch_plan import Ask, Plan, found
from diptych.system.cores import cores

# Pictures that are decoded or wait decoded; others wait as they came, which takes less memory.
AHEAD = 64


class Batcher:
    """Answers for single pictures, of which it runs many together. Used from one event loop."""

    def __init__(
        self,
        predictor: Predictor,
        decoders: ThreadPoolExecutor,
        pixels_limit: int,
        seen: Callable[[Sequence[Answer]], None],
        plan: Plan | None = None,
    ) -> None:
        """`seen` is called with the answers of each batch, in the thread of its lane.

        Without a plan, one is found by trying.
        """
        shape = self._shape = predictor.bundle.shape
        self._decoders = decoders
        self._pixels_limit = pixels_limit
        self._seen = seen
        self._line = _Line()
        self._decoding = set[asyncio.Future[Answer]]()
        self._unanswered = 0
        self._retired = False
        parted = predictor.on_one_core()
        self.plan = plan or found(predictor.answered, parted, shape)
        self._ask: Ask = parted if self.plan.lanes == cores() else predictor.answered
        self._places = asyncio.Semaphore(max(AHEAD, 4 * self.plan.lanes * self.plan.size))
        for _ in range(self.plan.lanes):
            Thread(target=self._work, name="graph", daemon=True).start()

    async def answer(self, data: bytes) -> Answer:
        """The answer for an encoded picture; raises ImageError where it cannot be decoded."""
        with self._counted():
            async with self._places:
                return await self._decoded(data)

    async def answer_pixels(self, pixels: Pixels) -> Answer:
        """The answer for pixels of the bundle's shape."""
        with self._counted():
            async with self._places:
                answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
                self._line.put(_Waiting(pixels, answered))
                return await answered

    def retire(self) -> None:
        """Let the lanes end when all that was asked is answered."""
        self._retired = True
        self._end_if_idle()

    def _decoded(self, data: bytes) -> "asyncio.Future[Answer]":
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()

        def hand_over() -> None:
            try:
                if not answered.cancelled():
                    pixels = decode(data, self._shape, self._pixels_limit).pixels
                    self._line.put(_Waiting(pixels, answered))
            except Exception as error:
                loop.call_soon_threadsafe(_fail, [answered], error)
            finally:
                self._decoding.discard(answered)

        self._decoding.add(answered)
        self._decoders.submit(hand_over)
        return answered

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._unanswered += 1
        try:
            yield
        finally:
            self._unanswered -= 1
            self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self._retired and not self._unanswered:
            self._line.close()

    def _work(self) -> None:
        while (taken := self._line.take(self.plan, self._decoding)) is not None:
            if batch := [waiting for waiting in taken if not waiting.answered.cancelled()]:
                self._answer(batch)

    def _answer(self, batch: "list[_Waiting]") -> None:
        futures = [waiting.answered for waiting in batch]
        loop = futures[0].get_loop()
        try:
            pixels_NHWC = np.stack([waiting.pixels for waiting in batch])
            answers = list(self._ask(pixels_NHWC))
        except Exception as error:
            # Whatever a runtime raises: those who asked are told, and the next batch may do.
            loop.call_soon_threadsafe(_fail, futures, error)
        else:
            self._seen(answers)  # first: whoever has an answer finds it counted
            loop.call_soon_threadsafe(_fulfil, futures, answers)


class _Waiting(NamedTuple):
    pixels: Pixels
    answered: "asyncio.Future[Answer]"


class _Line:
    """Pictures that wait for a lane.

    Not queue.SimpleQueue: in Python 3.11 its get() with a timeout may wait for ever where another
    thread was quicker.
    """

    def __init__(self) -> None:
        self._waiting = deque[_Waiting]()
        self._changed = Condition()
        self._closed = False

    def put(self, waiting: _Waiting) -> None:
        with self._changed:
            self._waiting.append(waiting)
            self._changed.notify()

    def close(self) -> None:
        """Let every lane end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, plan: Plan, coming: Collection[object]) -> list[_Waiting] | None:
        """A batch: what is waiting, and what comes within the window; None when it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            taken = [self._waiting.popleft()]
            ended = time.monotonic() + plan.window
            while len(taken) < plan.size:
                if self._waiting:
                    taken.append(self._waiting.popleft())
                elif not (coming and self._changed.wait(ended - time.monotonic())):
                    break
            return taken


def _fulfil(futures: Sequence["asyncio.Future[Answer]"], answers: Sequence[Answer]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if not future.done():
            future.set_result(answer)


def _fail(futures: Sequence["asyncio.Future[Answer]"], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
