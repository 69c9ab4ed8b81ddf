"""Pictures from many requests, decoded on every core and answered together.

Decoders hand pixels to the threads that run the network. Such a thread takes what is waiting, up to
the number of pictures that its plan has; while further ones are being decoded it waits for them no
longer than it saves by that.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from diptych.bundles.format import Bundle
from diptych.images.preprocess import Pixels, decode
from diptych.serving.batch_plan import BatchPlan, best_plan
from diptych.system.cores import cores

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# Pictures that are decoded or wait decoded; others wait as they came, which takes less memory.
AHEAD = 64


class Network(Protocol[T_co]):
    """What gives something for each picture: a `Predictor`, or several networks together."""

    @property
    def bundle(self) -> Bundle:
        """For the shape and the depth of its pixels."""
        ...

    def outputs(self, pixels_NHWC: Pixels) -> Iterator[T_co]: ...

    def on_one_core(self) -> Callable[[Pixels], Iterator[T_co]]: ...


class Batcher(Generic[T]):
    """Answers for single pictures, of which it runs many together. Used from one event loop."""

    def __init__(
        self,
        predictor: Network[T],
        decoders: ThreadPoolExecutor,
        pixels_limit: int,
        record: Callable[[Sequence[T]], None],
        plan: BatchPlan | None = None,
    ) -> None:
        """`record` is called with the outputs of each batch, in the thread that ran it.

        Without a plan, one is found by trying.
        """
        shape = self._shape = predictor.bundle.shape
        self._bits = predictor.bundle.bits
        self._decoders = decoders
        self._pixels_limit = pixels_limit
        self._record = record
        self._queue = _Queue[T]()
        self._decoding = set[asyncio.Future[T]]()
        self._unanswered = 0
        self._retired = False
        on_one_core = predictor.on_one_core()
        self.plan = plan or best_plan(predictor.outputs, on_one_core, shape)
        self._infer: Callable[[Pixels], Iterator[T]] = (
            on_one_core if self.plan.threads == cores() else predictor.outputs
        )
        self._places = asyncio.Semaphore(max(AHEAD, 4 * self.plan.threads * self.plan.size))
        for _ in range(self.plan.threads):
            Thread(target=self._work, name="graph", daemon=True).start()

    async def infer(self, data: bytes) -> T:
        """The output for an encoded picture; raises ImageError where it cannot be decoded."""
        with self.in_use():
            async with self._places:
                return await self._decode(data)

    async def infer_pixels(self, pixels: Pixels) -> T:
        """The output for pixels of the bundle's shape."""
        with self.in_use():
            async with self._places:
                future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
                self._queue.put(_Waiting(pixels, future))
                return await future

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """For this long its threads go on, though it is retired meanwhile."""
        self._unanswered += 1
        try:
            yield
        finally:
            self._unanswered -= 1
            self._end_if_idle()

    def retire(self) -> None:
        """Let the threads end when all that was asked is answered."""
        self._retired = True
        self._end_if_idle()

    def _decode(self, data: bytes) -> "asyncio.Future[T]":
        """Have a picture decoded and put into the queue."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def hand_over() -> None:
            try:
                if not future.cancelled():
                    pixels = decode(
                        data, self._shape, self._bits, pixels_limit=self._pixels_limit
                    ).pixels
                    self._queue.put(_Waiting(pixels, future))
            except Exception as error:
                loop.call_soon_threadsafe(_fail, [future], error)
            finally:
                self._decoding.discard(future)

        self._decoding.add(future)
        self._decoders.submit(hand_over)
        return future

    def _end_if_idle(self) -> None:
        if self._retired and not self._unanswered:
            self._queue.close()

    def _work(self) -> None:
        """The life of a thread that runs the network."""
        while (pictures := self._queue.take(self.plan, self._decoding)) is not None:
            if batch := [waiting for waiting in pictures if not waiting.future.cancelled()]:
                self._run(batch)

    def _run(self, batch: "list[_Waiting[T]]") -> None:
        futures = [waiting.future for waiting in batch]
        loop = futures[0].get_loop()
        try:
            pixels_NHWC = np.stack([waiting.pixels for waiting in batch])
            outputs = list(self._infer(pixels_NHWC))
        except Exception as error:
            # Whatever a runtime raises: those who asked are told, and the next batch may do.
            loop.call_soon_threadsafe(_fail, futures, error)
        else:
            self._record(outputs)  # first: whoever has an answer finds it counted
            loop.call_soon_threadsafe(_fulfil, futures, outputs)


class _Waiting(NamedTuple, Generic[T]):
    pixels: Pixels
    future: "asyncio.Future[T]"


class _Queue(Generic[T]):
    """Pictures that wait for a thread.

    Not queue.SimpleQueue: in Python 3.11 its get() with a timeout may wait for ever where another
    thread was quicker.
    """

    def __init__(self) -> None:
        self._waiting = deque[_Waiting[T]]()
        self._changed = Condition()
        self._closed = False

    def put(self, waiting: _Waiting[T]) -> None:
        with self._changed:
            self._waiting.append(waiting)
            self._changed.notify()

    def close(self) -> None:
        """Let every thread end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, plan: BatchPlan, coming: Collection[object]) -> list[_Waiting[T]] | None:
        """A batch: what is waiting, and what comes within the window; None when it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            batch = [self._waiting.popleft()]
            deadline = time.monotonic() + plan.window
            while len(batch) < plan.size:
                if self._waiting:
                    batch.append(self._waiting.popleft())
                elif not (coming and self._changed.wait(deadline - time.monotonic())):
                    break
            return batch


def _fulfil(futures: Sequence["asyncio.Future[T]"], outputs: Sequence[T]) -> None:
    for future, output in zip(futures, outputs, strict=True):
        if not future.done():
            future.set_result(output)


def _fail(futures: Sequence["asyncio.Future[T]"], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
