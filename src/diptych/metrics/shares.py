"""Shares of pictures, and F1, which is a function of one.

N pictures.
"""

import numpy as np
import numpy.typing as npt

from diptych.metrics.intervals import Estimate, Positions, Score, distinct, linearised, share

Which = npt.NDArray[np.bool_]


def share_of(hit_N: Which, of_N: Which, group_N: Positions) -> Estimate:
    """The share of hits among some of the pictures; of none, 0 and the interval from 0 to 1.

    Where there are near-duplicates, the interval is the wider of the linearised one and of
    Wilson's, for as many pictures as there are groups.
    """
    n, groups = int(of_N.sum()), distinct(group_N[of_N])
    hits = int((hit_N & of_N).sum())
    value = hits / max(n, 1)
    influence_N = of_N * (hit_N - value) / max(n, 1)
    score = share(hits * groups / max(n, 1), groups)._replace(value=value)
    if 0 < groups < n:
        score = score.widened(linearised(value, influence_N, group_N))
    return Estimate(score, influence_N)


def f1_score(is_N: Which, said_N: Which, group_N: Positions) -> Estimate:
    """F1 of a class, for the pictures that are of it and those that were said to be.

    It is 2j / (1 + j) of the share j of hits among all that are of the class or said to be.
    """
    j, _ = share_of(is_N & said_N, is_N | said_N, group_N)
    value, low, high = (2 * limit / (1 + limit) for limit in j)
    many = max(int(is_N.sum() + said_N.sum()), 1)
    influence_N = (2.0 * (is_N & said_N) - value * (is_N + 1.0 * said_N)) / many
    score = Score(value, low, high)
    if (is_N | said_N).any():
        score = score.widened(linearised(value, influence_N, group_N))
    return Estimate(score, influence_N)
