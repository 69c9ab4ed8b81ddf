"""How far probabilities are from what the pictures show.

Log loss and Brier score are means over pictures: their intervals are symmetric in the logarithm,
with Student's t. Log loss is ruled by a few bad answers, and a small test has likely seen too few:
its upper limit is that with the worst group of near-duplicates counted once more, as long as few
decide.

The calibration error is biased upwards: chance sets confidence and share of right answers apart in
each bin, however good the probabilities are. Its interval is for the error without that chance. The
lower limit is the least error of which one test in forty shows a value as high, with the gaps of
all bins in proportion. The upper limit takes the whole value for error and is on the safe side:
together they hold the truth in 97 % of tests or more, not in 95 %.

Letters in names: N pictures, K classes, G groups of near-duplicates, S bins, B simulated tests.
"""

import math
from collections.abc import Callable

import numpy as np

from diptych.metrics.intervals import (
    LEVEL,
    TINY,
    Floats,
    Loss,
    Positions,
    Z,
    distinct,
    share,
    spread,
)

LEAST = float(np.finfo(np.float64).eps)  # a lower probability counts as this one: 36 nats
FEW = 10  # degrees of freedom
BINS = 10
SIMULATED = 1000


def log_loss(p_NK: Floats, labels_N: Positions, group_N: Positions) -> Loss:
    """The mean of -log p of the label, in nats."""
    own_N = p_NK[np.arange(len(labels_N)), labels_N]
    loss_N = -np.log(np.clip(own_N, LEAST, 1 - LEAST))
    most, off_N = -math.log(LEAST), loss_N - loss_N.mean()
    found = _mean_loss(loss_N, group_N, most)
    # The worst group once more; where many pictures decide, the less of it.
    worst_N = group_N == np.argmax(np.bincount(group_N, off_N))
    weight = min(1.0, FEW / spread(off_N / len(off_N), group_N).freedom)
    more = _mean_loss(
        np.append(loss_N, loss_N.mean() + weight * off_N[worst_N]),
        np.append(group_N, np.full(worst_N.sum(), group_N.max() + 1)),
        most,
    )
    return Loss(found.value, found.low, max(found.high, more.high))


def brier(p_NK: Floats, labels_N: Positions, group_N: Positions) -> Loss:
    """The mean of the squared distances to the label, summed over all classes: from 0 to 2.

    Brier's own definition (1950). For two classes it is twice what is usual there.
    """
    off_NK = p_NK - np.eye(p_NK.shape[1])[labels_N]
    return _mean_loss((off_NK**2).sum(1), group_N, 2.0)


def calibration_error(p_NK: Floats, labels_N: Positions, group_N: Positions) -> Loss:
    """Expected calibration error, in bins of equally many pictures; see the top of this file."""
    sure_N, n = p_NK.max(1), len(labels_N)
    gap_N = sure_N - (p_NK.argmax(1) == labels_N)
    bin_N = np.empty(n, np.intp)
    for s, part in enumerate(np.array_split(np.argsort(sure_N, kind="stable"), min(BINS, n))):
        bin_N[part] = s
    many_S = np.bincount(bin_N)
    gap_S = np.bincount(bin_N, gap_N) / many_S  # how much surer than right
    value = float(many_S @ np.abs(gap_S)) / n
    groups = distinct(group_N)
    if value < TINY or groups < 2:
        return Loss(value, 0.0, max(value, share(0, groups).high))

    # Near-duplicates may be in several bins, so that chance moves these together.
    cell_N, off_N = group_N * len(many_S) + bin_N, (gap_N - gap_S[bin_N]) / many_S[bin_N]
    off_GS = np.bincount(cell_N, off_N, (group_N.max() + 1) * len(many_S)).reshape(-1, len(many_S))
    chance_SS = off_GS.T @ off_GS * groups / (groups - 1)
    # A bin without a mistake is not certain: at least the spread that its probabilities call for.
    called_S = np.bincount(bin_N, sure_N * (1 - sure_N)) / many_S**2
    chance_SS += np.diag(np.maximum(called_S - chance_SS.diagonal(), 0))
    rng = np.random.default_rng(0)
    chance_BS = rng.multivariate_normal(np.zeros(len(many_S)), chance_SS, SIMULATED)

    def as_high_by_chance(times: float) -> float:
        errors_B = np.abs(times * gap_S + chance_BS) @ many_S / n
        return float(np.quantile(errors_B, (1 + LEVEL) / 2))

    side_S = np.sign(gap_S) * many_S / n
    above = Z * math.sqrt(side_S @ chance_SS @ side_S)
    return Loss(value, _crossing(as_high_by_chance, value) * value, min(value + above, 1.0))


def _mean_loss(loss_N: Floats, group_N: Positions, most: float) -> Loss:
    """A mean of losses of which none is above `most`."""
    value = float(loss_N.mean())
    found = spread((loss_N - value) / len(loss_N), group_N)
    if found.groups < 2 or value < TINY:
        return Loss(value, 0.0, max(value, most * share(0, found.groups).high))
    factor = math.exp(min(found.t * found.error / value, 700))
    return Loss(value, value / factor, max(value, min(value * factor, most)))


def _crossing(rising: Callable[[float], float], level: float) -> float:
    """Where, from 0 to 1, a rising function gets to a level; 0 if it starts above."""
    below, above = 0.0, 1.0
    for _ in range(12):
        middle = (below + above) / 2
        below, above = (middle, above) if rising(middle) < level else (below, middle)
    return below
