"""From settings to a server at work: its socket, then one worker here or several supervised."""

import importlib.util
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from diptych.errors import InputError, MissingExtra
from diptych.serving.settings import Settings, refuse_unfit

NEEDED = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")


def run(settings: Settings, as_json: bool) -> None:
    """Serve until a signal says to stop."""
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(package, "serve")
    refuse_unfit(settings)
    _check_keys(settings)
    started = time.monotonic()
    listening = open_socket(settings.host, settings.port)

    def ready(names: list[str]) -> None:
        _announce(listening, names, time.monotonic() - started, as_json)

    if settings.workers == 1:
        from diptych.serving.worker import run_worker

        run_worker(settings, listening, ready)
    else:
        from diptych.serving.supervisor import Supervisor

        with tempfile.TemporaryDirectory(prefix="diptych-") as folder:
            Supervisor(settings, listening, Path(folder)).run(ready)


def open_socket(host: str, port: int) -> socket.socket:
    """A socket at an address; raises InputError where it is taken or is not ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as cause:
        raise InputError(f"--host {host}: {cause.strerror}") from cause
    try:
        if os.name == "posix":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError as cause:
        opened.close()
        raise InputError(
            f"{host}:{port} cannot be used ({cause.strerror}); name another --port"
        ) from cause
    return opened


def _check_keys(settings: Settings) -> None:
    """Raise InputError where the keys cannot be read; warn where too many could ask or look."""
    from diptych.serving import keys

    if settings.keys:
        keys.read(settings.keys)
        if warning := keys.warning(settings.keys):
            print(f"diptych: {warning}", file=sys.stderr, flush=True)
    elif settings.host not in ("127.0.0.1", "::1", "localhost"):
        print(
            f"diptych: whoever reaches {settings.host}:{settings.port} may ask; --keys FILE "
            "answers only some",
            file=sys.stderr,
            flush=True,
        )


def _announce(listening: socket.socket, names: list[str], seconds: float, as_json: bool) -> None:
    host, port = listening.getsockname()[:2]
    url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    if as_json:
        print(json.dumps({"url": url, "models": names, "seconds": round(seconds, 2)}), flush=True)
    else:
        print(f"{', '.join(names)} at {url} after {seconds:.1f} s; Ctrl-C stops", flush=True)
