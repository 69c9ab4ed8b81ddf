"""Which of some recipes serves best: cross-validation on features that are computed once.

The test part has no say, nor has the validation part, which the model is calibrated on later.

Letters in names: N pictures, D features, K classes.
"""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.data.dataset import Dataset
from diptych.data.folding import fold_of
from diptych.engines.backbone import backbone_graph
from diptych.images.store import Store
from diptych.metrics.probabilities import Logits, log_softmax
from diptych.networks import Network, choosing
from diptych.networks.initialisation import initial
from diptych.networks.zoo import backbones
from diptych.recipe import Recipe
from diptych.reliability.calibration import calibrate
from diptych.runtimes.features import features
from diptych.system.progress import Track, unwatched
from diptych.training.balancing import class_weights
from diptych.training.batches import Batches, one_hot
from diptych.training.features import trained_extractor
from diptych.training.fitting import last_layer_logits
from diptych.training.in_memory import InMemory
from diptych.training.loop import fit
from diptych.training.ways.task import from_scratch
from diptych.tuning.candidates import Candidate as Candidate
from diptych.tuning.candidates import first_within_noise
from diptych.tuning.judgement import judged_in_folds
from diptych.tuning.presets import Preset
from diptych.tuning.ways import worth_training

FOLDS = 5
# Of a class with fewer independent pictures, a fold may have none.
LEAST = 2 * FOLDS

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.intp]
Which = npt.NDArray[np.bool_] | Positions  # of the pictures


class Choice(NamedTuple):
    """What was chosen among candidates, and why."""

    candidates: tuple[Candidate, ...]
    chosen: Candidate
    reason: str


def best_of(
    preset: Preset,
    train: Dataset,
    store: Store,
    *,
    track: Track = unwatched,
    seconds: float | None = None,
) -> Choice:
    """The best of a preset's recipes for a training part whose pixels are in a store.

    Networks first, each with the first head; then heads for the one that was chosen; then whether
    it pays to train more than a head, where `seconds` suffice for that. Raises what
    `ImageClassifier.fit` raises, but for GateError.
    """
    started = time.monotonic()
    parts = {
        one: features_of(preset.networks[0], one, train, store, track) for one in _ours(preset)
    }
    labels_N, fold_N = np.array(train.targets()), fold_numbers(train)
    classes = len(train.classes)

    def judged(recipe: Recipe, changes: Mapping[str, Any]) -> Candidate:
        features_ND = np.concatenate([parts[one] for one in _parts(recipe)], axis=1)
        return cross_validated(recipe, changes, features_ND, labels_N, fold_N, classes)

    networks = [judged(r, {"network": r.network}) for r in preset.networks]
    network, reason = first_within_noise(networks)
    heads = [network, *(
        judged(network.recipe.replace(**head), {"network": network.recipe.network, **head})
        for head in preset.heads if head
    )]  # fmt: skip
    head, head_reason = first_within_noise(heads)
    frozen = (*networks, *heads[1:])
    left = None if seconds is None else seconds - (time.monotonic() - started)
    tried = worth_training(preset, head, frozen, train, fold_N, store, track, left)
    reasons = [reason] if len(networks) > 1 else []
    reasons += [head_reason] if len(heads) > 1 else []
    reasons += [tried.reason] if tried.reason else []
    return Choice((*frozen, *tried.candidates), tried.chosen, "; ".join(reasons))


def cross_validated(
    recipe: Recipe,
    changes: Mapping[str, Any],
    features_ND: Floats,
    labels_N: Positions,
    fold_N: Positions,
    classes: int,
) -> Candidate:
    """A recipe's head trained on all folds but two: one to choose its epoch on, one to test."""

    def answer(train_N: Which, valid_N: Which, test_N: Which) -> Logits:
        logits_NK = trained_head(recipe, features_ND, labels_N, train_N, valid_N, test_N, classes)
        return log_softmax(logits_NK)

    weight_K = class_weights(labels_N.tolist(), classes, recipe.balance)
    judged = judged_in_folds(answer, labels_N, fold_N, weight_K)
    return Candidate.of(recipe, changes, judged)


def trained_head(
    recipe: Recipe,
    features_ND: Floats,
    labels_N: Positions,
    train_N: Which,
    valid_N: Which,
    test_N: Which,
    classes: int,
) -> Logits:
    """Calibrated logits for some pictures, by a head trained on others.

    The engine in NumPy takes the same steps as the others, but for dropout, and is the fastest.
    """
    whole = choosing.network(recipe, (recipe.image_size, recipe.image_size, 3), classes)
    head: Network = whole.head
    optimiser, schedule = from_scratch(recipe)
    engine = engines.build("linear", head, initial(head, recipe.seed), optimiser, recipe.seed)
    targets_NK = one_hot(labels_N[train_N].tolist(), classes, recipe.label_smoothing)
    weight_K = class_weights(labels_N[train_N].tolist(), classes, recipe.balance)
    valid_weights_N = None if weight_K is None else weight_K[labels_N[valid_N]]
    if weight_K is not None:
        targets_NK *= weight_K[labels_N[train_N], None]
    batches = Batches(features_ND[train_N], targets_NK, recipe.batch_size, recipe.seed)
    valid_ND, labels = features_ND[valid_N], labels_N[valid_N].tolist()
    for _ in fit(engine, batches, valid_ND, labels, schedule, InMemory(), valid_weights_N):
        pass
    calibration = calibrate(engine.predict(valid_ND), labels, weight_K)
    return last_layer_logits(calibration.folded(engine.weights()), features_ND[test_N])


def features_of(
    recipe: Recipe, network: str, data: Dataset, store: Store, track: Track = unwatched
) -> Floats:
    """The features that a backbone of a recipe's kind has of a data set's pictures, (N, D)."""
    own = recipe.replace(network=network)
    start = choosing.start(own, data.shape_at(own.image_size), data.classes)
    graph = backbone_graph(own.engine, start.network, start.weights)
    extractor = trained_extractor(own.engine, start.network, start.weights, graph)
    keys = [sample.digest for sample in data.samples]
    return features(extractor, keys, store, track=track)[0]


def fold_numbers(data: Dataset) -> Positions:
    """The fold of each sample, (N,): classes in even shares, groups in one piece."""
    own_fold = fold_of(data, FOLDS)
    return np.array([own_fold[sample.name] for sample in data.samples])


def can_choose(data: Dataset) -> bool:
    """Whether every fold can have some of each class."""
    groups = {(sample.label, sample.group or sample.name) for sample in data.samples}
    counts = Counter(label for label, _ in groups)
    return all(counts[label] >= LEAST for label in data.classes)


def _ours(preset: Preset) -> tuple[str, ...]:
    """The backbones whose features make those of every network of a preset."""
    return tuple(dict.fromkeys(one for recipe in preset.networks for one in _parts(recipe)))


def _parts(recipe: Recipe) -> tuple[str, ...]:
    return (recipe.network,) if "/" in recipe.network else backbones(recipe.network)
