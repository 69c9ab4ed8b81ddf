import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from diptych.system.locks import Taken, locked

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
