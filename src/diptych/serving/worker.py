"""One process that answers: loads the bundles, listens, and ends in good order."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from diptych.serving import keys, logs
from diptych.serving.app import application
from diptych.serving.models import Models
from diptych.serving.monitoring import Monitor
from diptych.serving.protocol import http_protocol
from diptych.serving.settings import Settings
from diptych.serving.state import ServerState

# Seconds between the wish to end and the end of listening: whoever asks meanwhile is told so, and
# connections that stay open are closed after an answer.
SETTLING = 0.5
# Seconds for what was accepted, beyond those that a request may take.
GRACE = 5


def run_worker(
    settings: Settings,
    listening: socket.socket,
    ready: Callable[[list[str]], None],
    shared_folder: Path | None = None,
) -> None:
    """Answer on a socket until a signal says to stop; `ready` is told the models' names."""
    logs.capture()
    api_keys = keys.read(settings.keys) if settings.keys else {}
    monitor = Monitor(shared_folder)
    models = Models(settings.bundles, settings.limits, monitor)
    state = ServerState(settings, models, monitor, api_keys, shared_folder)
    config = uvicorn.Config(
        application(state),
        http=http_protocol(settings.limits.seconds),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(settings.limits.seconds) + GRACE,
    )
    _Server(config, state, ready).run([listening])


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, state: ServerState, ready: Callable[[list[str]], None]
    ) -> None:
        super().__init__(config)
        self._state = state
        self._ready = ready
        self._parent = os.getppid()
        self._stop_at = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, self._reload)
            # A bundle may have been replaced while it was loaded here.
            self._reload()
        self._ready(self._state.models.names)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end. A second Ctrl-C ends at once."""
        if self._state.closing:
            self.force_exit = sig == signal.SIGINT
        else:
            self._state.closing = True
            self._stop_at = time.monotonic() + SETTLING

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to stop listening."""
        await super().on_tick(counter)
        if counter % 10 == 0:
            self._state.monitor.count()
            if self._state.shared_folder and os.getppid() != self._parent:
                self.handle_exit(signal.SIGTERM, None)
        return self._state.closing and time.monotonic() >= self._stop_at

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, answer who is connected already, and close what is idle."""
        loop = asyncio.get_running_loop()
        unaccepted = list(_unaccepted(sockets or []))
        for server in self.servers:
            server.close()
        for connection in unaccepted:
            await loop.connect_accepted_socket(self._protocol, connection)
        deadline = loop.time() + SETTLING
        while loop.time() < deadline and any(map(_is_new, self.server_state.connections)):
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=asyncio.get_running_loop(),
        )

    def _reload(self) -> None:
        self._reloading = asyncio.create_task(self._state.reload_all())


def _is_new(connection: object) -> bool:
    """Whether no request has come on a connection yet."""
    return isinstance(connection, HttpToolsProtocol) and connection.cycle is None


def _unaccepted(sockets: Sequence[socket.socket]) -> Iterator[socket.socket]:
    """The connections that nobody has accepted yet: to close a socket would reset them."""
    for listening in sockets:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connection.setblocking(False)
                yield connection
