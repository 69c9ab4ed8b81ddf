"""What every way to train starts from, what it gives, and the step that all of them take."""

import contextlib
import logging
import math
from pathlib import Path
from typing import NamedTuple

from diptych import engines
from diptych.data.dataset import Dataset
from diptych.engines.contract import Engine, Optimiser
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.rows import Rows
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights
from diptych.networks.choosing import has_pretrained, way_to_train
from diptych.recipe import Recipe
from diptych.reliability.calibration import FEWEST, calibrated_losses
from diptych.system.progress import Track
from diptych.system.workplace import elsewhere
from diptych.training.balancing import Floats, class_weights
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import EpochResult, Schedule, fit
from diptych.training.team import TeamEngine


class Task(NamedTuple):
    """What is trained, and on what."""

    recipe: Recipe
    network: Network
    start: Weights
    train: Dataset
    valid: Dataset
    checkpoints: Path  # a folder
    track: Track

    def going_on_from(self, weights: Weights) -> "Task":
        """What comes after the head, with checkpoints of its own."""
        return self._replace(start=weights, checkpoints=self.checkpoints / "tuned")

    def class_weights(self) -> Floats | None:
        """What a picture of each class counts, (K,); None where all count the same."""
        return class_weights(self.train.targets(), len(self.train.classes), self.recipe.balance)


class BestEpoch(NamedTuple):
    """What training gives, before it is calibrated."""

    weights: Weights  # those of the best epoch
    backbone: bytes  # its graph, which calibration leaves as it is
    valid_logits_NK: Logits
    history: tuple[EpochResult, ...]
    head_only: bool  # the backbone stayed as it was


def fit_rows(
    task: Task,
    network: Network,
    batches: Batches,
    valid_rows: Rows,
    optimiser: Optimiser,
    schedule: Schedule,
    doing: str = "training",
    *,
    together: bool = False,
) -> tuple[Engine, tuple[EpochResult, ...]]:
    """An engine with the weights of its best epoch, and the epochs.

    Trained `together` by the machines of the place where work is done, if there is one.
    """
    own = {name: value for name, value in task.start.items() if network.has(name)}
    decay = decay_over(task.recipe.ema, len(batches))
    optimiser = optimiser._replace(clip=task.recipe.clip, average_decay=decay)
    made_of = task.recipe.engine, network, own, optimiser, task.recipe.seed
    labels, weight_K = task.valid.targets(), task.class_weights()
    valid_weights_N = None if weight_K is None else weight_K[labels]

    def fitted(engine: Engine) -> tuple[EpochResult, ...]:
        rows = batches, valid_rows, labels
        epochs = fit(engine, *rows, schedule, task.checkpoints, valid_weights_N)
        # An epoch that is trained again, at a lower rate, takes the place of the one before.
        by_number = {epoch.number: epoch for epoch in task.track(epochs, doing, schedule.epochs)}
        return tuple(by_number.values())

    place = elsewhere()
    if together and place and task.recipe.engine in engines.TEAMED:
        with contextlib.closing(TeamEngine(place, *made_of, batches.least)) as team:
            history = fitted(team)
            return engines.build(task.recipe.engine, network, team.weights()), history
    engine = engines.build(*made_of)
    return engine, fitted(engine)


def decay_over(epochs: float, steps: int) -> float:
    """The decay of an average over so many epochs, each of so many steps; 0 for no average."""
    return 1 - 1 / max(epochs * steps, 1) if epochs else 0.0


def batches_of(task: Task, rows: Rows, policy: AugmentationPolicy | None = None) -> Batches:
    """The training part in the batches of the recipe."""
    recipe, train = task.recipe, task.train
    targets_NK = one_hot(train.targets(), len(train.classes), recipe.label_smoothing)
    if (weight_K := task.class_weights()) is not None:
        targets_NK *= weight_K[train.targets(), None]
    names = [sample.name for sample in train.samples]
    return Batches(rows, targets_NK, recipe.batch_size, recipe.seed, policy, names)


def from_scratch(recipe: Recipe) -> tuple[Optimiser, Schedule]:
    """How layers learn that nobody has trained before."""
    return (
        Optimiser(recipe.optimiser, recipe.weight_decay, 1.0),
        _schedule(recipe, recipe.epochs),
    )


# The first layers learn at this share of the rate of the last ones.
DEPTH_RATE = 0.1


def fine_tuning(recipe: Recipe) -> tuple[Optimiser, Schedule]:
    """How layers learn that somebody has trained before, under a head that is fitted already."""
    optimiser = Optimiser(
        recipe.optimiser,
        recipe.weight_decay,
        recipe.backbone_rate,
        depth_rate=DEPTH_RATE,
        frozen_norms=True,
    )
    return optimiser, _schedule(recipe, epochs_after_head(recipe))


def planned_epochs(recipe: Recipe) -> int:
    """At most how many epochs a training takes, of those that cost most."""
    if way_to_train(recipe) == "head" or not has_pretrained(recipe):
        return recipe.epochs
    return epochs_after_head(recipe)


def epochs_after_head(recipe: Recipe) -> int:
    """At most how many epochs follow those of the head.

    The last stages learn faster than a whole network (see `ways.last`), for half as many.
    """
    epochs = min(recipe.epochs, recipe.fine_epochs)
    return min(epochs, max(2, math.ceil(epochs / 2))) if recipe.train == "last" else epochs


def _schedule(recipe: Recipe, epochs: int) -> Schedule:
    return Schedule(
        epochs,
        recipe.patience,
        recipe.learning_rate,
        recipe.warmup,
        lower_rate=recipe.on_nan == "lower-rate",
        seconds=recipe.train_seconds,
    )


def better_than_head(task: Task, logits_NK: Logits, head: BestEpoch) -> bool:
    """Whether fine-tuning was worth it: by the validation loss, once both are calibrated.

    Of the loss there is less noise than of the share that is right. What is lower by less than a
    standard error, picture by picture, may be chance, of which the best epoch is the luckiest; so
    may be whatever a handful of pictures says. Then the head stays, and a line says so.
    """
    labels, weight_K = task.valid.targets(), task.class_weights()
    tuned_N, floor_N = (
        calibrated_losses(one_NK, labels, weight_K) for one_NK in (logits_NK, head.valid_logits_NK)
    )
    gain_N = floor_N - tuned_N
    error = (
        float(gain_N.std(ddof=1)) / math.sqrt(len(gain_N)) if len(gain_N) >= FEWEST else math.inf
    )
    if gain_N.mean() > error:
        return True
    logging.getLogger(__name__).warning(
        "fine-tuning came to a validation loss of %.3f, and the head alone to %.3f (%s): "
        "the head alone is kept",
        tuned_N.mean(),
        floor_N.mean(),
        f"{-gain_N.mean():+.3f} ± {error:.3f}"
        if math.isfinite(error)
        else f"{len(gain_N)} validation pictures tell nothing",
    )
    return False
