"""How far probabilities are from what the pictures show.

Log loss and Brier score are means over pictures: their intervals are symmetric in the logarithm,
with Student's t. Log loss is ruled by a few bad answers, and a small test has likely seen too few:
its upper limit is that with the worst group of near-duplicates counted once more, as long as few
decide.

The calibration error as it is seen is biased upwards: chance sets confidence and share of right
answers apart in each bin, however good the probabilities are. Tests are simulated in which the gaps
of all bins are a multiple of those seen, with chance added. The value is that of the multiple of
which half of such tests show as much as was seen, the lower limit that of which one in forty shows
as much. The gaps seen have chance in them and so are not quite in proportion to the true ones: to
hold the truth as often as other limits do, the upper one is that of which one in eighty shows as
little. It is never less than a third of what was seen.

Letters in names: N pictures, K classes, G groups of near-duplicates, S bins, B simulated tests.
"""

import math
from collections.abc import Callable

import numpy as np

from diptych.metrics.intervals import TINY, Floats, Loss, Positions, distinct, share, standard_error

LEAST = float(np.finfo(np.float64).eps)  # a lower probability counts as this one: 36 nats
FEW = 10  # degrees of freedom
BINS = 10
SIMULATED = 1000
MULTIPLES = 4.0  # the most that is tried


def log_loss(p_NK: Floats, labels_N: Positions, group_N: Positions) -> Loss:
    """The mean of -log p of the label, in nats."""
    own_N = p_NK[np.arange(len(labels_N)), labels_N]
    loss_N = -np.log(np.clip(own_N, LEAST, 1 - LEAST))
    most, off_N = -math.log(LEAST), loss_N - loss_N.mean()
    loss = _mean_loss(loss_N, group_N, most)
    # The worst group once more; where many pictures decide, the less of it.
    worst_N = group_N == np.argmax(np.bincount(group_N, off_N))
    weight = min(1.0, FEW / standard_error(off_N / len(off_N), group_N).freedom)
    more = _mean_loss(
        np.append(loss_N, loss_N.mean() + weight * off_N[worst_N]),
        np.append(group_N, np.full(worst_N.sum(), group_N.max() + 1)),
        most,
    )
    return Loss(loss.value, loss.low, max(loss.high, more.high))


def brier(p_NK: Floats, labels_N: Positions, group_N: Positions) -> Loss:
    """The mean of the squared distances to the label, summed over all classes: from 0 to 2.

    Brier's own definition (1950). For two classes it is twice what is usual there.
    """
    off_NK = p_NK - np.eye(p_NK.shape[1])[labels_N]
    return _mean_loss((off_NK**2).sum(1), group_N, 2.0)


def debiased_calibration_error(p_NK: Floats, labels_N: Positions, group_N: Positions) -> Loss:
    """Expected calibration error without what chance adds, in bins of equally many pictures.

    See the top of this file; `reliability.diagram` has the error as it is seen.
    """
    confidence_N, n = p_NK.max(1), len(labels_N)
    gap_N = confidence_N - (p_NK.argmax(1) == labels_N)
    bin_N = np.empty(n, np.intp)
    order_N = np.argsort(confidence_N, kind="stable")
    for s, pictures in enumerate(np.array_split(order_N, min(BINS, n))):
        bin_N[pictures] = s
    count_S = np.bincount(bin_N)
    gap_S = np.bincount(bin_N, gap_N) / count_S  # how much surer than right
    raw = float(count_S @ np.abs(gap_S)) / n
    groups = distinct(group_N)
    if raw < TINY or groups < 2:
        return Loss(raw, 0.0, max(raw, share(0, groups).high))
    chance_SS = _covariance_by_chance(confidence_N, gap_N - gap_S[bin_N], bin_N, group_N)
    rng = np.random.default_rng(0)
    chance_BS = rng.multivariate_normal(np.zeros(len(gap_S)), chance_SS, SIMULATED)

    def error(quantile: float, most: float = 1.0) -> float:
        """That of the multiple of which the simulated tests have their quantile where it is."""

        def simulated(multiple: float) -> float:
            errors_B = np.abs(multiple * gap_S + chance_BS) @ count_S / n
            return float(np.quantile(errors_B, quantile))

        return _crossing(simulated, raw, most) * raw

    value = error(1 / 2)
    high = max(error(1 / 80, MULTIPLES), raw / 3, value)
    return Loss(value, min(error(39 / 40), value), min(high, 1.0))


def _covariance_by_chance(
    confidence_N: Floats, off_N: Floats, bin_N: Positions, group_N: Positions
) -> Floats:
    """How the gaps of bins vary by chance, (S, S); `off_N` is the rest of each picture's gap.

    Near-duplicates may be in several bins, so that chance moves these together.
    """
    count_S, groups = np.bincount(bin_N), distinct(group_N)

    def summed(x_N: Floats) -> Floats:
        """What each group adds to the mean of each bin, (G, S)."""
        cells = (int(group_N.max()) + 1) * len(count_S)
        sums = np.bincount(group_N * len(count_S) + bin_N, x_N / count_S[bin_N], cells)
        return sums.astype(np.float64).reshape(-1, len(count_S))

    off_GS = summed(off_N)
    chance_SS = off_GS.T @ off_GS * groups / (groups - 1)
    # A bin without a mistake is not certain: at least the spread that its probabilities call for.
    least_S = (summed(np.sqrt(confidence_N * (1 - confidence_N))) ** 2).sum(0)
    chance_SS += np.diag(np.maximum(least_S - chance_SS.diagonal(), 0))
    return np.asarray(chance_SS)


def _mean_loss(loss_N: Floats, group_N: Positions, most: float) -> Loss:
    """A mean of losses of which none is above `most`."""
    value = float(loss_N.mean())
    error = standard_error((loss_N - value) / len(loss_N), group_N)
    if error.groups < 2 or value < TINY:
        return Loss(value, 0.0, max(value, most * share(0, error.groups).high))
    factor = math.exp(min(error.t * error.value / value, 700))
    return Loss(value, value / factor, max(value, min(value * factor, most)))


def _crossing(rising: Callable[[float], float], level: float, most: float) -> float:
    """Where, from 0 to `most`, a rising function gets to a level; 0 if it starts above."""
    below, above = 0.0, most
    for _ in range(12):
        middle = (below + above) / 2
        below, above = (middle, above) if rising(middle) < level else (below, middle)
    return below
