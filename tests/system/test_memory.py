import errno

import numpy as np
import pytest

from diptych.errors import GateError, InputError
from diptych.system.memory import memory_told, short_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes."),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("Failed to allocate memory for requested buffer of size 805306368"),
        RuntimeError("can't start new thread"),
        GateError("the export cannot be run (std::bad_alloc); nothing was written"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libx.so: cannot allocate memory in static TLS block"),
        type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"),
    ],
    ids=repr,
)
def test_every_allocator_is_understood(error: Exception) -> None:
    assert short_of_memory(error)
    told = pytest.raises(InputError, match="there is not enough memory; use less")
    with told, memory_told("use less"):
        raise error


def test_numpys_own_error_and_those_that_came_of_it_are_understood() -> None:
    try:
        try:
            np.empty(2**60, np.uint8)
        except MemoryError as cause:
            raise ValueError("a library's own words") from cause
    except ValueError as error:
        assert short_of_memory(error)


@pytest.mark.parametrize("error", [ValueError("wrong shape"), GateError("differs"), OSError(2, "")])
def test_other_failures_stay_what_they_are(error: Exception) -> None:
    assert not short_of_memory(error)
    with pytest.raises(type(error)), memory_told("use less"):
        raise error
