"""Commands watched from outside: what they leave below the home folder, and whom they ask."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

DIPTYCH = (sys.executable, "-m", "diptych")
# The variables that lead away from an empty home.
ELSEWHERE = ("DIPTYCH_CACHE", "XDG_", "MPLCONFIGDIR", "KERAS_HOME", "HF_", "TORCH_", "ORT_")


class Watch:
    """Runs commands in a home of their own; under strace, where there is one."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.trace = folder / "trace.txt"
        kept = {n: v for n, v in os.environ.items() if not n.startswith(ELSEWHERE)}
        self.environment = {**kept, "HOME": str(self.home)}
        if cache:
            self.environment["DIPTYCH_CACHE"] = str(cache)

    def command(self, *command: str | Path) -> list[str]:
        """A command that writes down whom it connects to; it can be ended by its process."""
        calls = "connect,sendto,sendmsg,sendmmsg"
        # By a filter of the kernel, or every call of any kind would wait for strace.
        how = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-A", "-o", str(self.trace)]
        traced = [*how, "-e", f"trace={calls}"]
        return [*(traced if can_trace() else ()), *map(str, command)]

    def run(
        self, *command: str | Path, prefix: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        run = subprocess.run(
            [*prefix, *self.command(*command)],
            env=self.environment, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return run

    def left(self) -> set[str]:
        """What lies below the home folder."""
        return {str(path.relative_to(self.home)) for path in self.home.rglob("*")}

    def asked(self) -> set[str]:
        """Whom was connected or sent to elsewhere than on this machine, and every name server."""
        if reason := why_not_traced():
            pytest.skip(reason)
        return set(strangers(self.trace.read_text(errors="replace")))


def strangers(trace: str) -> Iterator[str]:
    """Other machines, and name servers wherever they are, in what strace wrote."""
    v4 = r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)'
    v6 = r'sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"'
    for port, address in re.findall(v4, trace) + re.findall(v6, trace):
        ours = address.startswith("127.") or address == "::1"
        if not ours or port == "53":
            yield f"{address} port {port}"
    yield from re.findall(r'sun_path="([^"]*resolve[^"]*)"', trace)


def can_trace() -> bool:
    return not why_not_traced()


def why_not_traced() -> str:
    """Why strace cannot be used; "" where it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    run = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=connect", "true"], capture_output=True
    )
    return "strace may not trace here" if run.returncode else ""
