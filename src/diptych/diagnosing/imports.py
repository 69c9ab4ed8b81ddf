"""Modules imported in this process: `python -m diptych.diagnosing.imports TASK MODULE…`.

Standard output gets a line of JSON for each as soon as it is done: its name, and why it cannot be
imported, or "". MODULE:FUNCTION is imported, and the function called.
"""

import importlib
import json
import sys
from pathlib import Path

from diptych.errors import first_line
from diptych.system.child_process import redirect_output, run_as_child


def reason_against(module: str) -> str:
    """Why a module cannot be imported; "" where it can."""
    name, _, function = module.partition(":")
    try:
        imported = importlib.import_module(name)
        if function:
            getattr(imported, function)()
    except (Exception, SystemExit) as error:
        return root_cause(error)
    return ""


def root_cause(error: BaseException) -> str:
    """What lies behind an error, in one line."""
    while error.__cause__:
        error = error.__cause__
    return f"{type(error).__name__}: {first_line(error)}"


if __name__ == "__main__":
    task = Path(sys.argv[1])

    def run() -> None:
        write_line = redirect_output(task)
        for module in sys.argv[2:]:
            write_line(json.dumps([module, reason_against(module)]))

    run_as_child(run, task)
