"""How right a recipe is about pictures that it has not seen.

Axes: N pictures, K classes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.probabilities import Logits

Positions = npt.NDArray[np.intp]
Which = npt.NDArray[np.bool_]
# What a recipe answers for a test part (N, K) after a training and a validation part.
Answer = Callable[[Which, Which, Which], Logits]


class Judgement(NamedTuple):
    """What a recipe answered for each picture when it had not seen it."""

    loss_N: npt.NDArray[np.float64]  # in nats, weighted as the recipe balances classes
    right_N: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, log_p_NK: Logits, labels_N: Positions, weight_K: npt.NDArray[np.floating] | None
    ) -> "Judgement":
        """From logarithms of probabilities; without weights all classes weigh 1."""
        loss_N = -log_p_NK[np.arange(len(labels_N)), labels_N].astype(np.float64)
        if weight_K is not None:
            loss_N *= weight_K[labels_N]
        return cls(loss_N, log_p_NK.argmax(1) == labels_N)

    @property
    def log_loss(self) -> float:
        return float(self.loss_N.mean())

    @property
    def accuracy(self) -> float:
        return float(self.right_N.mean())


def judged_in_folds(
    answer: Answer,
    labels_N: Positions,
    fold_N: Positions,
    weight_K: npt.NDArray[np.floating] | None,
    folds: int | None = None,
) -> Judgement:
    """The judgement of the pictures of the first `folds`, or all, in their order.

    Each fold is answered by what learned from all others but the next one, which validates.
    """
    count = int(fold_N.max()) + 1
    folds = count if folds is None else folds
    loss_N, right_N = np.zeros(len(labels_N)), np.zeros(len(labels_N), bool)
    for fold in range(folds):
        test_N, valid_N = fold_N == fold, fold_N == (fold + 1) % count
        log_p_NK = answer(~(test_N | valid_N), valid_N, test_N)
        loss_N[test_N], right_N[test_N] = Judgement.of(log_p_NK, labels_N[test_N], weight_K)
    judged_N = fold_N < folds
    return Judgement(loss_N[judged_N], right_N[judged_N])
