"""One process of a cluster that works on chunks of rows: what an actor of Ray is made of."""

import contextlib
import importlib.metadata
import os
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from diptych.errors import DiptychError
from diptych.system.cores import LIMIT

# What an answer depends on; `diptych` because its rules are in it.
DECIDING = ("diptych", "numpy", "pillow", "pillow-heif", "onnxruntime", "openvino")
# What training depends on besides.
LEARNING = ("torch", "timm")


class Failure(NamedTuple):
    """What went wrong with a chunk, as a value: exceptions of others need not be known here."""

    error: DiptychError | None  # that was foreseen
    said: str


class Arrival(NamedTuple):
    """What a worker says of itself when it is there."""

    node: str  # its address
    pid: int
    versions: dict[str, str]


class Worker:
    """A process with one processor; it keeps what the last job had made."""

    def __init__(self) -> None:
        os.environ[LIMIT] = "1"
        with contextlib.suppress(ModuleNotFoundError):
            import pyarrow  # noqa: F401  # before any framework, or either may crash
        self._job = -1
        self._function: Callable[[Sequence[Any]], Sequence[Any]] = list

    def arrive(self) -> Arrival:
        """Say where this is, and what is installed there."""
        return Arrival(_node(), os.getpid(), deciding_versions())

    def work(self, job: int, make_ref: Sequence[Any], chunk: Sequence[Any]) -> list[Any] | Failure:
        """A result for each row of a chunk, or why there is none.

        `make_ref` is a list of one reference, which is opened once for each job.
        """

        def done() -> list[Any]:
            if job != self._job:
                self._function = _opened(make_ref[0])()
                self._job = job
            return list(self._function(chunk))

        results: list[Any] | Failure = _tried(done)
        return results


class Member:
    """A process of a crew, with some processors; it keeps what was made for it."""

    def __init__(self, processors: int) -> None:
        os.environ[LIMIT] = str(processors)
        with contextlib.suppress(ModuleNotFoundError):
            import pyarrow  # noqa: F401  # before any framework, or either may crash
        self._own: Any = None

    def begin(self, make: Callable[[], object]) -> Arrival | Failure:
        """Have made what this process is for, and say where this is."""

        def made() -> Arrival:
            self._own = make()
            return Arrival(_node(), os.getpid(), deciding_versions(LEARNING))

        arrival: Arrival | Failure = _tried(made)
        return arrival

    def call(self, method: str, *arguments: Any) -> Any:
        """What a method gives, or why it gives nothing, as a Failure."""
        return _tried(lambda: getattr(self._own, method)(*arguments))


def _tried(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except DiptychError as error:
        return Failure(error, str(error))
    except Exception:
        return Failure(None, traceback.format_exc())


def deciding_versions(besides: Sequence[str] = ()) -> dict[str, str]:
    """The versions of what answers depend on, where installed."""
    there = {}
    for name in (*DECIDING, *besides):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            there[name] = importlib.metadata.version(name)
    return there


def _opened(reference: Any) -> Any:
    import ray

    return ray.get(reference)


def _node() -> str:
    import ray

    node: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return node
