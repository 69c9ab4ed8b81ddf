"""Whether it pays to train more than the head: the last stages, then all layers, on some folds.

What is trained longer has to be better beyond noise, picture by picture, than what is there: else
that stays. A way that would take too long to try is left out, and it is said how long.
"""

import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Dataset
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.images.store import Store
from diptych.metrics.probabilities import Logits
from diptych.networks import choosing
from diptych.networks.splitting import last_stages
from diptych.recipe import Recipe
from diptych.system.progress import Track
from diptych.training.augmenting import default_augmentation
from diptych.training.balancing import class_weights
from diptych.training.fitting import unseen_answers
from diptych.training.ways.task import epochs_after_head
from diptych.tuning.budget import duration, epoch_seconds
from diptych.tuning.candidates import Candidate, first_within_noise
from diptych.tuning.judgement import judged_in_folds
from diptych.tuning.presets import Preset

# Of the folds that heads are compared on: a training of stages costs as much as a hundred heads.
FOLDS_TRIED = 2
# What trying a way, and training by it, may take where nobody sets a budget.
SECONDS = 1800.0

Positions = npt.NDArray[np.intp]


class Tried(NamedTuple):
    """What came of trying to train more than the head."""

    candidates: tuple[Candidate, ...]
    chosen: Candidate
    reason: str


def worth_training(
    preset: Preset,
    head: Candidate,
    frozen: Sequence[Candidate],
    train: Dataset,
    fold_N: Positions,
    store: Store,
    track: Track,
    seconds: float | None = None,
) -> Tried:
    """The head, or what is better than it; `frozen` are candidates with a head alone.

    Of the networks whose last stages can be trained, the one with the best head is taken. The store
    has the pixels of the training part; `seconds` are left for all of it. Raises what
    `unseen_answers` raises.
    """
    able = [one for one in frozen if _can_be_cut(one.recipe, train)]
    if not preset.ways or not able:
        return Tried((), head, "")
    start = min(able, key=lambda one: one.log_loss)
    seen_N = fold_N < FOLDS_TRIED
    tried: list[Candidate] = []
    chosen, best, reasons = head, head._replace(loss_N=head.loss_N[seen_N]), []
    deadline = time.monotonic() + (SECONDS if seconds is None else seconds)
    for way in preset.ways:
        recipe = _trained_by(way, start.recipe, train, preset.said)
        needed = _seconds(recipe, train, fold_N, store)
        if needed > deadline - time.monotonic():
            reasons.append(f"train {way} was left out: it would take {duration(needed)} more")
            continue
        changes = {"network": recipe.network, "train": way}
        tried.append(_answered(recipe, changes, train, fold_N, store, track))
        winner, reason = first_within_noise([best, tried[-1]])
        reasons.append(reason)
        if winner is not best:
            chosen = best = winner
    return Tried(tuple(tried), chosen, "; ".join(reasons))


def _trained_by(way: str, head: Recipe, data: Dataset, said: Collection[str]) -> Recipe:
    """How a way goes on from a head: at the usual rate, not at that of a head of few pictures."""
    if "learning_rate" not in said:
        head = head.replace(learning_rate=Recipe().learning_rate)
    return with_augmentation(head.replace(train=way), data, said)


def with_augmentation(recipe: Recipe, data: Dataset, said: Collection[str]) -> Recipe:
    """The recipe with the changes to pictures that suit what it trains, but for what was said."""
    own = default_augmentation(recipe.network, data.classes, head_only=False)
    return recipe.replace(**{key: value for key, value in own.items() if key not in said})


def _seconds(recipe: Recipe, train: Dataset, fold_N: Positions, store: Store) -> float:
    """What training in the folds and at last takes, from a trial of a few batches."""
    valid_N = fold_N == 0
    parts = _part(train, ~valid_N), _part(train, valid_N)
    return (FOLDS_TRIED + 1) * epochs_after_head(recipe) * epoch_seconds(recipe, *parts, store)


def _can_be_cut(recipe: Recipe, data: Dataset) -> bool:
    if "/" in recipe.network:
        return False
    whole = choosing.network(recipe, data.shape_at(recipe.image_size), len(data.classes))
    try:
        last_stages(whole)
    except InputError:
        return False
    return True


def _answered(
    recipe: Recipe,
    changes: Mapping[str, Any],
    train: Dataset,
    fold_N: Positions,
    store: Store,
    track: Track,
) -> Candidate:
    """How a recipe answers for the pictures of some folds, trained without them."""

    def answer(*which: npt.NDArray[np.bool_]) -> Logits:
        parts = Splits(*(_part(train, own_N) for own_N in which))
        with tempfile.TemporaryDirectory() as folder:
            p_NK = unseen_answers(recipe, parts, store, Path(folder), track)
        return np.log(np.maximum(p_NK, np.finfo(np.float32).tiny))

    labels = train.targets()
    weight_K = class_weights(labels, len(train.classes), recipe.balance)
    judged = judged_in_folds(answer, np.array(labels), fold_N, weight_K, FOLDS_TRIED)
    return Candidate.of(recipe, changes, judged)


def _part(data: Dataset, which_N: npt.NDArray[np.bool_]) -> Dataset:
    return data.with_samples(data.samples[i] for i in np.flatnonzero(which_N))
