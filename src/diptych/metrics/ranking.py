"""How well probabilities rank: the pictures of a class before all others.

Both are those of scikit-learn, ties included. ROC-AUC is the chance that a picture of the class
has a higher probability than another one. Average precision is the mean, over the pictures of the
class, of the precision among all that rank as high. Their lower limits have Student's t, since it
takes but a few badly ranked pictures to move them.

Letters in names: N pictures, V distinct probabilities from the least to the highest.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.intervals import (
    Estimate,
    Floats,
    Positions,
    Score,
    Z,
    distinct,
    linearised,
    share,
)

FEW = 5  # groups on either side; with fewer, the spread between them says too little


class Ranking(NamedTuple):
    """The pictures of a class and others, at each distinct probability."""

    inside_N: npt.NDArray[np.bool_]
    group_N: Positions
    value_N: Positions  # which of the distinct probabilities a picture has
    inside_V: npt.NDArray[np.int64]
    outside_V: npt.NDArray[np.int64]

    @property
    def sides(self) -> tuple[int, int]:
        """How many groups have pictures of the class, and others."""
        return distinct(self.group_N[self.inside_N]), distinct(self.group_N[~self.inside_N])


def ranked(p_N: Floats, inside_N: npt.NDArray[np.bool_], group_N: Positions) -> Ranking:
    """Pictures by their probability of a class; there must be some inside it and some outside."""
    _, value_N, all_V = np.unique(p_N, return_inverse=True, return_counts=True)
    inside_V = np.bincount(value_N[inside_N], minlength=len(all_V))
    return Ranking(inside_N, group_N, value_N, inside_V, all_V - inside_V)


def roc_auc(ranking: Ranking) -> Estimate:
    """The area under the ROC curve.

    Of a perfect ranking, and with few pictures on a side, Newcombe's interval (2006, method 5).
    """
    inside_N, _, value_N, inside_V, outside_V = ranking
    inside, outside = int(inside_V.sum()), int(outside_V.sum())
    before_V = (np.cumsum(outside_V) - outside_V / 2) / outside
    after_V = (inside - np.cumsum(inside_V) + inside_V / 2) / inside
    value = float(inside_V @ before_V) / inside
    influence_N = np.where(
        inside_N, (before_V[value_N] - value) / inside, (after_V[value_N] - value) / outside
    )
    return _estimate(value, influence_N, ranking, _newcombe(value, *ranking.sides))


def average_precision(ranking: Ranking) -> Estimate:
    """The average precision.

    Of a perfect ranking, and with few pictures on a side, Wilson's interval.
    """
    inside_N, _, value_N, inside_V, outside_V = ranking
    inside = int(inside_V.sum())
    right_V = np.cumsum(inside_V[::-1])[::-1]
    retrieved_V = right_V + np.cumsum(outside_V[::-1])[::-1]
    precision_V = right_V / retrieved_V
    value = float(inside_V @ precision_V) / inside
    # A picture adds to what is right, and to what is retrieved, at all probabilities up to its own.
    adds_V = np.cumsum(inside_V / retrieved_V)
    costs_V = np.cumsum(inside_V * precision_V / retrieved_V)
    own_V = precision_V + adds_V - value
    influence_N = (np.where(inside_N, own_V[value_N], 0) - costs_V[value_N]) / inside
    groups, _ = ranking.sides
    return _estimate(value, influence_N, ranking, share(value * groups, groups))


def _estimate(value: float, influence_N: Floats, ranking: Ranking, fallback: Score) -> Estimate:
    if not 0 < value < 1:
        return Estimate(fallback._replace(value=value), influence_N)
    score = linearised(value, influence_N, ranking.group_N, few=True)
    if min(ranking.sides) < FEW:
        score = score.widened(fallback)
    return Estimate(score, influence_N)


def _newcombe(value: float, inside: int, outside: int) -> Score:
    """All areas at most 1.96 of their own standard errors (Hanley & McNeil 1982) from the value."""
    many = (inside + outside) / 2 - 1

    def reaches(area: float) -> bool:
        more = many * ((1 - area) / (2 - area) + area / (1 + area))
        variance = area * (1 - area) * (1 + more) / (inside * outside)
        return (area - value) ** 2 <= Z * Z * variance

    def limit(end: float) -> float:
        near, far = value, end
        for _ in range(50):
            middle = (near + far) / 2
            near, far = (middle, far) if reaches(middle) else (near, middle)
        return near

    return Score(value, limit(0.0), limit(1.0))
