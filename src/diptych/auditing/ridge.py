"""Ridge regression on features, also as if it had not learned from the picture it judges.

Axes: N pictures, D features, K classes, B pictures of a batch.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.images.rows import Rows

Floats = npt.NDArray[np.float64]

BATCH = 1024
# How much weights are held back, for features whose variances add up to one. Of 1,200 photographs
# with 5 or 20 % of their labels wrong, and 2,500 small pictures of ten classes, this tells wrong
# labels best; a third and three times of it hardly worse.
PENALTY = 0.003
LEAST_SPREAD = 1e-3


class Ridge(NamedTuple):
    """Ridge regression of classes on square roots of features, with what it rests on."""

    mean_D: Floats
    spread_D: Floats
    inverse_DD: Floats  # of the features' scatter and the penalty
    weight_DK: Floats
    bias_K: Floats

    def standardised(self, root_BD: Floats) -> Floats:
        """Square roots of features, (B, D), as the weights take them."""
        return np.asarray((root_BD - self.mean_D) / self.spread_D)

    def scores(self, root_BD: Floats) -> Floats:
        """Near 1 for a class and −1 against it, (B, K), for square roots of features."""
        return np.asarray(self.standardised(root_BD) @ self.weight_DK + self.bias_K)


def fit_ridge(
    features_ND: Rows,
    labels_N: npt.NDArray[np.intp],
    classes: int,
    learned_N: npt.NDArray[np.bool_] | None = None,
) -> Ridge:
    """Learn from all pictures, or from those that are to be `learned_N`.

    On square roots of features (power normalisation; Perronnin, Sánchez & Mensink, ECCV 2010).
    Features are read batch by batch: the memory is that of D × D numbers, however many there are.
    """
    learned_N = np.ones(len(labels_N), bool) if learned_N is None else learned_N
    count, width = int(learned_N.sum()), features_ND.shape[1]
    mean_D, spread_D = _scale(features_ND, learned_N)
    share_K = np.bincount(labels_N[learned_N], minlength=classes) / count
    gram_DD, cross_DK = np.zeros((width, width)), np.zeros((width, classes))
    for some, root_BD in feature_batches(features_ND):
        x_BD = (root_BD[learned_N[some]] - mean_D) / spread_D
        gram_DD += x_BD.T @ x_BD
        cross_DK += x_BD.T @ (2 * (np.eye(classes)[labels_N[some][learned_N[some]]] - share_K))
    inverse_DD = np.linalg.inv(gram_DD + PENALTY * count * np.eye(width))
    weight_DK = np.asarray(inverse_DD @ cross_DK, np.float64)
    return Ridge(mean_D, spread_D, np.asarray(inverse_DD, np.float64), weight_DK, 2 * share_K - 1)


def leave_one_out_scores(
    features_ND: Rows, labels_N: npt.NDArray[np.intp], classes: int
) -> npt.NDArray[np.float32]:
    """The scores (N, K) of each picture's classes, 1 for it and −1 against it, without its label.

    What ridge regression would say without a picture follows from the diagonal of the hat matrix
    (Allen 1974), so that nothing is trained twice.
    """
    ridge, scores = fit_ridge(features_ND, labels_N, classes), []
    for some, root_BD in feature_batches(features_ND):
        x_BD, target_BK = ridge.standardised(root_BD), 2 * np.eye(classes)[labels_N[some]] - 1
        own_B = ((x_BD @ ridge.inverse_DD) * x_BD).sum(1) + 1 / len(labels_N)
        rest_B = np.maximum(1 - own_B, LEAST_SPREAD)
        fitted_BK = ridge.scores(root_BD)
        judged_BK = (fitted_BK - own_B[:, None] * target_BK) / rest_B[:, None]
        scores.append(judged_BK.astype(np.float32))
    return np.concatenate(scores)


def rooted(features_ND: npt.NDArray[np.floating]) -> Floats:
    """Square roots, with their signs: no few features decide alone."""
    return np.asarray(np.sign(features_ND) * np.sqrt(np.abs(features_ND)), np.float64)


def feature_batches(features_ND: Rows) -> Iterator[tuple[slice, Floats]]:
    """The square roots of features batch by batch, and which rows they are."""
    for start in range(0, len(features_ND), BATCH):
        some = slice(start, start + BATCH)
        yield some, rooted(features_ND[some])


def _scale(features_ND: Rows, learned_N: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The mean of each feature, and what to divide it by."""
    count, width = int(learned_N.sum()), features_ND.shape[1]
    sum_D, squares_D = np.zeros(width), np.zeros(width)
    for some, root_BD in feature_batches(features_ND):
        x_BD = root_BD[learned_N[some]]
        sum_D += x_BD.sum(0)
        squares_D += (x_BD**2).sum(0)
    mean_D = sum_D / count
    spread_D = np.sqrt(np.maximum(squares_D / count - mean_D**2, 0)) + LEAST_SPREAD
    return mean_D, spread_D * np.sqrt(width)
