"""A head on the features of what has been labelled so far, in seconds, and how good it is.

Axes: N pictures, D features, K classes.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.data.dataset import Dataset, Sample
from diptych.data.folding import LEAST, fold_of
from diptych.engines.contract import Engine, Optimiser
from diptych.errors import MissingExtra
from diptych.images.rows import Rows
from diptych.metrics import Score
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Logits, Probabilities, softmax
from diptych.networks import HEAD, Network, head_layers
from diptych.networks.initialisation import initial
from diptych.recipe import Recipe
from diptych.reliability.calibration import Calibration, calibrate
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import Schedule, learning_rates, predict_rows

FOLDS = 5
# Of a head: a few pictures are seen often, many at least so many times.
STEPS, LEAST_EPOCHS = 600, 8


class Labelled(NamedTuple):
    """A picture that a head may learn from."""

    name: str
    row: int  # of its features
    label: str
    tested: bool  # somebody looked at it alone, so that its label tells how good the head is


class Lesson(NamedTuple):
    """What a head made of the labels that there were."""

    classes: tuple[str, ...]
    p_NK: Probabilities  # for all rows of the features; of labelled ones as they were learned
    pictures: int  # that it learned from
    tested: int  # by heads that had not learned from them
    accuracy: Score | None  # of those; None where there are too few
    seconds: float


def enough(labels: Sequence[str]) -> str:
    """What is missing before a head can learn, in a sentence; "" where nothing is."""
    counts = Counter(labels)
    if len(counts) < 2:
        return "label pictures of two classes at least"
    few = [label for label, count in counts.items() if count < 2]
    return f"label one more picture of {few[0]}" if few else ""


def learn(
    rows_ND: Rows, labelled: Sequence[Labelled], group_of: Mapping[str, str], seed: int = 0
) -> Lesson:
    """Fit a head on what is labelled, and answer for all.

    Its accuracy is that of heads in cross-validation, for pictures that they did not learn from and
    that are no copies of any that they did; so calibrated are the probabilities.
    """
    started = time.monotonic()
    classes = tuple(dict.fromkeys(sorted(one.label for one in labelled)))
    features_ND = rows_ND[np.array([one.row for one in labelled], np.intp)]
    target_N = np.array([classes.index(one.label) for one in labelled], np.intp)
    held_out_NK = _held_out(features_ND, target_N, classes, labelled, group_of, seed)
    accuracy, tested, calibration = None, 0, None
    if held_out_NK is not None:
        tested_N = np.array([one.tested for one in labelled])
        tested = int(tested_N.sum())
        calibration = _calibration(held_out_NK, target_N)
        if tested:
            samples = _samples(labelled, classes, group_of)
            some = samples.with_samples(
                s for s, t in zip(samples.samples, tested_N, strict=True) if t
            )
            accuracy = Predictions(some, softmax(held_out_NK[tested_N])).scores().accuracy
    logits_NK = predict_rows(_fitted(features_ND, target_N, len(classes), seed), rows_ND, 1024)
    p_NK = softmax(calibration.applied(logits_NK) if calibration else logits_NK)
    seconds = time.monotonic() - started
    return Lesson(classes, p_NK, len(labelled), tested, accuracy, seconds)


def _held_out(
    features_ND: npt.NDArray[np.float32],
    target_N: npt.NDArray[np.intp],
    classes: tuple[str, ...],
    labelled: Sequence[Labelled],
    group_of: Mapping[str, str],
    seed: int,
) -> Logits | None:
    """The logits of each picture by a head that has not learned from it; None of too few."""
    samples = _samples(labelled, classes, group_of)
    independent = Counter(
        label for label, _ in {(s.label, s.group or s.name) for s in samples.samples}
    )
    folds = min(FOLDS, *independent.values())
    if min(independent.values()) < LEAST:
        return None
    own_fold = fold_of(samples, folds, seed)
    fold_N = np.array([own_fold[sample.name] for sample in samples.samples])
    logits_NK = np.zeros((len(target_N), len(classes)), np.float32)
    for fold in range(folds):
        out_N = fold_N == fold
        if out_N.any():
            head = _fitted(features_ND[~out_N], target_N[~out_N], len(classes), seed)
            logits_NK[out_N] = predict_rows(head, features_ND[out_N])
    return logits_NK


def _samples(
    labelled: Sequence[Labelled], classes: tuple[str, ...], group_of: Mapping[str, str]
) -> Dataset:
    samples = (
        Sample(one.name, one.label, Path(), group=group_of.get(one.name, "")) for one in labelled
    )
    return Dataset(Path(), classes, tuple(samples))


def _fitted(
    features_ND: npt.NDArray[np.float32], target_N: npt.NDArray[np.intp], classes: int, seed: int
) -> Engine:
    """A head that has learned, by the recipe of training but for its length."""
    recipe = Recipe()
    width = features_ND.shape[1]
    head = Network("head", (width,), head_layers(width, classes, 0.0)[-HEAD:])
    optimiser = Optimiser(recipe.optimiser, recipe.weight_decay, 1.0)
    engine = engines.build("linear", head, initial(head, seed), optimiser, seed)
    targets_NK = one_hot(target_N.tolist(), classes, recipe.label_smoothing)
    batches = Batches(features_ND, targets_NK, recipe.batch_size, seed)
    epochs = max(STEPS // len(batches), LEAST_EPOCHS)
    schedule = Schedule(epochs, epochs, recipe.learning_rate, recipe.warmup)
    rates = learning_rates(schedule, len(batches))
    for epoch in range(epochs):
        first = epoch * len(batches)
        engine.train(batches.epoch(epoch + 1, rates[first : first + len(batches)]))
    return engine


def _calibration(logits_NK: Logits, target_N: npt.NDArray[np.intp]) -> Calibration | None:
    try:
        return calibrate(logits_NK, target_N.tolist())
    except MissingExtra:
        return None
