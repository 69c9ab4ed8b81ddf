"""`diptych train` by the plan, in a process of its own, watched from the page."""

import shlex
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Lines of its progress that are shown.
LINES = 6


class ChildTraining:
    """The command that trains a bundle, and a run of it."""

    def __init__(self, data: Sequence[str], plan: Path, out: Path) -> None:
        self._arguments = ["train", *data, "--plan", str(plan), "--new-labels", "--out", str(out)]
        self.out = out
        self._process: subprocess.Popen[str] | None = None
        self._lines: deque[str] = deque(maxlen=LINES)
        self._lock = threading.Lock()

    @property
    def command(self) -> str:
        """What does the same in a terminal."""
        return shlex.join(["diptych", *self._arguments])

    def start(self) -> None:
        """Begin, unless it runs already."""
        with self._lock:
            if self._process and self._process.poll() is None:
                return
            self._lines.clear()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "diptych", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def stop(self) -> None:
        """End it where it runs: the same command goes on where it was."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)

    def to_json(self) -> dict[str, Any]:
        """How far it is."""
        state = "idle"
        if self._process:
            code = self._process.poll()
            state = "running" if code is None else "failed" if code else "done"
        return {
            "command": self.command,
            "out": str(self.out),
            "state": state,
            "lines": list(self._lines),
        }

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                if line.strip():
                    self._lines.append(line.rstrip())
