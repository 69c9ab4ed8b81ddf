"""The order in which pictures are seen: from inputs and labels to the batches of an epoch."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych.engines.contract import Batch, Targets
from diptych.images.augmentation import (
    AugmentationPolicy,
    Floats,
    mix_targets,
    random_numbers,
    sample_augmentation,
)
from diptych.images.rows import Rows
from diptych.recipe import PIXEL_BATCH


@dataclass(frozen=True)
class Batches:
    """What is trained on, in batches of nearly equal size whose order depends on the epoch.

    No batch is a single picture, which batch normalisation cannot learn from: of an odd number in
    batches of two, one batch has three.
    """

    inputs: Rows
    targets_NK: Targets
    size: int
    seed: int
    policy: AugmentationPolicy | None = None
    names: Sequence[str] = ()  # of the inputs, to say which ones a step went wrong with

    def __len__(self) -> int:
        """Steps in an epoch."""
        count = len(self.inputs)
        return max(min(-(-count // self.size), count // 2), 1)

    @property
    def least(self) -> int:
        """The pictures of the smallest step."""
        return len(self.inputs) // len(self)

    def epoch(self, number: int, rates: Sequence[float], first_step: int = 0) -> "ShuffledEpoch":
        """An epoch from a step on, with one learning rate for each step that is taken."""
        return ShuffledEpoch(self, number, rates, first_step)

    def rows_of(self, number: int) -> list[npt.NDArray[np.intp]]:
        """Which inputs each step of an epoch has."""
        # Seeded by (seed, epoch): resuming at epoch 7 sees the order epoch 7 would have had.
        order = np.random.default_rng((self.seed, number)).permutation(len(self.inputs))
        return np.array_split(order, len(self))


@dataclass(frozen=True)
class ShuffledEpoch:
    """A stretch of the batches, each made when it is asked for (see `engines.contract.Epoch`)."""

    batches: Batches
    number: int
    rates: Sequence[float]
    first_step: int = 0

    @property
    def inputs(self) -> Rows:
        return self.batches.inputs

    @property
    def augmented(self) -> bool:
        return self.batches.policy is not None

    def __len__(self) -> int:
        return len(self.rates)

    def __iter__(self) -> Iterator[Batch]:
        count, seed = len(self.inputs), self.batches.seed
        policy = self.batches.policy
        random_NR = random_numbers(seed, self.number, count) if self.augmented else None
        steps = slice(self.first_step, self.first_step + len(self))
        for rows in self.batches.rows_of(self.number)[steps]:
            batch = Batch(rows, self.batches.targets_NK[rows])
            if policy is None or random_NR is None:
                yield batch
            else:
                yield _augmented(batch, self.inputs.shape[1:], policy, random_NR[rows])


def _augmented(
    batch: Batch, shape: tuple[int, ...], policy: AugmentationPolicy, random_NR: Floats
) -> Batch:
    """The batch with an augmentation; the targets of mixed pictures are mixed."""
    height, width, channels = shape
    augmentation = sample_augmentation(policy, (height, width, channels), random_NR)
    targets_NK = mix_targets(batch.targets_NK, augmentation, (height, width, channels))
    return Batch(batch.rows, targets_NK, augmentation)


def one_hot(labels: Sequence[int], classes: int, smoothing: float = 0.0) -> Targets:
    """Labels as probabilities (N, K); `smoothing` is shared among all classes (Szegedy 2016)."""
    hard_NK = np.eye(classes, dtype=np.float32)[np.asarray(labels, np.intp)]
    return np.asarray(hard_NK * (1 - smoothing) + smoothing / classes, np.float32)


def warn_of_large_batches(size: int, count: int) -> None:
    """A word where batches that somebody asked for are larger than the training part."""
    if size > max(count, PIXEL_BATCH):
        logging.getLogger(__name__).warning(
            "batch_size = %s is more than the %s pictures to train on: an epoch is a single step; "
            "a smaller one takes more of them",
            f"{size:,}",
            f"{count:,}",
        )
