"""What all requests share."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from diptych.errors import InputError
from diptych.serving import keys, logs
from diptych.serving.bodies import Reserve
from diptych.serving.keys import Keys
from diptych.serving.models import Models
from diptych.serving.monitoring import Monitor
from diptych.serving.problems import busy
from diptych.serving.settings import Settings

# So many of the largest bodies may be held at a time.
LARGEST_BODIES = 8


@dataclass
class ServerState:
    """A server at work: what it serves, to whom, and how much it has to do."""

    settings: Settings
    models: Models
    monitor: Monitor
    keys: Keys = field(default_factory=dict)  # none: everybody may ask
    shared_folder: Path | None = None  # the folder of several workers
    closing: bool = False
    requests: int = 0  # requests that are being read or answered
    bytes_held: int = 0  # bytes of their bodies

    @contextmanager
    def admit(self) -> Iterator[Reserve]:
        """A place for a request, with what reserves the bytes of its body as they come.

        Raises Problem where all places are taken; so does the reservation of too many bytes.
        """
        if self.requests >= self.settings.queue:
            raise busy(
                f"{self.requests} requests are waiting already, the limit; send it again later"
            )
        ours = 0

        def reserve(size: int) -> None:
            nonlocal ours
            if self.bytes_held + size > LARGEST_BODIES * self.settings.limits.bytes:
                raise busy("too many bytes are waiting already; send it again later")
            ours += size
            self.bytes_held += size

        self.requests += 1
        self.monitor.counters.waiting.inc()
        try:
            yield reserve
        finally:
            self.bytes_held -= ours
            self.requests -= 1
            self.monitor.counters.waiting.dec()

    async def reload(self, name: str, force: bool) -> str:
        """Open a bundle anew, in every worker; the version that answers from now on."""
        version = (await self.models.reload(name, force)).version
        if self.shared_folder:
            if force:
                (self.shared_folder / f"allowed-{version}").touch()
            os.kill(os.getppid(), signal.SIGHUP)
        return version

    async def reload_all(self) -> None:
        """Open anew what was replaced on the disk: the bundles, and the keys."""
        self.read_keys()
        allowed = self.shared_folder.glob("allowed-*") if self.shared_folder else ()
        await self.models.reload_changed([path.name.removeprefix("allowed-") for path in allowed])

    def read_keys(self) -> None:
        """Read the keys anew; where they cannot be read the old ones stay."""
        if self.settings.keys:
            try:
                self.keys = keys.read(self.settings.keys)
            except InputError as error:
                logs.write(level="error", message=str(error))


def server_state(request: Request) -> ServerState:
    """That of the application which a request came to."""
    state: ServerState = request.app.state.server
    return state
