import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from diptych.images import cache
from diptych.images.store import Store
from diptych.system import locks
from diptych.system.locks import Taken, in_use, locked, share

HOLDER = """
import sys
from pathlib import Path
from diptych.system.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holding(path: Path) -> "subprocess.Popen[str]":
    """Another process that holds a lock until it is told to go."""
    command, pipe = [sys.executable, "-c", HOLDER, str(path)], subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_one_process_at_a_time_holds_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "a.lock"
    holder = holding(lock)
    with pytest.raises(Taken), locked(lock, wait=False):
        raise AssertionError("both hold it")
    holder.communicate("\n")
    with locked(lock, wait=False):
        assert lock.exists()
    assert not lock.exists()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    holder = holding(lock)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert lock.exists()
    with locked(lock, wait=False):
        pass


def test_those_who_wait_get_a_lock_one_after_the_other(tmp_path: Path) -> None:
    lock, inside, most = tmp_path / "a.lock", list[int](), list[int]()

    def work(number: int) -> None:
        for _ in range(5):
            with locked(lock):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 20
    assert not lock.exists()


@pytest.fixture
def nfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks as flock(2) describes those of NFS: by what a file is open for."""
    fcntl = pytest.importorskip("fcntl")
    flock = fcntl.flock

    def of_nfs(file: IO[Any] | int, operation: int) -> None:
        mode = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE
        if mode == (os.O_RDONLY if operation & fcntl.LOCK_EX else os.O_WRONLY):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", of_nfs)


@pytest.mark.usefixtures("nfs")
def test_a_file_on_nfs_is_in_use_as_long_as_it_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.rows"
    path.write_bytes(b"rows")
    assert not in_use(path)
    with path.open("rb") as file:
        share(file)
        assert in_use(path)
    assert not in_use(path)

    def read_only(path: Path) -> IO[Any]:
        return path.open("rb")

    # Where nobody can know, it stays.
    monkeypatch.setattr(locks, "_opened", read_only)
    assert in_use(path)


@pytest.mark.usefixtures("nfs")
def test_a_shard_that_is_written_on_nfs_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "pixels" / "kind", (4, 4), "uint8")
    store.add([("a", np.zeros((4, 4), np.uint8), {})])
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", "0")
    monkeypatch.setattr(cache, "_in_use", set())  # as another run sees it
    cache.make_room(tmp_path / "pixels")
    assert list(tmp_path.rglob("*.rows"))
    del store
    cache.make_room(tmp_path / "pixels")
    assert not list(tmp_path.rglob("*.rows"))
