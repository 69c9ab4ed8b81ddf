"""How strange each picture is among all others, by what a network sees in it.

Axes: N pictures, D features, R references, B pictures of a batch, S strangers.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing.ridge import feature_batches, rooted
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
# So many times as far as what is usual is strange.
FAR = 1.75
# Of so many pictures that are most like a stranger so many have to be strange, or it came alone.
MOST_ALIKE, FLOCK = 10, 2
MOST = 1000  # strangers that others are compared with
KINSHIP = 4.0  # its weight beside the distance; 3 and 5 rank drawn plates as well
# The score of what belongs to a flock: no photograph among 1,200 had it, whichever of eight kinds
# the 24 strangers among them were of.
FAR_WITH_KIN = 3.2


class Strangeness(NamedTuple):
    """How strange each picture is."""

    distance_N: Floats  # from what is usual: 1 is as far as 95 % of the usual ones are
    kinship_N: Floats  # how much it is like a stranger that came in a flock, from 0 to 1

    @property
    def score(self) -> Floats:
        """What ranks the pictures, (N,)."""
        return np.asarray(self.distance_N + KINSHIP * self.kinship_N)

    @property
    def strange(self) -> Flags:
        """Those that do not belong, (N,)."""
        return np.asarray((self.distance_N > FAR) | (self.score > FAR_WITH_KIN))


def strangeness(features_ND: FeatureRows) -> Strangeness:
    """How far each picture is from what is usual, and how much it is like what is far.

    What is usual is found by leaving out what has few neighbours, then by Mahalanobis distances
    with a shrunk covariance (Lee et al., NeurIPS 2018) of square roots of features of unit length,
    twice. Of the features of a layer between and the last one the sum is taken. The memory is that
    of D × D numbers, however many pictures there are.
    """
    layers = (features_ND.middle, features_ND)
    far_LN = [_distance_to_neighbours(layer) for layer in layers]
    usual_N: Flags = np.all([far_N <= np.quantile(far_N, USUAL) for far_N in far_LN], axis=0)
    for _ in range(ROUNDS):
        scatter, last = (_scatter(layer, usual_N) for layer in layers)
        middle_N = _relative(_distances(layers[0], scatter, usual_N), usual_N)
        last_N = _relative(_distances(layers[1], last, usual_N), usual_N)
        usual_N = middle_N <= BOUND
    distance_N = (middle_N + LAST * last_N) / (1 + LAST)
    return Strangeness(distance_N, _kinship(layers[0], scatter, distance_N))


def _relative(distance_N: Floats, usual_N: Flags) -> Floats:
    return np.asarray(distance_N / max(float(np.quantile(distance_N[usual_N], USUAL)), TINY))


def _directions(features_ND: Rows) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
    for some, root_BD in feature_batches(features_ND):
        yield some, _unit(root_BD)


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


class _Scatter(NamedTuple):
    """How the usual pictures lie around their middle."""

    mean_D: Floats
    spread_D: Floats
    root_DD: Floats  # of the inverse covariance: its product with its transpose
    say: float  # of each of them in it

    def whitened(self, direction_BD: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Off the middle, and scattering alike in all directions: (B, D)."""
        off_BD = ((direction_BD - self.mean_D) / self.spread_D).astype(np.float32)
        return off_BD @ self.root_DD.astype(np.float32)


def _scatter(features_ND: Rows, usual_N: Flags) -> _Scatter:
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
    inverse_DD = np.linalg.inv((1 - SHRINKAGE) * correlation_DD + round_DD)
    return _Scatter(mean_D, spread_D, np.linalg.cholesky(inverse_DD), (1 - SHRINKAGE) / count)


def _distances(features_ND: Rows, scatter: _Scatter, usual_N: Flags) -> Floats:
    """The squared distance from the middle of the usual pictures, as they scatter, (N,)."""
    distances = []
    for some, direction_BD in _directions(features_ND):
        distance_B = (scatter.whitened(direction_BD) ** 2).sum(1, dtype=np.float64)
        # A picture that has a say in the scatter seems nearer than it is: what its distance would
        # be without it follows from the formula of Sherman and Morrison.
        without_B = distance_B / np.maximum(1 - scatter.say * distance_B, TINY)
        distances.append(np.where(usual_N[some], without_B, distance_B))
    return np.concatenate(distances)


def _kinship(features_ND: Rows, scatter: _Scatter, distance_N: Floats) -> Floats:
    """The cosine of whitened features to the stranger of a flock that is most alike, (N,).

    Strangers that came together are off in one direction, those too that are not far off. A
    stranger that came alone says nothing of others: it may be the end of what is usual.
    """
    stranger_S = np.argsort(-distance_N, kind="stable")[:MOST]
    stranger_S = stranger_S[distance_N[stranger_S] > FAR]
    if len(stranger_S) <= FLOCK:
        return np.zeros(len(distance_N))
    stranger_SD = _unit(scatter.whitened(_unit(rooted(features_ND[stranger_S]))))

    def cosines() -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]]:
        for some, direction_BD in _directions(features_ND):
            position_B = np.arange(some.start, some.start + len(direction_BD))
            cosine_BS = _unit(scatter.whitened(direction_BD)) @ stranger_SD.T
            cosine_BS[position_B[:, None] == stranger_S] = 0  # to itself
            yield position_B, cosine_BS

    among_SS = stranger_SD @ stranger_SD.T
    np.fill_diagonal(among_SS, 0)
    own_S = np.sort(among_SS, axis=0)[-FLOCK]
    closer_S = np.zeros(len(stranger_S))
    for position_B, cosine_BS in cosines():
        closer_S += (cosine_BS[~np.isin(position_B, stranger_S)] > own_S).sum(0)
    flock_S = closer_S <= MOST_ALIKE - FLOCK
    kinship = [cosine_BS[:, flock_S].max(1, initial=0) for _, cosine_BS in cosines()]
    return np.concatenate(kinship).astype(np.float64)


def _unit(rows_BD: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Rows of length one."""
    length_B1 = np.maximum(np.linalg.norm(rows_BD, axis=1, keepdims=True), TINY)
    return np.asarray(rows_BD / length_B1, np.float32)
