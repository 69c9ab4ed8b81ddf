"""A training that came to nothing: a rate that is far too high need not give losses without end."""

import logging
from collections.abc import Sequence

import numpy as np

from diptych.auditing.checks.label_names import IMBALANCE
from diptych.data.dataset import Dataset
from diptych.recipe import Recipe
from diptych.training.progress import EpochResult


def warn_of_guessing(
    history: Sequence[EpochResult], train: Dataset, valid: Dataset, recipe: Recipe
) -> None:
    """A word where no epoch answered better than one who knows how common each class is.

    Whoever learns that by a recipe which smooths labels, or weighs classes alike, answers so too.
    """
    shares = np.array(list(valid.counts().values())) / len(valid)
    believed = shares if recipe.balance == "none" else np.full(len(shares), 1 / len(shares))
    answered = (1 - recipe.label_smoothing) * believed + recipe.label_smoothing / len(shares)
    there = shares > 0
    guessing = -float((shares[there] * np.log(answered[there])).sum())
    best = min(epoch.valid_loss for epoch in history)
    if best < guessing:
        return
    counts = train.counts().values()
    is_rare = recipe.balance == "none" and max(counts) >= IMBALANCE * min(counts)
    logging.getLogger(__name__).warning(
        "the network has learned nothing: its loss on validation pictures, %.3g, is not below "
        "that of guessing, %.3g; try a lower learning_rate (now %g)%s",
        best,
        guessing,
        recipe.learning_rate,
        ", or --balance, as a class is rare" if is_rare else "",
    )
