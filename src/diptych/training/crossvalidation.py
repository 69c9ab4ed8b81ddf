"""Cross-validation: every picture is answered for by a network that never saw it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from diptych.data.dataset import Dataset
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.images.store import Store
from diptych.metrics.predictions import Predictions
from diptych.networks.earlier import earlier_path
from diptych.recipe import Recipe
from diptych.reliability.calibration import require_scipy
from diptych.system.progress import Track, unwatched
from diptych.training.fitting import unseen_answers


class CrossValidation(NamedTuple):
    """What networks of one recipe answered, each for a fold that it never saw."""

    folds: int
    predictions: Predictions  # for the pictures of all folds

    def to_json(self) -> dict[str, Any]:
        """The scores as plain data, and of how many folds."""
        return {"folds": self.folds, **self.predictions.scores().to_json()}

    def __str__(self) -> str:
        scores = self.predictions.scores()
        return f"accuracy {scores.accuracy} on {scores.n:,} pictures in {self.folds} folds"


def cross_validate(
    recipe: Recipe,
    folds: Sequence[Splits],
    store: Store,
    *,
    track: Track = unwatched,
    doing: str = "cross-validation",
) -> CrossValidation:
    """Train on each of some folds, and pool what is answered for their test parts.

    The folds are those of `data.folding.folds`: no picture is in two test parts. The scores of the
    answer have one interval over all pictures. In each fold the epoch is chosen and probabilities
    are calibrated on its validation part, as for a model that is shipped. The store has the pixels
    of every sample; features of a backbone that stays as it is are computed once for all folds.
    `track` sees the folds under the name of `doing`. Raises what `ImageClassifier.fit` raises, but
    for GateError.
    """
    refuse_earlier(recipe)
    require_scipy(min(len(fold.valid) for fold in folds))
    answers = track((_fold(recipe, fold, store, track) for fold in folds), doing, len(folds))
    return CrossValidation(len(folds), pooled(list(answers)))


def pooled(parts: Sequence[Predictions]) -> Predictions:
    """Predictions for several parts of a data set as those for all of them."""
    dataset: Dataset = parts[0].dataset
    samples = [sample for part in parts for sample in part.dataset.samples]
    p_NK = np.concatenate([part.probabilities_NK for part in parts])
    return Predictions(dataset.with_samples(samples), p_NK)


def refuse_earlier(recipe: Recipe) -> None:
    """Raise InputError where a network may know the pictures that it would be tested on."""
    if earlier := earlier_path(recipe.weights):
        raise InputError(
            f"{earlier} may have learned from pictures of any fold, so that cross-validation would "
            "flatter it; leave --weights out"
        )


def _fold(recipe: Recipe, fold: Splits, store: Store, track: Track) -> Predictions:
    with tempfile.TemporaryDirectory() as checkpoints:
        p_NK = unseen_answers(recipe, fold, store, Path(checkpoints), track)
    return Predictions(fold.test, p_NK)
