"""The machine: Python, processors, memory, and the folder of the cache."""

import contextlib
import importlib.metadata
import os
import platform
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from diptych.diagnosing.check import BROKEN, OK, Check
from diptych.errors import InputError
from diptych.images.cache import folder, limit
from diptych.system.cores import cores
from diptych.system.memory import memory

# Bytes that are written to see whether a folder can be; a disk that is full takes none.
PROBE = 2**16
ELSEWHERE = "set DIPTYCH_CACHE to another folder"


def machine() -> Iterator[Check]:
    """What is there, which always works."""
    version, python = importlib.metadata.version("diptych"), platform.python_version()
    facts = {"diptych": version, "python": python, "platform": platform.platform()}
    yield Check("Diptych", OK, f"{version} in {Path(__file__).parents[1]}", facts=facts)
    yield Check("Python", OK, f"{python} at {sys.executable} on {platform.platform()}")
    used, there = cores(), os.cpu_count() or 1
    words = f"{used}" if used == there else f"{used} of {there}"
    yield Check("processors", OK, words, facts={"cores": used})
    total, available = memory()
    words = f"{_gib(total)}, of which {_gib(available)} are free" if total else "unknown"
    facts_of_memory = {"bytes": total, "available": available}
    yield Check("memory", OK, words, facts={"memory": facts_of_memory})


def cache() -> Check:
    """Whether the cache can be written, and how much it holds."""
    try:
        place, allowed = folder(), limit()
    except InputError as error:
        return Check("cache", BROKEN, str(error), "set another, or none")
    except ImportError as error:
        return Check("cache", BROKEN, str(error), ELSEWHERE)
    size = sum(map(_size, place.rglob("*")))
    facts = {"folder": str(place), "bytes": size, "limit": allowed, "writable": True}
    try:
        above = next(f for f in (place, *place.absolute().parents) if f.exists())
        _write_in(above)
    except OSError as error:
        facts["writable"] = False
        detail = f"{place} cannot be written ({error.strerror})"
        return Check("cache", BROKEN, detail, ELSEWHERE, {"cache": facts})
    free = shutil.disk_usage(above).free
    detail = f"{place} holds {_gib(size)} of at most {_gib(allowed)}; {_gib(free)} are free there"
    return Check("cache", OK, detail, facts={"cache": facts})


def _size(file: Path) -> int:
    """The bytes of a file; 0 of anything else, and of what another run has just deleted."""
    with contextlib.suppress(OSError):
        facts = file.lstat()
        return facts.st_size if stat.S_ISREG(facts.st_mode) else 0
    return 0


def _write_in(folder: Path) -> None:
    """Write something that is gone afterwards; raises OSError where that is impossible."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(PROBE))
        file.flush()
        os.fsync(file.fileno())


def _gib(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"
