"""How strange each picture is among all others, by what a network sees in it.

Axes: N pictures, D features, R references, B pictures of a batch.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diptych.auditing.ridge import feature_batches
from diptych.images.rows import Rows
from diptych.runtimes.features import FeatureRows

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

REFERENCES = 4000
# Neighbours that are looked at, as shares of all: the very nearest are left out, for strangers may
# come in a flock.
NEAREST, FARTHEST = 0.04, 0.08
USUAL = 0.95  # of the pictures that are neither strange nor odd
SHRINKAGE = 0.7  # there are hardly more pictures than features
ROUNDS = 2
BOUND = 1.15  # times what is usual; beyond it a picture has no say in what is usual
LEAST_VARIANCE = 0.01  # times that of a feature in the mean
LAST = 0.5  # the weight of what things are, beside what pictures are made of
TINY = 1e-12


def strangeness(features_ND: FeatureRows) -> npt.NDArray[np.float32]:
    """How far each picture is from what is usual, (N,): 1 is as far as 95 % of the usual ones are.

    What is usual is found by leaving out what has few neighbours, then by Mahalanobis distances
    with a shrunk covariance (Lee et al., NeurIPS 2018) of square roots of features of unit length,
    twice. Of the features of a layer between and the last one the sum is taken. The memory is that
    of D × D numbers, however many pictures there are.
    """
    layers = (features_ND.middle, features_ND)
    far_LN = [_distance_to_neighbours(layer) for layer in layers]
    usual_N: Flags = np.all([far_N <= np.quantile(far_N, USUAL) for far_N in far_LN], axis=0)
    for _ in range(ROUNDS):
        middle_N, last_N = (_relative(_mahalanobis(one, usual_N), usual_N) for one in layers)
        usual_N = middle_N <= BOUND
    return ((middle_N + LAST * last_N) / (1 + LAST)).astype(np.float32)


def _relative(distance_N: Floats, usual_N: Flags) -> Floats:
    return np.asarray(distance_N / max(float(np.quantile(distance_N[usual_N], USUAL)), TINY))


def _directions(features_ND: Rows) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
    for some, root_BD in feature_batches(features_ND):
        length_B1 = np.maximum(np.linalg.norm(root_BD, axis=1, keepdims=True), TINY)
        yield some, (root_BD / length_B1).astype(np.float32)


def _distance_to_neighbours(features_ND: Rows) -> Floats:
    """One minus the mean cosine similarity to neighbours that are neither nearest nor far, (N,)."""
    count = len(features_ND)
    chosen = np.sort(np.random.default_rng(0).permutation(count)[:REFERENCES])
    reference_RD = np.concatenate([
        direction_BD[np.isin(np.arange(some.start, some.start + len(direction_BD)), chosen)]
        for some, direction_BD in _directions(features_ND)
    ])  # fmt: skip
    first = max(round(NEAREST * len(chosen)), 1)
    last = max(round(FARTHEST * len(chosen)), first + 1)
    distances = []
    for _, direction_BD in _directions(features_ND):
        alike_BR = direction_BD @ reference_RD.T
        nearest_BR = -np.sort(-alike_BR, axis=1)[:, first:last]
        distances.append(1 - nearest_BR.mean(1))
    return np.concatenate(distances).astype(np.float64)


def _mahalanobis(features_ND: Rows, usual_N: Flags) -> Floats:
    """The squared distance from the middle of the usual pictures, as they scatter, (N,)."""
    width, count = features_ND.shape[1], int(usual_N.sum())
    sum_D, square_DD = np.zeros(width), np.zeros((width, width))
    for some, direction_BD in _directions(features_ND):
        usual_BD = direction_BD[usual_N[some]]
        sum_D += usual_BD.sum(0)
        square_DD += usual_BD.T @ usual_BD
    mean_D = sum_D / count
    covariance_DD = square_DD / count - np.outer(mean_D, mean_D)
    variance_D = np.maximum(np.diag(covariance_DD), 0)
    # What all usual pictures have alike would count without bounds.
    spread_D = np.sqrt(variance_D + LEAST_VARIANCE * variance_D.mean() + TINY)
    correlation_DD = covariance_DD / np.outer(spread_D, spread_D)
    round_DD = SHRINKAGE * np.eye(width)
    inverse_DD = np.linalg.inv((1 - SHRINKAGE) * correlation_DD + round_DD).astype(np.float32)
    # A picture that has a say in the scatter seems nearer than it is: what its distance would be
    # without it follows from the formula of Sherman and Morrison.
    say = (1 - SHRINKAGE) / count
    distances = []
    for some, direction_BD in _directions(features_ND):
        off_BD = ((direction_BD - mean_D) / spread_D).astype(np.float32)
        distance_B = ((off_BD @ inverse_DD) * off_BD).sum(1, dtype=np.float64)
        without_B = distance_B / np.maximum(1 - say * distance_B, TINY)
        distances.append(np.where(usual_N[some], without_B, distance_B))
    return np.concatenate(distances)
