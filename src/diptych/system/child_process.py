"""Work in a process of its own, from both sides.

Frameworks that end each other's process, tools that fill the output with talk, and figures such as
peak memory need one. The caller names a module and the folder of the task, and takes the lines that
the child writes to it; what was foreseen to go wrong there is raised here. Nothing that lies in the
working folder is imported there, and other lines on the child's output do no harm.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from diptych.errors import DiptychError, GateError, InputError
from diptych.system.files import is_full
from diptych.system.memory import short_of_memory
from diptych.system.privacy import folders_in_cache

FAILURE, OUTPUT = "failure.json", "output.txt"
NO_MEMORY = 12  # the exit code of a child that says so itself: ENOMEM's number
KILLED = -9  # by the signal SIGKILL
PATIENCE = 0.25  # seconds for a child to end by itself, where its caller is stopped
# The record separator of ASCII stands before every line that is meant for the caller, as in JSON
# text sequences (RFC 7464): an imported library may have written to the same output.
_MARK = "\x1e"
_SAFE_PATH = "PYTHONSAFEPATH"


class ChildProcessFailed(DiptychError):
    """A child ended before its work was done, for no reason that it foresaw."""

    def __init__(self, code: int, output: str) -> None:
        super().__init__(_how_it_ended(code))
        self.short_of_memory = code in (NO_MEMORY, KILLED)
        self.last_line = output.splitlines()[-1] if output else ""  # of what its libraries wrote


def _how_it_ended(code: int) -> str:
    """The end of a process in words."""
    if code == NO_MEMORY:
        return "its process had not enough memory"
    if code == KILLED:
        return "its process was killed, as the system does where memory runs out"
    if code < 0:
        return f"its process was ended by the signal {-code}"
    return f"its process ended with the code {code}"


def run_child(module: str, task: Path, *arguments: str) -> Iterator[str]:
    """Run `python -m module TASK …` and yield the lines that it writes to us, as they come.

    The child ends with the iterator. Raises the failure that it foresaw, KeyboardInterrupt where it
    was stopped, and ChildProcessFailed where it failed otherwise.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, str(task), *arguments],
        env={**os.environ, _SAFE_PATH: "1"},  # for what is started from there
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            _, mark, ours = line.rstrip("\n").rpartition(_MARK)
            if mark:
                yield ours
        code = process.wait()
    finally:
        _end(process)
    if code == 130:
        raise KeyboardInterrupt
    if (failure := task / FAILURE).exists():
        kind, text = json.loads(failure.read_text(encoding="utf-8"))
        raise GateError(text) if kind == GateError.__name__ else InputError(text)
    if code:
        file = task / OUTPUT
        output = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        raise ChildProcessFailed(code, output.strip())


def keep_out_working_folder() -> None:
    """See to it that no Python started from this process imports what lies in the working folder.

    A `random.py` there would be run instead of Python's own. `run_child` sees to it itself; this is
    for what libraries start, such as the workers and the resource tracker of `multiprocessing`.
    """
    os.environ[_SAFE_PATH] = "1"


def redirect_output(task: Path) -> Callable[[str], object]:
    """In a child: lead all that libraries write into a file.

    Returns a function that writes a line to the caller.
    """
    caller = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    output = os.open(task / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    return lambda line: caller.write(f"{_MARK}{line}\n")


def run_as_child(main: Callable[[], object], task: Path) -> None:
    """In a child: run `main`, and end the process if it was stopped or foresaw a failure."""
    try:
        # Whatever imports them first.
        with folders_in_cache("keras", "matplotlib"):
            main()
    except KeyboardInterrupt:
        os._exit(130)
    except DiptychError as error:
        _end_with(error, task)
    except Exception as error:
        if short_of_memory(error):
            sys.exit(NO_MEMORY)
        if not is_full(error):
            raise
        _end_with(InputError(_full_disk(error)), task)


def _full_disk(error: Exception) -> str:
    """What to say where there was no space for a file."""
    where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    return f"{where}cannot be written (No space left on device); free some space"


def _end_with(error: DiptychError, task: Path) -> NoReturn:
    """End the process, and leave the caller word of what was foreseen."""
    failure = json.dumps([type(error).__name__, str(error)])
    (task / FAILURE).write_text(failure, encoding="utf-8")
    sys.exit(1 if isinstance(error, GateError) else 2)


def _end(process: subprocess.Popen[str]) -> None:
    """See to it that a process has ended, and close what it wrote to."""
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
