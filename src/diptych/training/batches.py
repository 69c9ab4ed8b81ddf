"""The order in which pictures are seen: from inputs and labels to the steps of an epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from diptych.engines.contract import Step, Targets
from diptych.images.augmentation import Augment, Floats, draw, mixed_targets, numbers
from diptych.images.rows import Rows


@dataclass(frozen=True)
class Batches:
    """What is trained on, in batches of nearly equal size whose order depends on the epoch."""

    inputs: Rows
    targets_NK: Targets
    size: int
    seed: int
    augment: Augment | None = None

    def __len__(self) -> int:
        """Steps in an epoch."""
        return max(-(-len(self.inputs) // self.size), 1)

    def epoch(self, number: int, rates: Sequence[float]) -> Iterator[Step]:
        """The steps of an epoch, one for each learning rate."""
        # Seeded by (seed, epoch): resuming at epoch 7 sees the order epoch 7 would have had.
        order = np.random.default_rng((self.seed, number)).permutation(len(self.inputs))
        chosen_by_step = np.array_split(order, len(self))
        plain = (
            Step(self.inputs[chosen], self.targets_NK[chosen], rate)
            for chosen, rate in zip(chosen_by_step, rates, strict=True)
        )
        if self.augment is None:
            return plain
        chance_NR = numbers(self.seed, number, len(order))
        return (
            _changed(step, self.augment, chance_NR[chosen])
            for step, chosen in zip(plain, chosen_by_step, strict=True)
        )


def _changed(step: Step, augment: Augment, chance_NR: Floats) -> Step:
    """The step with a draw for its pictures; mixed pictures have mixed targets."""
    height, width, channels = step.inputs.shape[1:]
    drawn = draw(augment, (height, width, channels), chance_NR)
    targets_NK = mixed_targets(step.targets_NK, drawn, (height, width, channels))
    return step._replace(targets_NK=targets_NK, draw=drawn)


def one_hot(labels: Sequence[int], classes: int, smoothing: float = 0.0) -> Targets:
    """Labels as probabilities (N, K); `smoothing` is shared among all classes (Szegedy 2016)."""
    hard_NK = np.eye(classes, dtype=np.float32)[np.asarray(labels, np.intp)]
    return np.asarray(hard_NK * (1 - smoothing) + smoothing / classes, np.float32)
