import errno
from pathlib import Path

import numpy as np
import pytest

from diptych.errors import GateError, InputError
from diptych.system import memory
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


def test_the_limit_of_a_container_is_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, limit, used = (tmp_path / name for name in ("meminfo", "max", "current"))
    for name, file in (("FACTS", facts), ("LIMIT", limit), ("USED", used)):
        monkeypatch.setattr(memory, name, file)
    assert memory.memory() == (0, 0)
    facts.write_text("MemTotal:       1000 kB\nMemFree:  5 kB\nMemAvailable:    700 kB\n")
    assert memory.memory() == (1000 * 1024, 700 * 1024)
    limit.write_text("max\n")
    assert memory.memory() == (1000 * 1024, 700 * 1024)
    limit.write_text("500000\n")
    used.write_text("200000\n")
    assert memory.memory() == (500_000, 300_000)
