"""Too little memory, told from other failures, whichever library ran out of it."""

import contextlib
import errno
from collections.abc import Iterator

from diptych.errors import InputError

# How allocators say it where they raise no class of their own: PyTorch on processors and on GPUs,
# TensorFlow, ONNX Runtime, OpenVINO and oneDNN, C++, the loader of libraries, Python's threads.
SAYINGS = (
    "not enough memory",
    "out of memory",
    "allocate memory",
    "oom when allocating",
    "resource exhausted",
    "bad_alloc",
    "bad allocation",
    "failed to allocate",
    "unable to allocate",
    "could not allocate",
    "can't start new thread",
    "could not create a memory",
)


def short_of_memory(error: BaseException) -> bool:
    """Whether there was too little memory behind an error, or behind one that it came of."""
    visited: set[BaseException] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in visited:
            continue
        if _says_so(one):
            return True
        visited.add(one)
        waiting += [one.__cause__, one.__context__]
    return False


@contextlib.contextmanager
def memory_told(advice: str) -> Iterator[None]:
    """Too little memory as an InputError that ends with an advice.

    Also where it came up as another error of ours, such as a graph that cannot be read.
    """
    try:
        yield
    except Exception as cause:
        if not short_of_memory(cause):
            raise
        raise InputError(f"there is not enough memory; {advice}") from cause


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    text = str(error).lower()
    return type(error).__name__ == "ResourceExhaustedError" or any(s in text for s in SAYINGS)
