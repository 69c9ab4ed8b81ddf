"""Several processes that answer on one socket, each on its share of the cores."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from types import FrameType

from diptych.errors import DiptychError, InputError
from diptych.serving.settings import Settings
from diptych.system.child_process import keep_out_working_folder

# Seconds before a worker that died is replaced.
PAUSE = 1.0


class Supervisor:
    """Starts workers, replaces those that die, and passes on what signals say."""

    def __init__(self, settings: Settings, listening: socket.socket, shared_folder: Path) -> None:
        if os.name != "posix":
            raise InputError(f"--workers {settings.workers}: this system can do with one only")
        self._settings = settings
        self._listening = listening
        self._shared_folder = shared_folder
        keep_out_working_folder()
        self._context = get_context("spawn")
        self._ready: SimpleQueue[list[str]] = self._context.SimpleQueue()
        self._running: dict[int, BaseProcess] = {}
        self._closing = False

    def run(self, ready: Callable[[list[str]], None]) -> None:
        """Work until all workers have ended; raises SystemExit where the first cannot begin.

        The first is ready before the others start, so what is wrong with a bundle is said once.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._forward)
        first = self._start(0)
        while self._ready.empty():
            if not first.is_alive():
                sys.exit(0 if self._closing else first.exitcode)
            time.sleep(0.02)
        ready(self._ready.get())
        for place in range(1, self._settings.workers):
            if not self._closing:
                self._start(place)
        while self._running:
            connection.wait([process.sentinel for process in self._running.values()], timeout=0.1)
            self._replace_ended()
            if self._closing:
                # The last worker to close it accepts who is waiting; here they would wait in vain.
                self._listening.close()

    def _start(self, place: int) -> BaseProcess:
        process = self._context.Process(
            target=_worker,
            args=(self._settings, self._listening, self._ready, self._shared_folder, place),
        )
        process.start()
        self._running[place] = process
        if self._closing:
            # The signal came before it had its place here.
            process.terminate()
        return process

    def _replace_ended(self) -> None:
        for place, process in list(self._running.items()):
            if process.is_alive():
                continue
            del self._running[place]
            for gauge in self._shared_folder.glob(f"gauge_live*_{process.pid}.db"):
                # What a process has to do ends with it; what it counted stays.
                gauge.unlink()
            if not self._closing:
                from diptych.serving import logs

                logs.write(level="error", message="a worker died", exit_code=process.exitcode)
                time.sleep(PAUSE)
                self._start(place)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._closing = True
        self._signal(signal.SIGTERM)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self._signal(number)

    def _signal(self, number: int) -> None:
        for process in list(self._running.values()):
            if process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, number)


def _worker(
    settings: Settings,
    listening: socket.socket,
    ready: "SimpleQueue[list[str]]",
    shared_folder: Path,
    place: int,
) -> None:
    """The life of one worker."""
    # A reload may be asked for before it is ready.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        first = place % len(cores)
        os.sched_setaffinity(0, cores[first :: settings.workers])
    from diptych.serving.worker import run_worker

    try:
        run_worker(settings, listening, ready.put if place == 0 else _ignore, shared_folder)
    except DiptychError as error:
        print(f"diptych: {error}", file=sys.stderr, flush=True)
        sys.exit(2)


def _ignore(names: list[str]) -> None:
    """Only the first worker tells that it is ready."""
