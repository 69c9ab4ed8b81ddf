"""One process that answers: loads the bundles, listens, and ends in good order."""

import asyncio
import ctypes
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from diptych.serving import keys, logs
from diptych.serving.app import application
from diptych.serving.fastest import Fastest, open_own
from diptych.serving.models import Models, Opening
from diptych.serving.monitoring import Monitor
from diptych.serving.protocol import http_protocol
from diptych.serving.settings import Settings
from diptych.serving.state import ServerState
from diptych.system.asgi import server_config

# Seconds between the wish to end and the end of listening: whoever asks meanwhile is told so, and
# connections that stay open are closed after an answer.
SETTLING = 0.5
# Seconds for connections that had begun when new ones were turned away.
HANDSHAKE = 0.25
# Seconds for what was accepted, beyond those that a request may take.
GRACE = 5

# Linux's option SO_ATTACH_FILTER, and a filter of packets for it (see its socket(7) and bpf(4)):
# of what comes to a listening socket, nothing that asks for a new connection.
ATTACH_FILTER = 26
NO_NEW_CONNECTION = (
    (0x30, 0, 0, 13),  # load the byte of the TCP header that has its flags
    (0x45, 0, 1, 0x02),  # is SYN among them?
    (0x06, 0, 0, 0),  # then keep nothing of the packet
    (0x06, 0, 0, 0xFFFFFFFF),  # otherwise all of it
)


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
    opening: Opening = open_own
    if settings.max_drop is not None:
        opening = Fastest(settings.max_drop, shared_folder)
    with closing(Models(settings.bundles, settings.limits, monitor, opening)) as models:
        state = ServerState(settings, models, monitor, api_keys, shared_folder)
        config = server_config(
            application(state),
            int(settings.limits.seconds) + GRACE,
            http=http_protocol(settings.limits.seconds),
            timeout_keep_alive=30,
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
        for listening in sockets or []:
            _turn_away(listening)
        await asyncio.sleep(HANDSHAKE)
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


def _turn_away(listening: socket.socket) -> None:
    """Let no new connection begin, where the system can: one that began when the socket is closed
    would be reset. Who tries nevertheless asks again a second later, and finds nobody."""
    if sys.platform != "linux":
        return
    instructions = b"".join(struct.pack("HBBI", *one) for one in NO_NEW_CONNECTION)
    kept = ctypes.create_string_buffer(instructions)
    program = struct.pack("HL", len(NO_NEW_CONNECTION), ctypes.addressof(kept))
    with suppress(OSError):  # a system that forbids it
        listening.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, program)


def _unaccepted(sockets: Sequence[socket.socket]) -> Iterator[socket.socket]:
    """The connections that nobody has accepted yet: to close a socket would reset them."""
    for listening in sockets:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connection.setblocking(False)
                yield connection
