"""What every way to train starts from, what it gives, and the step that all of them take."""

from pathlib import Path
from typing import NamedTuple

from diptych import engines
from diptych.data.dataset import Dataset
from diptych.engines.contract import Engine, Optimiser
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.rows import Rows
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights
from diptych.recipe import Recipe
from diptych.system.progress import Track
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import EpochResult, Schedule, fit


class Task(NamedTuple):
    """What is trained, and on what."""

    recipe: Recipe
    network: Network
    start: Weights
    train: Dataset
    valid: Dataset
    checkpoints: Path  # a folder
    track: Track


class BestEpoch(NamedTuple):
    """What training gives, before it is calibrated."""

    weights: Weights  # those of the best epoch
    backbone: bytes  # its graph, which calibration leaves as it is
    valid_logits_NK: Logits
    history: tuple[EpochResult, ...]


def fit_rows(
    task: Task, network: Network, backbone_rate: float, train_rows: Rows, valid_rows: Rows
) -> tuple[Engine, tuple[EpochResult, ...]]:
    """An engine with the weights of its best epoch, and the epochs."""
    recipe, train, valid = task.recipe, task.train, task.valid
    own = {name: value for name, value in task.start.items() if network.has(name)}
    optimiser = Optimiser(recipe.optimiser, recipe.weight_decay, backbone_rate)
    engine = engines.build(recipe.engine, network, own, optimiser, recipe.seed)
    targets_NK = one_hot(train.targets(), len(train.classes), recipe.label_smoothing)
    # Features have no geometry and no colours to change.
    policy = augmentation_policy(recipe) if len(network.input) == 3 else None
    batches = Batches(train_rows, targets_NK, recipe.batch_size, recipe.seed, policy)
    schedule = Schedule(recipe.epochs, recipe.patience, recipe.learning_rate, recipe.warmup)
    epochs = fit(engine, batches, valid_rows, valid.targets(), schedule, task.checkpoints)
    history = tuple(task.track(epochs, "training", recipe.epochs))
    return engine, history


def augmentation_policy(recipe: Recipe) -> AugmentationPolicy | None:
    """How pictures are changed in training; None where they are not."""
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    return policy if any(policy) else None
