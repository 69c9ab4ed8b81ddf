import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from diptych.errors import GateError, InputError
from diptych.system.child_process import ChildProcessFailed, run_child

CHILD = """
import os, sys, time
from pathlib import Path
from diptych.system.child_process import redirect_output, run_as_child
from diptych.errors import GateError, InputError

task = Path(sys.argv[1])

def main():
    tell = redirect_output(task)
    print("words of a library")
    print("and its last words", file=sys.stderr)
    tell("first")
    tell("sécond")
    {does}

run_as_child(main, task)
"""


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a task, and for the module that is its child."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    task = tmp_path / "task"
    task.mkdir()
    return task


def child(task: Path, does: str) -> Iterator[str]:
    (task.parent / "its_work.py").write_text(CHILD.format(does=does), encoding="utf-8")
    return run_child("its_work", task)


def test_lines_of_a_child_are_parted_from_what_its_libraries_write(running: Path) -> None:
    assert list(child(running, "pass")) == ["first", "sécond"]


@pytest.mark.parametrize("kind", [InputError, GateError])
def test_what_a_child_foresaw_is_raised_where_it_was_called(
    running: Path, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match="no such tool") as raised:
        list(child(running, f"raise {kind.__name__}('no such tool')"))
    assert raised.type is kind


def test_a_child_that_fails_otherwise_leaves_its_last_words(running: Path) -> None:
    with pytest.raises(ChildProcessFailed, match="ended with the code 7") as raised:
        list(child(running, "sys.stderr.flush(); os._exit(7)"))
    assert raised.value.last_line == "and its last words"


def test_a_child_that_was_stopped_stops_its_caller(running: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(child(running, "raise KeyboardInterrupt"))


def test_a_child_ends_with_its_caller(running: Path) -> None:
    lines = child(running, "tell(str(os.getpid())); time.sleep(600)")
    *_, pid = (next(lines) for _ in range(3))
    with contextlib.closing(lines):  # type: ignore[type-var]
        os.kill(int(pid), 0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_nothing_in_the_working_folder_is_imported(
    running: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for name in ("random", "statistics", "json", "torch", "diptych", "its_work"):
        (here / f"{name}.py").write_text("raise SystemExit('run from the working folder')")
    monkeypatch.chdir(here)
    started = (
        "import random, statistics, subprocess; tell(random.__file__); "
        "code = 'import random; print(random.__file__)'; "
        "tell(subprocess.check_output([sys.executable, '-c', code], text=True).strip())"
    )
    *_, own, of_a_grandchild = child(running, started)
    assert own == of_a_grandchild
    assert Path(own).is_relative_to(Path(os.__file__).parent)


def test_other_lines_on_the_output_of_a_child_do_no_harm(running: Path) -> None:
    stray = 'os.write(1, b"a library says hello\\n\\xff\\xfe no text, no end")\n'
    text = CHILD.format(does="pass").replace("task = Path", f"{stray}task = Path")
    (running.parent / "its_work.py").write_text(text, encoding="utf-8")
    assert list(run_child("its_work", running)) == ["first", "sécond"]


def test_a_full_disk_is_told_in_a_line(running: Path) -> None:
    full = f"raise OSError({errno.ENOSPC}, 'No space left on device', 'a.onnx')"
    with pytest.raises(InputError, match=r"^a\.onnx: cannot be written \(No space left on device"):
        list(child(running, full))


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        ("os.kill(os.getpid(), 9)", "was killed, as the system does where memory runs out"),
        ("raise MemoryError", "had not enough memory"),
        ("raise RuntimeError('std::bad_alloc')", "had not enough memory"),
    ],
)
def test_a_child_that_ran_out_of_memory_is_said_to(running: Path, does: str, expected: str) -> None:
    with pytest.raises(ChildProcessFailed, match=expected) as raised:
        list(child(running, does))
    assert raised.value.short_of_memory
