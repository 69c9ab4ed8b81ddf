"""The command line as a person has it: a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def diptych(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diptych", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300)


def answer_of(*arguments: str | Path) -> Any:
    run = diptych(*arguments, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def complaint(*arguments: str | Path, code: int = 2) -> str:
    """What a failing command says last: one line."""
    run = diptych(*arguments)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    last = run.stderr.splitlines()[-1]
    assert last.startswith("diptych: ")
    return last
