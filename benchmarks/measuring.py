"""What the benchmarks share: where the real data lies, and how a command is measured."""

import csv
import io
import json
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

SHARED = Path(__file__).parents[2] / "shared" / "data"
PHOTOS = SHARED / "photos"


class Run(NamedTuple):
    """A finished command."""

    answer: Any  # what it printed, as JSON
    seconds: float
    peak_mib: float
    processor_seconds: float


@contextmanager
def cold_cache() -> Iterator[dict[str, str]]:
    """An environment whose cache is empty, and gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield {**os.environ, "DIPTYCH_CACHE": folder}


def measured(command: Sequence[str | Path], env: dict[str, str]) -> Run:
    """Run a command that prints JSON; peak memory is that of the largest process so far."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*map(str, command)], env=env, stdout=subprocess.PIPE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds = time.monotonic() - started
    return Run(json.loads(done.stdout), seconds, after.ru_maxrss / 1024, used)


def diptych(*arguments: str | Path) -> list[str | Path]:
    """The command line of a verb, with its answer in JSON."""
    return [sys.executable, "-m", "diptych", *arguments, "--json"]


class Cifar(NamedTuple):
    """Some pictures of a part of CIFAR-10."""

    pixels: npt.NDArray[np.uint8]  # (N, 32, 32, 3)
    labels: list[int]
    classes: tuple[str, ...]


def some_of_cifar(part: str, count: int) -> Cifar:
    """So many pictures of the part "train" or "test", the same ones each time."""
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = tuple(sorted({name.split("/")[-2] for name in names}))
        own = [name for name in names if name.split("/")[-3] == part]
        some = [own[i] for i in np.random.default_rng(1).permutation(len(own))[:count]]
        pixels = [np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in some]
    return Cifar(np.stack(pixels), [classes.index(n.split("/")[-2]) for n in some], classes)


def need_photos() -> Path:
    """The real photographs, or an end of the benchmark."""
    if not PHOTOS.is_dir():
        sys.exit(f"this benchmark needs the photographs in {PHOTOS}")
    return PHOTOS


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def machine() -> str:
    """The machine in a line."""
    cores = len(os.sched_getaffinity(0))
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line for line in facts.splitlines() if "model name" in line]
    units = [unit for unit in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if unit in facts]
    name = names[0].split(": ")[1] if names else platform.processor()
    return f"{name}, {cores} cores, {' '.join(units)}; Python {platform.python_version()}"


def free_port() -> int:
    """A port of this machine that nothing listens to."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def served(command: Sequence[Any], ready: str) -> Iterator[str]:
    """A server at work; yields its address. "PORT" in the command is its port."""
    with server_process(command, ready) as (url, _):
        yield url


@contextmanager
def server_process(command: Sequence[Any], ready: str) -> Iterator[tuple[str, int]]:
    """The same, with the id of its first process, which is that of its session."""
    port = free_port()
    run = subprocess.Popen(
        [str(part).replace("PORT", str(port)) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers(f"http://127.0.0.1:{port}{ready}"):
            assert run.poll() is None, "the server ended"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", run.pid
    finally:
        # LitServe leaves its workers behind.
        run.terminate()
        run.wait()
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


def processor_seconds(session: int) -> float:
    """What the processes of a session have used of processors so far."""
    total = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            facts = file.read_text().rpartition(") ")[2].split()
            if int(facts[3]) == session:
                total += sum(map(int, facts[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def answers(url: str) -> bool:
    """Whether a server has an answer."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def resident(pid: int) -> float:
    """The memory of a process and its children, in MiB."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(
                line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line
            )
        except OSError:
            continue
        parents[int(facts["Pid"])] = int(facts["PPid"]), int(facts.get("VmRSS", "0 kB").split()[0])
    family = {pid}
    while more := {p for p, (parent, _) in parents.items() if parent in family} - family:
        family |= more
    return sum(parents[p][1] for p in family if p in parents) / 1024
