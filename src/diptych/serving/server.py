"""From settings to a server at work: its socket, then one worker here or several supervised."""

import importlib.util
import json
import socket
import sys
import tempfile
import time
from pathlib import Path

from diptych.errors import MissingExtra
from diptych.serving.settings import Settings, refuse_unfit
from diptych.system.sockets import open_socket

NEEDED = ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client")


def run(settings: Settings, as_json: bool) -> None:
    """Serve until a signal says to stop."""
    for package in NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(package, "serve")
    refuse_unfit(settings)
    _check_proxies(settings)
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


def _check_proxies(settings: Settings) -> None:
    """Raise InputError where the path is none, or a proxy has no address."""
    from diptych.serving import proxies

    proxies.root_path(settings.root_path)
    proxies.networks(settings.proxies)


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
