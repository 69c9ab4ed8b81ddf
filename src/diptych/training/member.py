"""One of several processes that train one network: what a machine of a cluster does."""

import math
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.engines.contract import (
    Batch,
    Engine,
    Inputs,
    Meeting,
    Optimiser,
    Positions,
    Share,
    StepLosses,
)
from diptych.errors import InputError
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights


class Form(NamedTuple):
    """What rows look like, without their content."""

    shape: tuple[int, ...]  # (N, …)
    dtype: str


class Step(NamedTuple):
    """A member's part of a step."""

    batch: Batch  # its own pictures first, then others of the step that they are mixed with
    share: Share
    new: Positions  # those of its rows that it has not had yet
    pixels: Inputs  # of these


class Stretch(NamedTuple):
    """Some steps of an epoch."""

    form: Form
    number: int
    first_step: int
    rates: Sequence[float]
    augmented: bool
    steps: Sequence[Step]


class Member:
    """Trains its share of every step, together with the others."""

    def __init__(
        self, engine: str, network: Network, weights: Weights, optimiser: Optimiser, seed: int
    ) -> None:
        self._made_of = engine, network, weights, optimiser, seed
        self._engine: Engine | None = None
        self._begin: Callable[[Sequence[Share]], None] | None = None
        self._host: engines.TeamHost | None = None
        self._rows: SentRows | None = None

    def kind(self) -> str:
        """What it trains on, and in which numbers."""
        return engines.team_kind(self._made_of[0])

    def host(self, address: str) -> Meeting:
        """Open the place where all members find each other, on this machine."""
        self._host = engines.team_host(self._made_of[0], address)
        return self._host.meeting

    def join(self, rank: int, size: int, meeting: Meeting | None, address: str) -> None:
        """Meet the others; returns when all are there. One alone has no meeting."""
        if meeting is None:
            self._engine = engines.build(*self._made_of)
            return
        team = engines.TeamOf(rank, size, meeting, address)
        self._engine, self._begin = engines.team_member(*self._made_of, team)

    def train(self, stretch: Stretch) -> StepLosses:
        """Take the steps, at the same time as the others."""
        if self._rows is None:
            self._rows = SentRows(stretch.form)
        for step in stretch.steps:
            self._rows.take(step.new, step.pixels)
        if self._begin:
            self._begin([step.share for step in stretch.steps])
        return self.engine.train(SentEpoch(stretch, self._rows))

    def predict(self, inputs: Inputs) -> Logits:
        """See `Engine.predict`."""
        return self.engine.predict(inputs)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """See `Engine.weights`."""
        return self.engine.weights()

    def state(self) -> dict[str, bytes]:
        """What the engine saves, as the content of files by their names."""
        with tempfile.TemporaryDirectory() as folder:
            self.engine.save(Path(folder))
            return {path.name: path.read_bytes() for path in Path(folder).iterdir()}

    def take_up(self, state: dict[str, bytes]) -> None:
        """Go on from such a state."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in state.items():
                (Path(folder) / name).write_bytes(content)
            self.engine.load(Path(folder))

    @property
    def engine(self) -> Engine:
        """That of this process, once it has met the others."""
        assert self._engine is not None
        return self._engine


class SentRows:
    """Rows that came from elsewhere, kept on this machine's disk: none is sent twice."""

    def __init__(self, form: Form) -> None:
        """Raises InputError where the disk has no room for all of them."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # gone with the process
        self.shape = form.shape
        size = math.prod(form.shape) * np.dtype(form.dtype).itemsize
        try:
            if hasattr(os, "posix_fallocate"):
                # A mapped file on a full disk would end the process.
                os.posix_fallocate(self._file.fileno(), 0, size)
        except OSError as cause:
            raise InputError(
                f"{tempfile.gettempdir()} of machine {platform.node()} has no room for "
                f"{size / 1e9:.1f} GB of pictures ({cause.strerror}); free some, or set TMPDIR "
                "there to a folder with more"
            ) from cause
        self._rows = np.memmap(self._file, form.dtype, "r+", shape=form.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, indices: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        return np.asarray(self._rows[indices])

    def take(self, indices: Positions, rows: Inputs) -> None:
        """Keep rows that came."""
        self._rows[indices] = rows


class SentEpoch:
    """See `Epoch`: this member's part of a stretch."""

    def __init__(self, stretch: Stretch, inputs: SentRows) -> None:
        self._stretch = stretch
        self.inputs = inputs
        self.number, self.first_step = stretch.number, stretch.first_step
        self.rates, self.augmented = stretch.rates, stretch.augmented

    def __len__(self) -> int:
        return len(self.rates)

    def __iter__(self) -> Iterator[Batch]:
        return (step.batch for step in self._stretch.steps)
