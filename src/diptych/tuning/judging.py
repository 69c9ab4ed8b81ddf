"""How good a recipe is: what it answers for pictures out of fold, calibrated as what is shipped.

Letters in names: N pictures, K classes.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

from diptych.data.splitting import Splits
from diptych.metrics.probabilities import Logits, log_softmax
from diptych.networks.choosing import way_to_train
from diptych.recipe import Recipe
from diptych.training.balancing import class_weights
from diptych.training.fitting import unseen_answers
from diptych.training.progress import EpochResult
from diptych.tuning.choice import trained_head
from diptych.tuning.judgement import Judgement
from diptych.tuning.material import Material

T = TypeVar("T")

# What a trial has done, in tenths of a fold, and how far off it is; may raise to stop it.
Watch = Callable[[int, float], None]
TENTHS = 10
TINY = 1e-12


def unwatched(tenths: int, error: float) -> None:
    """The Watch of what is never stopped."""


def judge(
    recipe: Recipe,
    material: Material,
    seed: int,
    keep: Path | None = None,
    watch: Watch = unwatched,
) -> Judgement:
    """Train in each fold of a seed, with that seed, and answer for what was held out.

    Heads are trained on features by the engine in NumPy, all else as it will be. With a folder to
    `keep` checkpoints in, one that was killed goes on; it is gone at the end. Raises what
    `training.fitting.unseen_answers` raises, and whatever `watch` does.
    """
    own = recipe.replace(seed=seed)
    labels_N, classes = material.labels_N, len(material.data.classes)
    loss_N, right_N = np.zeros(len(labels_N)), np.zeros(len(labels_N), bool)
    weight_K = class_weights(labels_N.tolist(), classes, recipe.balance)
    losses = 0.0
    answered = 0
    for fold, parts in enumerate(material.folds(seed, recipe)):
        test_N = material.places(parts.test)
        log_p_NK = _log_answers(own, material, parts, fold, keep, watch)
        loss_N[test_N], right_N[test_N] = Judgement.of(log_p_NK, labels_N[test_N], weight_K)
        losses, answered = losses + float(loss_N[test_N].sum()), answered + len(test_N)
        watch(TENTHS * (fold + 1), losses / answered)
    if keep:
        shutil.rmtree(keep, ignore_errors=True)
    return Judgement(loss_N, right_N)


def _log_answers(
    recipe: Recipe, material: Material, parts: Splits, fold: int, keep: Path | None, watch: Watch
) -> Logits:
    """The logarithm of calibrated probabilities for the test part of a fold, (N, K)."""
    if way_to_train(recipe) == "head":
        return log_softmax(head_logits(recipe, material, parts))
    with tempfile.TemporaryDirectory() as passing:
        place = keep / f"fold-{fold}" if keep else Path(passing)
        p_NK = unseen_answers(recipe, parts, material.store, place, _Epochs(fold, watch))
    return np.asarray(np.log(np.maximum(p_NK, TINY)), np.float32)


def head_logits(recipe: Recipe, material: Material, parts: Splits) -> Logits:
    """What a recipe's head answers for the test part of a fold, calibrated, (N, K)."""
    train_N, valid_N, test_N = map(material.places, parts)
    features_ND, classes = material.features(recipe), len(material.data.classes)
    return trained_head(recipe, features_ND, material.labels_N, train_N, valid_N, test_N, classes)


class _Epochs:
    """A Track that tells a Watch of the epochs that cost most."""

    def __init__(self, fold: int, watch: Watch) -> None:
        self._fold, self._watch = fold, watch

    def __call__(self, items: Iterable[T], doing: str, total: int) -> Iterable[T]:
        return self._watched(items, total) if doing == "training" else items

    def _watched(self, items: Iterable[T], total: int) -> Iterator[T]:
        told = 0  # which is the end of the fold before
        for item in items:
            yield item
            assert isinstance(item, EpochResult)
            tenths = min(TENTHS * item.number // total, TENTHS - 1)
            if tenths <= told:
                continue
            told = tenths
            # Not the loss: it is not calibrated yet, and label smoothing would count against it.
            self._watch(TENTHS * self._fold + tenths, 1 - item.valid_accuracy)
