"""A recipe and pictures to a trained network whose graph was compared with it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.data.dataset import Dataset
from diptych.engines.backbone import backbone_graph, whole_graph
from diptych.engines.contract import Engine, Optimiser
from diptych.errors import InputError
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.rows import Rows, pixel_rows
from diptych.images.store import Store
from diptych.metrics.probabilities import Logits, softmax
from diptych.networks import Network, Weights, choosing
from diptych.recipe import Recipe
from diptych.reliability.calibration import Calibration, calibrate, require_scipy
from diptych.runtimes import gate, open_graph
from diptych.system.progress import Track
from diptych.training.batches import Batches, one_hot
from diptych.training.features import FeatureExtractor, feature_extractor, features
from diptych.training.loop import EpochResult, Schedule, fit, predict_rows
from diptych.training.memory import enough_memory
from diptych.training.trial import refuse_unlike

# Validation pictures that the gate looks at.
GATE_PICTURES = 48


class TrainedNetwork(NamedTuple):
    """A trained and calibrated network, and its graph, which was compared with it."""

    network: Network
    weights: dict[str, npt.NDArray[np.float32]]  # calibrated
    graph: bytes  # from pixels to probabilities
    feature_extractor: FeatureExtractor  # its backbone
    history: tuple[EpochResult, ...]
    calibration: Calibration
    parity: gate.Parity
    head_only: bool  # the backbone stayed as it was


class _Task(NamedTuple):
    """What is trained, and on what."""

    recipe: Recipe
    network: Network
    start: Weights
    train: Dataset
    valid: Dataset
    checkpoints: Path  # a folder
    track: Track


class _BestEpoch(NamedTuple):
    """What training gives, before it is calibrated."""

    weights: Weights  # those of the best epoch
    backbone: bytes  # its graph, which calibration leaves as it is
    valid_logits_NK: Logits
    history: tuple[EpochResult, ...]


def train_network(
    recipe: Recipe, train: Dataset, valid: Dataset, store: Store, checkpoints: Path, track: Track
) -> TrainedNetwork:
    """Train a network, the head alone or all of it, calibrate it, then export and check it.

    The store has the pixels of every sample; the folder `checkpoints` is made where it is needed.
    Raises what `ImageClassifier.fit` raises.
    """
    # Better to know now than after hours of training.
    require_scipy(len(valid))
    if len(train) < 2:
        raise InputError("training needs more than a single picture")
    with enough_memory(recipe):
        return _trained(recipe, train, valid, store, checkpoints, track)


def _trained(
    recipe: Recipe, train: Dataset, valid: Dataset, store: Store, checkpoints: Path, track: Track
) -> TrainedNetwork:
    start = choosing.start(recipe, train.shape_at(recipe.image_size), train.classes)
    network = start.network
    task = _Task(recipe, network, start.weights, train, valid, checkpoints, track)
    backbone_rate = recipe.backbone_rate if start.pretrained else 1.0
    best = _fit_head(task, store) if start.head_only else _fit_all(task, backbone_rate, store)
    calibration = calibrate(best.valid_logits_NK, valid.targets())
    engine = engines.build(recipe.engine, network, calibration.folded(best.weights))
    graph = whole_graph(best.backbone, network, engine.weights())
    pixels = store.read([sample.digest for sample in valid.samples[:GATE_PICTURES]])
    parity = gate.check(open_graph(graph), pixels, softmax(engine.predict(pixels)))
    return TrainedNetwork(
        network,
        engine.weights(),
        graph,
        feature_extractor(best.backbone, network.features),
        best.history,
        calibration,
        parity,
        start.head_only,
    )


def last_layer_logits(weights: Weights, features_ND: npt.NDArray[np.float32]) -> Logits:
    """What a network's last layer makes of features, (N, K)."""
    kernel_KD, bias_K = (weights[f"classifier.{part}"] for part in ("weight", "bias"))
    return np.asarray(features_ND @ kernel_KD.T + bias_K, np.float32)


def _fit_head(task: _Task, store: Store) -> _BestEpoch:
    """Train the head on the features of a backbone that stays as it is."""
    network = task.network
    backbone = backbone_graph(task.recipe.engine, network, task.start)
    extractor = feature_extractor(backbone, network.features)
    keys = [sample.digest for sample in (*task.train.samples, *task.valid.samples)]
    features_ND = features(extractor, keys, store, track=task.track)[0]
    train_ND, valid_ND = np.split(features_ND, [len(task.train)])
    engine, history = _fit_rows(task, network.head, 1.0, train_ND, valid_ND)
    weights = {**task.start, **engine.weights()}
    return _BestEpoch(weights, backbone, predict_rows(engine, valid_ND), history)


def _fit_all(task: _Task, backbone_rate: float, store: Store) -> _BestEpoch:
    """Train the whole network on pixels."""
    name, network = task.recipe.engine, task.network
    if network.external:
        # Better to know now than after hours of training that no graph can be made of it.
        refuse_unlike(name, network, task.start)
    train_rows, valid_rows = (
        pixel_rows(store, [sample.digest for sample in part.samples])
        for part in (task.train, task.valid)
    )
    engine, history = _fit_rows(task, network, backbone_rate, train_rows, valid_rows)
    weights = engine.weights()
    backbone = backbone_graph(name, network, weights)
    return _BestEpoch(weights, backbone, predict_rows(engine, valid_rows), history)


def _fit_rows(
    task: _Task, network: Network, backbone_rate: float, train_rows: Rows, valid_rows: Rows
) -> tuple[Engine, tuple[EpochResult, ...]]:
    """An engine with the weights of its best epoch, and the epochs."""
    recipe, train, valid = task.recipe, task.train, task.valid
    own = {name: value for name, value in task.start.items() if network.has(name)}
    optimiser = Optimiser(recipe.optimiser, recipe.weight_decay, backbone_rate)
    engine = engines.build(recipe.engine, network, own, optimiser, recipe.seed)
    targets_NK = one_hot(train.targets(), len(train.classes), recipe.label_smoothing)
    # Features have no geometry and no colours to change.
    policy = _augmentation_policy(recipe) if len(network.input) == 3 else None
    names = [sample.name for sample in train.samples]
    batches = Batches(train_rows, targets_NK, recipe.batch_size, recipe.seed, policy, names)
    lower_rate = recipe.on_nan == "lower-rate"
    schedule = Schedule(
        recipe.epochs, recipe.patience, recipe.learning_rate, recipe.warmup, lower_rate
    )
    epochs = fit(engine, batches, valid_rows, valid.targets(), schedule, task.checkpoints)
    # An epoch that is trained again, at a lower rate, takes the place of the one before.
    by_number = {epoch.number: epoch for epoch in task.track(epochs, "training", recipe.epochs)}
    return engine, tuple(by_number.values())


def _augmentation_policy(recipe: Recipe) -> AugmentationPolicy | None:
    """How pictures are changed in training; None where they are not."""
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    return policy if any(policy) else None
