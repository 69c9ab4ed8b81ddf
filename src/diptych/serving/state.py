"""What all requests share."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from diptych.errors import InputError
from diptych.serving import keys, logs
from diptych.serving.bodies import Hold
from diptych.serving.keys import Keys
from diptych.serving.models import Models
from diptych.serving.monitoring import Watch
from diptych.serving.problems import busy
from diptych.serving.settings import Settings

# So many of the largest bodies may be held at a time.
BODIES = 8


@dataclass
class Serving:
    """A server at work: what it serves, to whom, and how much it has to do."""

    settings: Settings
    models: Models
    watch: Watch
    keys: Keys = field(default_factory=dict)  # none: everybody may ask
    shared: Path | None = None  # the folder of several workers
    closing: bool = False
    asked: int = 0  # requests that are being read or answered
    held: int = 0  # bytes of their bodies

    @contextmanager
    def room(self) -> Iterator[Hold]:
        """A place for a request, to be told how many bytes it holds.

        Raises Problem where all places are taken, and so does what it gives for too many bytes.
        """
        if self.asked >= self.settings.queue:
            raise busy(f"{self.asked} requests are waiting already, the limit; send it again later")
        ours = 0

        def hold(size: int) -> None:
            nonlocal ours
            if self.held + size > BODIES * self.settings.limits.bytes:
                raise busy("too many bytes are waiting already; send it again later")
            ours += size
            self.held += size

        self.asked += 1
        self.watch.waiting.inc()
        try:
            yield hold
        finally:
            self.held -= ours
            self.asked -= 1
            self.watch.waiting.dec()

    async def reload(self, name: str, force: bool) -> str:
        """Open a bundle anew, in every worker; the version that answers from now on."""
        found = (await self.models.reload(name, force)).version
        if self.shared:
            if force:
                (self.shared / f"allowed-{found}").touch()
            os.kill(os.getppid(), signal.SIGHUP)
        return found

    async def reload_all(self) -> None:
        """Open anew what was replaced on the disk: the bundles, and the keys."""
        allowed = self.shared.glob("allowed-*") if self.shared else ()
        await self.models.reload_changed([path.name.removeprefix("allowed-") for path in allowed])
        self.read_keys()

    def read_keys(self) -> None:
        """Read the keys anew; where they cannot be read the old ones stay."""
        if self.settings.keys:
            try:
                self.keys = keys.read(self.settings.keys)
            except InputError as error:
                logs.write(level="error", message=str(error))
