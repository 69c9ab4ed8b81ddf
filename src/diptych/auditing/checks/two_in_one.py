"""Classes that are two: their pictures fall into groups as far apart as classes are.

Axes: N pictures of a class, D features, P principal components.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing.material import Material
from diptych.auditing.report import Finding
from diptych.auditing.ridge import rooted

Floats = npt.NDArray[np.float64]

# With fewer pictures any class falls apart somehow; of more a sample tells the same.
LEAST, MOST = 40, 2000
COMPONENTS, STARTS, STEPS = 20, 8, 30
# How far apart the groups are, in spreads of one, and what share lies in the third between them.
# Ten classes of small pictures and two of photographs were at most 3.9 apart with at least 11 %
# between; cats with ships, birds with cars and horses with trucks 4.0 to 5.5 with at most 10 %.
APART, BETWEEN = 4.0, 0.105
FAR = 6.0  # is as sure as can be


class Split(NamedTuple):
    """How a class falls into two groups."""

    side_N: npt.NDArray[np.bool_]
    apart: float
    between: float


def two_in_one(material: Material) -> Iterator[Finding]:
    """Classes whose pictures fall into two groups far apart; the score grows with the distance."""
    if material.features_ND is None:
        return
    labels_N, rng = material.labels, np.random.default_rng(0)
    for position, label in enumerate(material.dataset.classes):
        of_class = np.sort(rng.permutation(np.flatnonzero(labels_N == position))[:MOST])
        if len(of_class) < LEAST:
            continue
        split = _split(_directions(material.features_ND[of_class]))
        if split is None or split.apart < APART or split.between > BETWEEN:
            continue
        names = [material.dataset.samples[i].name for i in of_class]
        counts = [int(split.side_N.sum()), int((~split.side_N).sum())]
        examples = [names[int(np.argmax(side))] for side in (split.side_N, ~split.side_N)]
        yield Finding(
            f"{label}/",
            "two in one class",
            f"its pictures fall into two groups far apart, {counts[0]:,} like {examples[0]} and "
            f"{counts[1]:,} like {examples[1]}; if these are two things, make two classes",
            False,
            examples[0],
            min(split.apart / FAR, 1.0),
        )


def _directions(features_ND: npt.NDArray[np.float32]) -> Floats:
    root_ND = rooted(features_ND)
    length_N1 = np.linalg.norm(root_ND, axis=1, keepdims=True)
    return np.asarray(root_ND / np.maximum(length_N1, 1e-12))


def _split(direction_ND: Floats) -> Split | None:
    """Two groups found in either half of the pictures, and how far apart the other half is by them.

    Groups always seem far apart to those that they were made of.
    """
    order = np.random.default_rng(0).permutation(len(direction_ND))
    halves = order[::2], order[1::2]
    along = [_separation(direction_ND, half) for half in halves]
    if any(one is None for one in along):
        return None
    seen = [
        _gap(one[other]) for one, other in zip(along, halves[::-1], strict=True) if one is not None
    ]
    first = along[0]
    if first is None or any(gap is None for gap in seen):
        return None
    apart, between = np.mean([gap for gap in seen if gap is not None], axis=0)
    return Split(first > 0, float(apart), float(between))


def _separation(direction_ND: Floats, half: npt.NDArray[np.intp]) -> Floats | None:
    """Where all pictures lie along the line that parts two groups of a half best, 0 between them.

    The groups are those of k-means among the first principal components, the line is that of
    Fisher's discriminant.
    """
    mean_D = direction_ND[half].mean(0)
    _, _, axes_PD = np.linalg.svd(direction_ND[half] - mean_D, full_matrices=False)
    all_NP = (direction_ND - mean_D) @ axes_PD[:COMPONENTS].T
    half_NP = all_NP[half]
    side_N = _two_means(half_NP)
    if side_N is None:
        return None
    low_P, high_P = half_NP[~side_N].mean(0), half_NP[side_N].mean(0)
    within_NP = half_NP - np.where(side_N[:, None], high_P, low_P)
    scatter_PP = within_NP.T @ within_NP / len(half_NP)
    scatter_PP += 1e-4 * np.trace(half_NP.T @ half_NP) / half_NP.size * np.eye(len(scatter_PP))
    line_P = np.linalg.solve(scatter_PP, high_P - low_P)
    return np.asarray((all_NP - (low_P + high_P) / 2) @ line_P)


def _two_means(points_NP: Floats) -> npt.NDArray[np.bool_] | None:
    """The side of each point by the best of some runs of k-means (Lloyd 1982) with k = 2."""
    rng, best, least = np.random.default_rng(0), None, np.inf
    for _ in range(STARTS):
        centre_2P = points_NP[rng.choice(len(points_NP), 2, replace=False)]
        for _ in range(STEPS):
            side_N = _squares(points_NP, centre_2P[1]) < _squares(points_NP, centre_2P[0])
            if side_N.all() or not side_N.any():
                break
            centre_2P = np.stack([points_NP[~side_N].mean(0), points_NP[side_N].mean(0)])
        else:
            off = np.minimum(*(_squares(points_NP, one) for one in centre_2P)).sum()
            if off < least:
                best, least = side_N, off
    return best


def _squares(points_NP: Floats, centre_P: Floats) -> Floats:
    return np.asarray(((points_NP - centre_P) ** 2).sum(1))


def _gap(along_N: Floats) -> tuple[float, float] | None:
    """How far two sides are apart, in spreads, and what share lies in the third between them."""
    high_N, low_N = along_N[along_N > 0], along_N[along_N <= 0]
    if min(len(high_N), len(low_N)) < 5:
        return None
    low, high = low_N.mean(), high_N.mean()
    apart = (high - low) / max(float(np.sqrt((high_N.var() + low_N.var()) / 2)), 1e-12)
    third = (high - low) / 3
    between = ((along_N > low + third) & (along_N < high - third)).mean()
    return float(apart), float(between)
