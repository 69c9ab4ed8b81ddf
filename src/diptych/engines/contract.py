"""What an engine is: a network in one framework, which trains and answers.

An engine knows nothing of files, classes or metrics: steps go in, losses come out. Order,
targets and learning rates are made once, outside, so that every engine gets the same.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.images.augmentation import Augmentation
from diptych.images.rows import Rows
from diptych.metrics.probabilities import Logits
from diptych.networks import Network

Inputs = npt.NDArray[Any]  # (N, H, W, C) uint8 pixels, or (N, features) float32
Targets = npt.NDArray[np.float32]  # (N, K) probabilities: hard, smoothed or weighted
StepLosses = npt.NDArray[np.float32]  # (S,): the mean loss per picture of each step
Positions = npt.NDArray[np.int64]  # (N,) among the classes, or among the rows of an epoch
Heatmaps = npt.NDArray[np.float32]  # (N, h, w), coarser than the pictures
GradCam = Callable[[Inputs, Positions], Heatmaps]


class Batch(NamedTuple):
    """Which pictures, or features, one step of an optimiser sees, and what they should be."""

    rows: Positions  # (N,) among the epoch's inputs
    targets_NK: Targets
    augmentation: Augmentation | None = None  # what happens to each picture first


class Share(NamedTuple):
    """Which pictures of a step one of several processes has, where they train one network."""

    start: int
    stop: int
    total: int  # pictures of the step


class Meeting(NamedTuple):
    """Where processes that train one network find each other."""

    address: str
    port: int


class Epoch(Protocol):
    """One pass over the training part, or a stretch of it; it can be gone through again.

    A long epoch is trained in stretches, with a checkpoint in between; where it is cut changes
    nothing of what is learned.
    """

    @property
    def inputs(self) -> Rows:
        """What the batches are rows of; an engine may keep it where it computes."""
        ...

    @property
    def number(self) -> int:
        """From 1; with the engine's seed it settles what dropout drops."""
        ...

    @property
    def first_step(self) -> int:
        """From 0; at a later step random numbers go on from where the engine's last step left."""
        ...

    @property
    def rates(self) -> Sequence[float]:
        """The learning rate of each step."""
        ...

    @property
    def augmented(self) -> bool:
        """Whether every batch has an augmentation; else none has."""
        ...

    def __len__(self) -> int:
        """How many steps there are in it."""
        ...

    def __iter__(self) -> Iterator[Batch]:
        """The batch of each step."""
        ...


class Engine(Protocol):
    """A network in a framework. Inputs are never written to; batching never changes an answer."""

    def train(self, epoch: Epoch) -> StepLosses:
        """Take the steps of an epoch, or of a stretch of it; returns the loss of each."""
        ...

    def predict(self, inputs: Inputs) -> Logits:
        """Answer as in production: no dropout, stored averages, full precision.

        There is at least one input.
        """
        ...

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Canonical names and layout (see `networks`), the same from every engine."""
        ...

    def save(self, directory: Path) -> None:
        """All that changes in training, in safetensors: enough to go on. The directory exists.

        Weights, the optimiser's state, and that of the random numbers.
        """
        ...

    def load(self, directory: Path) -> None:
        """Go on from what `save` wrote; the network is the same."""
        ...

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        """The network as a file of the format, from uint8 pixels to probabilities.

        Without `probabilities`, what the last layer gives. Raises InputError for a format that the
        engine lacks.
        """
        ...


class Hardware(NamedTuple):
    """What an engine computes on."""

    device: str  # "the CPU", or the name of a GPU
    precision: str  # of the costly layers in training: "float32", "bfloat16", with its units


class Optimiser(NamedTuple):
    """How an engine follows the gradient."""

    kind: str  # "adamw", "sgd" (with Nesterov momentum 0.9), or "muon" for kernels, AdamW elsewhere
    weight_decay: float
    backbone_rate: float  # multiplies the learning rate of all layers but the head
    depth_rate: float = 1.0  # multiplies it again in the first layers (see `learning_shares`)
    frozen_norms: bool = False  # batch normalisation stays as it is
    clip: float = 0.0  # the longest that all gradients together may be; 0: as long as they are
    average_decay: float = 0.0  # of the average of weights that answers; 0: the last ones answer


def average_decay(most: float, steps: int) -> float:
    """The decay of the average of weights after so many steps of it.

    It forgets faster at first, when there is little worth remembering.
    """
    return min(most, (1 + steps) / (10 + steps))


# Of Muon (Jordan et al. 2024), whose coefficients make small singular values grow fastest.
MUON_MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def muon_scale(rows: int, columns: int) -> float:
    """What makes an orthogonal step as large as one of AdamW (Liu et al. 2025)."""
    return 0.2 * math.sqrt(max(rows, columns))


def dropout_seed(seed: int, epoch: int) -> int:
    """What dropout is seeded with: an epoch trained again after a crash is the same epoch."""
    return seed * 100_003 + epoch


def no_map(network: Network) -> InputError:
    """The error for a network that mixes all places before its last layers."""
    return InputError(f"{network.name} has no map of where it looks; use --method occlusion")
