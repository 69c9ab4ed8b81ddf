"""`--train all` on several machines: an engine whose steps are taken by a crew.

To the training loop it is an engine like others: order, draws and rates are made here, and every
step has the pictures that it has on one machine, shared out among the members. What was learned
since the last checkpoint is learned again where a member is lost.
"""

import itertools
import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.engines.contract import Batch, Epoch, Inputs, Optimiser, Share, StepLosses
from diptych.errors import InputError
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights
from diptych.system.workplace import Crew, CrewLost, Workplace
from diptych.training.member import Form, Member, Step, Stretch

_LOG = logging.getLogger(__name__)
T = TypeVar("T")

# Steps that are sent at a time; the next ones are on their way while these are taken.
AT_ONCE = 4
# Crews that may be lost at the same work, and that may be lost as they gather: a machine that is
# gone may be listed for a while.
LOSSES, FALSE_STARTS = 3, 6


class TeamEngine:
    """See `Engine`; its processes are there until it is closed."""

    def __init__(
        self,
        place: Workplace,
        engine: str,
        network: Network,
        weights: Weights,
        optimiser: Optimiser,
        seed: int,
        most: int,
    ) -> None:
        """`most` is how many members there may be: no more than the smallest step has pictures."""
        self._place, self._most = place, most
        self._engine, self._network = engine, network
        self._make = partial(Member, engine, network, weights, optimiser, seed)
        self._crew: Crew | None = None
        self._state: dict[str, bytes] | None = None  # of the last checkpoint
        self._since: list[Epoch] = []  # what was trained since
        self._sent: list[npt.NDArray[np.bool_]] = []  # of each member, which rows it has

    def train(self, epoch: Epoch) -> StepLosses:
        losses_S = self._surely(lambda crew: self._train(crew, epoch))
        self._since.append(epoch)
        return losses_S

    def predict(self, inputs: Inputs) -> Logits:
        def answers(crew: Crew) -> Logits:
            parts = [part for part in np.array_split(inputs, len(crew)) if len(part)]
            idle = [inputs[:1]] * (len(crew) - len(parts))
            logits = crew.ask("predict", [(part,) for part in (*parts, *idle)])()
            return np.concatenate(logits[: len(parts)])

        return self._surely(answers)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        weights = self._surely(lambda crew: crew.ask_first("weights")())
        return dict(weights)

    def save(self, directory: Path) -> None:
        state: dict[str, bytes] = self._surely(lambda crew: crew.ask_first("state")())
        self._state, self._since = state, []
        for name, content in state.items():
            (directory / name).write_bytes(content)

    def load(self, directory: Path) -> None:
        state = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
        self._state, self._since = state, []
        if self._crew:
            self._surely(lambda crew: crew.ask_all("take_up", state)())

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        alone = engines.build(self._engine, self._network, self.weights())
        return alone.export(format, probabilities=probabilities)

    def close(self) -> None:
        """Send the members away."""
        if self._crew:
            self._crew.close()
            self._crew = None

    def _surely(self, action: Callable[[Crew], T]) -> T:
        """What comes of an action, with another crew where one is lost meanwhile."""
        losses = false_starts = 0
        while True:
            begun = self._crew is not None
            try:
                if self._crew is None:
                    self._crew = self._gather()
                    begun = True
                return action(self._crew)
            except CrewLost as cause:
                self._crew = None
                losses, false_starts = losses + begun, false_starts + (not begun)
                if losses == LOSSES or false_starts == FALSE_STARTS:
                    raise InputError(
                        f"machines die as they train, {losses + false_starts} times one after the "
                        "other; see whether they have memory for it, whether they reach each "
                        "other, and what Ray's logs there say"
                    ) from cause
                _LOG.warning("a machine was lost; training goes on from the last checkpoint")

    def _gather(self) -> Crew:
        """A crew that is where the last one was."""
        crew = self._place.crew(self._make, self._most)
        addresses, kinds = crew.addresses, crew.ask_all("kind")()
        if len(set(kinds)) > 1:
            crew.close()
            each = "; ".join(map(" ".join, zip(addresses, kinds, strict=True)))
            raise InputError(
                f"machines that compute otherwise cannot train together ({each}); leave those of "
                "one kind in the cluster"
            )
        # One alone opens no port.
        meeting = crew.ask_first("host", addresses[0])() if len(crew) > 1 else None
        crew.ask(
            "join",
            [(rank, len(crew), meeting, address) for rank, address in enumerate(addresses)],
        )()
        self._sent = [np.zeros(0, bool)] * len(crew)
        _LOG.warning(
            "%d processes of the cluster train together" if len(crew) > 1
            else "%d process of the cluster trains", len(crew),
        )  # fmt: skip
        if self._state is not None:
            crew.ask_all("take_up", self._state)()
        for epoch in self._since:
            self._train(crew, epoch)
        return crew

    def _train(self, crew: Crew, epoch: Epoch) -> StepLosses:
        losses: list[StepLosses] = []
        under_way: list[Callable[[], list[StepLosses]]] = []
        for stretches in self._stretches(epoch, len(crew)):
            under_way.append(crew.ask("train", [(stretch,) for stretch in stretches]))
            if len(under_way) == 2:
                losses.append(np.mean(under_way.pop(0)(), axis=0))
        losses += [np.mean(answers(), axis=0) for answers in under_way]
        return np.concatenate(losses).astype(np.float32)

    def _stretches(self, epoch: Epoch, size: int) -> Iterator[list[Stretch]]:
        """What each member is to do, some steps at a time."""
        form = _form(epoch)
        for sent in range(size):
            if len(self._sent[sent]) != form.shape[0]:
                self._sent[sent] = np.zeros(form.shape[0], bool)
        steps, taken = iter(epoch), 0
        while batches := list(itertools.islice(steps, AT_ONCE)):
            rates = epoch.rates[taken : taken + len(batches)]
            yield [
                Stretch(
                    form,
                    epoch.number,
                    epoch.first_step + taken,
                    rates,
                    epoch.augmented,
                    [self._step(epoch, batch, rank, size) for batch in batches],
                )
                for rank in range(size)
            ]
            taken += len(batches)

    def _step(self, epoch: Epoch, batch: Batch, rank: int, size: int) -> Step:
        share = _shares(len(batch.rows), size)[rank]
        own, kept = part_of(batch, share), self._sent[rank]
        new = np.unique(own.rows[~kept[own.rows]])
        kept[new] = True
        return Step(own, share, new, epoch.inputs[new])


def part_of(batch: Batch, share: Share) -> Batch:
    """The pictures of a share, and behind them those of the step that they are mixed with."""
    own = np.arange(share.start, share.stop)
    targets_NK = batch.targets_NK[own]
    if batch.augmentation is None:
        return Batch(batch.rows[own], targets_NK)
    partners = batch.augmentation.partner_N[own] if batch.augmentation.mixing else own
    chosen = np.concatenate([own, np.setdiff1d(partners, own)])
    return Batch(batch.rows[chosen], targets_NK, batch.augmentation.only(chosen))


def _shares(count: int, size: int) -> list[Share]:
    """As equal as can be, one after the other."""
    edges = np.cumsum([0, *map(len, np.array_split(np.empty(count), size))]).tolist()
    return [Share(start, stop, count) for start, stop in itertools.pairwise(edges)]


def _form(epoch: Epoch) -> Form:
    inputs = epoch.inputs
    return Form((len(inputs), *inputs.shape[1:]), inputs[:1].dtype.str)
