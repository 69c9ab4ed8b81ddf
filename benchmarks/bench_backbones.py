"""What are deeper backbones, and several side by side, worth beside the default, at what cost?

Features of the photographs by EfficientNet-Lite0, Lite1, Lite2 and of those side by side; under
each the head that `diptych train` fits, on the same five folds twice over. The cost is the
processors' time for the features, computed into an empty cache, as a multiple of Lite0's.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import machine, need_photos
from sklearn.model_selection import StratifiedGroupKFold, StratifiedShuffleSplit

from diptych import engines
from diptych.auditing import audit
from diptych.auditing.cleaning import clean
from diptych.engines.backbone import backbone_graph
from diptych.engines.contract import Optimiser
from diptych.images.decoding import pixel_store
from diptych.networks import choosing
from diptych.recipe import Recipe
from diptych.runtimes.features import feature_extractor, features
from diptych.sources import read
from diptych.system.progress import unwatched
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import Schedule, fit
from diptych.training.pictures import with_pixels

NETWORKS = (
    *("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"),
    *("efficientnet_lite0+lite1", "efficientnet_lite0+lite1+lite2"),
)
ROUNDS, FOLDS = 2, 5


def main() -> None:
    photos = need_photos()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["DIPTYCH_CACHE"] = cache
        recipe = Recipe()
        data = read(photos)
        data = clean(data, audit(data, size=recipe.image_size, min_side=recipe.min_side))
        store = pixel_store(data.shape_at(recipe.image_size), data.bits)
        data = with_pixels(data, store, unwatched)
        groups = [sample.group or sample.digest for sample in data.samples]
        first: tuple[float, np.ndarray] | None = None
        for name in NETWORKS:
            own = recipe.replace(network=name)
            start = choosing.start(own, data.shape_at(recipe.image_size), data.classes)
            graph = backbone_graph(own.engine, start.network, start.weights)
            extractor = feature_extractor(graph, start.network.features)
            started = time.process_time()
            keys = [sample.digest for sample in data.samples]
            features_ND = features(extractor, keys, store)[0]
            seconds = time.process_time() - started
            right_RN = rounds(own, start, features_ND, np.array(data.targets()), groups)
            first = first or (seconds, right_RN)
            gain_N = (right_RN - first[1]).mean(0)
            error = gain_N.std() / np.sqrt(len(gain_N))
            print(
                f"{name:32} {right_RN.mean():.2%} right, {100 * gain_N.mean():+.2f} points "
                f"(±{196 * error:.2f}), {seconds / first[0]:.2f} times the processor time of Lite0",
                flush=True,
            )
    print(machine())


def rounds(
    recipe: Recipe,
    start: choosing.Start,
    features_ND: np.ndarray,
    labels_N: np.ndarray,
    groups: list[str],
) -> np.ndarray:
    """Whether each picture was answered rightly in each round, by a head that had not seen it."""
    right_RN = np.zeros((ROUNDS, len(labels_N)))
    for seed in range(ROUNDS):
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for rest, test in folds.split(features_ND, labels_N, groups):
            share = StratifiedShuffleSplit(1, test_size=recipe.valid_share, random_state=seed)
            train, valid = next(share.split(rest, labels_N[rest]))
            answers = answered(recipe, start, features_ND, labels_N, rest[train], rest[valid], test)
            right_RN[seed, test] = answers == labels_N[test]
    return right_RN


def answered(
    recipe: Recipe,
    start: choosing.Start,
    features_ND: np.ndarray,
    labels_N: np.ndarray,
    train: np.ndarray,
    valid: np.ndarray,
    test: np.ndarray,
) -> np.ndarray:
    """The classes of the test pictures by a head that was trained as `diptych train` does it."""
    head = start.network.head
    weights = {name: value for name, value in start.weights.items() if head.has(name)}
    optimiser = Optimiser(recipe.optimiser, recipe.weight_decay, 1.0)
    engine = engines.build(recipe.engine, head, weights, optimiser, recipe.seed)
    targets = one_hot(labels_N[train].tolist(), head.classes, recipe.label_smoothing)
    batches = Batches(features_ND[train], targets, recipe.batch_size, recipe.seed, None)
    schedule = Schedule(recipe.epochs, recipe.patience, recipe.learning_rate, recipe.warmup)
    with tempfile.TemporaryDirectory() as folder:
        list(
            fit(
                engine,
                batches,
                features_ND[valid],
                labels_N[valid].tolist(),
                schedule,
                Path(folder),
            )
        )
    return np.asarray(engine.predict(features_ND[test]).argmax(1))


if __name__ == "__main__":
    main()
