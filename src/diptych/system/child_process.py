"""Work in a process of its own, from both sides.

Frameworks that end each other's process, tools that fill the output with talk, and figures such as
peak memory need one. The caller names a module and the folder of the task, and takes the lines that
the child tells; what was foreseen to go wrong there is raised here.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from diptych.errors import DiptychError, GateError, InputError

COMPLAINT, TALK = "complaint.json", "talk.txt"
PATIENCE = 0.25  # seconds for a child to end by itself, where its caller is stopped


class Ended(DiptychError):
    """A child ended before its work was done, for no reason that it foresaw."""

    def __init__(self, code: int, talk: str) -> None:
        super().__init__(f"its process ended with the code {code}")
        self.last = talk.splitlines()[-1] if talk else ""  # of what its libraries wrote


def told(module: str, task: Path, *more: str) -> Iterator[str]:
    """Run `python -m module TASK …` and yield the lines that it tells, as they come.

    The child ends with the iterator. Raises what it complains of, KeyboardInterrupt where it was
    stopped, and Ended where it failed otherwise.
    """
    command = [sys.executable, "-m", module, str(task), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdout is not None
    try:
        for line in process.stdout:
            yield line.rstrip("\n")
        code = process.wait()
    finally:
        _end(process)
    if code == 130:
        raise KeyboardInterrupt
    if (complaint := task / COMPLAINT).exists():
        kind, text = json.loads(complaint.read_text(encoding="utf-8"))
        raise GateError(text) if kind == GateError.__name__ else InputError(text)
    if code:
        talk = task / TALK
        said = talk.read_text(encoding="utf-8", errors="replace") if talk.exists() else ""
        raise Ended(code, said.strip())


def quietly(task: Path) -> Callable[[str], object]:
    """In a child: lead all that libraries write into a file; the function returned tells a line."""
    caller = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    talk = os.open(task / TALK, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(talk, 1)
    os.dup2(talk, 2)
    return lambda line: caller.write(f"{line}\n")


def work(main: Callable[[], object], task: Path) -> None:
    """In a child: do the work, and end the process if it was stopped or foresaw a failure."""
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)
    except DiptychError as error:
        said = json.dumps([type(error).__name__, str(error)])
        (task / COMPLAINT).write_text(said, encoding="utf-8")
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
