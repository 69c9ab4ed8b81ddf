"""A recipe and pictures to a trained network whose graph was compared with it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.data.dataset import Dataset
from diptych.data.splitting import Splits
from diptych.engines.backbone import whole_graph
from diptych.errors import InputError
from diptych.images.rows import pixel_rows
from diptych.images.store import Store
from diptych.metrics.probabilities import Logits, Probabilities, softmax
from diptych.networks import Network, Weights, choosing
from diptych.recipe import Recipe
from diptych.reliability.calibration import Calibration, calibrate, require_scipy
from diptych.runtimes import gate, open_graph
from diptych.runtimes.features import FeatureExtractor, features
from diptych.system.progress import Track
from diptych.training.features import trained_extractor
from diptych.training.loop import EpochResult, predict_rows
from diptych.training.memory import enough_memory, refuse_huge
from diptych.training.ways.head import fit_head
from diptych.training.ways.last import fit_last
from diptych.training.ways.task import BestEpoch, Task
from diptych.training.ways.whole import fine_tune, fit_all

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


def unseen_answers(
    recipe: Recipe, parts: Splits, store: Store, checkpoints: Path, track: Track
) -> Probabilities:
    """Train as `train_network` does, and answer for the test part; nothing is exported or kept.

    Calibrated probabilities (N, K). Raises what `train_network` raises, but for GateError.
    """
    train, valid, test = parts
    with enough_memory(recipe):
        start = choosing.start(recipe, train.shape_at(recipe.image_size), train.classes)
        task = Task(recipe, start.network, start.weights, train, valid, checkpoints, track)
        best = _fitted(start, task, store)
        calibration = _calibration(best, task)
        weights = calibration.folded(best.weights)
        keys = [sample.digest for sample in test.samples]
        if best.head_only:
            network = start.network
            extractor = trained_extractor(recipe.engine, network, weights, best.backbone)
            return softmax(last_layer_logits(weights, features(extractor, keys, store)[0]))
        engine = engines.build(recipe.engine, start.network, weights)
        return softmax(predict_rows(engine, pixel_rows(store, keys)))


def _trained(
    recipe: Recipe, train: Dataset, valid: Dataset, store: Store, checkpoints: Path, track: Track
) -> TrainedNetwork:
    start = choosing.start(recipe, train.shape_at(recipe.image_size), train.classes)
    if start.way != "head":
        refuse_huge(recipe, start.network, start.weights)
    network = start.network
    task = Task(recipe, network, start.weights, train, valid, checkpoints, track)
    best = _fitted(start, task, store)
    calibration = _calibration(best, task)
    engine = engines.build(recipe.engine, network, calibration.folded(best.weights))
    graph = whole_graph(best.backbone, network, engine.weights())
    pixels = store.read([sample.digest for sample in valid.samples[:GATE_PICTURES]])
    parity = gate.check(open_graph(graph), pixels, softmax(engine.predict(pixels)))
    return TrainedNetwork(
        network,
        engine.weights(),
        graph,
        trained_extractor(recipe.engine, network, best.weights, best.backbone),
        best.history,
        calibration,
        parity,
        best.head_only,
    )


def _fitted(start: choosing.Start, task: Task, store: Store) -> BestEpoch:
    match start.way:
        case "head":
            return fit_head(task, store)
        case "last":
            return fit_last(task, store)
        case _:
            return fine_tune(task, store) if start.pretrained else fit_all(task, store)


def _calibration(best: BestEpoch, task: Task) -> Calibration:
    return calibrate(best.valid_logits_NK, task.valid.targets(), task.class_weights())


def last_layer_logits(weights: Weights, features_ND: npt.NDArray[np.float32]) -> Logits:
    """What a network's last layer makes of features, (N, K)."""
    kernel_KD, bias_K = (weights[f"classifier.{part}"] for part in ("weight", "bias"))
    return np.asarray(features_ND @ kernel_KD.T + bias_K, np.float32)
