"""What is known of a score from a test of limited size: its 95 % interval.

Shares of independent pictures have Wilson's score interval (Wilson 1927), with the care near 0 and
1 that Brown, Cai & DasGupta (2001) recommend.

Other scores are linearised: `influence_N` says how much a score moves with each picture's weight,
and the spread of its sums over groups of near-duplicates is the standard error that a bootstrap
over those groups converges to (the infinitesimal jackknife; Efron & Tibshirani 1993, ch. 21; for
ROC-AUC it is that of DeLong et al. 1988). It is applied to the logit or logarithm of the score, so
that limits stay in range and lean to the side where the truth may be.

Where a few pictures decide, a standard error is itself uncertain: hence Student's t, with the
degrees of freedom that the kurtosis of the influences leaves (Satterthwaite 1946).

Letters in names: N pictures, G groups of near-duplicates.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.student import expanded

Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution
ONCE = 0.0513  # the mean of a Poisson distribution of which 1 draw in 20 is not 0
TINY = 1e-12  # what rounding may make of nothing

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


class Score(NamedTuple):
    """A value with its 95 % interval; for most scores from 0 to 1."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{percent(self.value)} ({100 * self.low:.1f}–{100 * self.high:.1f} %)"

    def widened(self, other: "Score") -> "Score":
        """The same value, with an interval that holds the other's as well."""
        return Score(self.value, min(self.low, other.low), max(self.high, other.high))


class Loss(Score):
    """A score of which less is better and which is no percentage."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


class Estimate(NamedTuple):
    """A score, and how much it moves with the weight of each picture."""

    score: Score
    influence_N: Floats


class StandardError(NamedTuple):
    """The standard error of a score, and how well it is known itself."""

    value: float
    freedom: float  # degrees of freedom
    groups: int

    @property
    def t(self) -> float:
        """The 97.5 % quantile of Student's t (Abramowitz & Stegun 26.7.5; freedom is never < 2).

        Within 0.1 % of the exact one from 5 degrees of freedom on, 3.1 % below it at 2.
        """
        return expanded(Z, self.freedom)


def percent(share: float) -> str:
    """A share as people read it, "95.6 %": of all or of none only where it is exactly that."""
    texts = [f"{100 * share:.{decimals}f}" for decimals in range(1, 5)]
    some = 0 < share < 1
    text = next((t for t in texts if not (some and float(t) in (0, 100))), texts[0])
    return f"{text} %"


def share(hits: float, n: float) -> Score:
    """A share with Wilson's interval; of nothing, 0 and the interval from 0 to 1.

    With a single hit or miss its outer limit is too near; there Poisson's is taken, as Brown, Cai &
    DasGupta advise ("modified Wilson"; with two and three it would be wide for few pictures).
    """
    if n == 0:
        return Score(0.0, 0.0, 1.0)
    p, z2 = hits / n, Z * Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = min(centre - reach, p), max(centre + reach, p)
    # Scaled counts may be a rounding below a whole one.
    hit, missed = (math.floor(count + 1e-9) for count in (hits, n - hits))
    if hit < 2:
        low = min(low, hit * ONCE / n)
    if missed < 2:
        high = max(high, 1 - missed * ONCE / n)
    return Score(p, max(low, 0.0), min(high, 1.0))


def paired_difference(lost: float, won: float, n: float) -> Score:
    """How much more often it holds before than after, of `n` pictures: from −1 to 1.

    `lost` pictures have it only before, `won` only after. The score interval of Tango (Statistics
    in Medicine 17, 1998): unlike a bootstrap it is not of width 0 where no picture changed.
    """
    value = (lost - won) / n
    low, high = (_limit(lost, won, n, z) for z in (Z, -Z))
    return Score(value, min(low, value), max(high, value))


def averaged(
    estimates: Sequence[Estimate],
    group_N: Positions,
    weight_K: Floats,
    drift_N: Floats | float = 0.0,
    few: bool = False,
) -> Score:
    """The weighted mean of estimates, of which each says how it moves with the pictures.

    The wider of two intervals. One takes the estimates for independent and adds their distances to
    each limit as variances are (MOVER; Zou & Donner 2008): an estimate from two pictures counts as
    that uncertain. The other is linearised, and knows that they depend on each other; `drift_N` is
    how it moves because the weights do.
    """
    pairs = list(zip(weight_K.tolist(), (one.score for one in estimates), strict=True))
    value = min(math.fsum(w * score.value for w, score in pairs), 1.0)
    below = math.hypot(*(w * (score.value - score.low) for w, score in pairs))
    above = math.hypot(*(w * (score.high - score.value) for w, score in pairs))
    influence_N = weight_K @ np.stack([one.influence_N for one in estimates]) + drift_N
    together = linearised(value, influence_N, group_N, few)
    return Score(value, max(value - below, 0.0), min(value + above, 1.0)).widened(together)


def distinct(group_N: Positions) -> int:
    """How many groups there are."""
    return int(np.count_nonzero(np.bincount(group_N)))


def standard_error(influence_N: Floats, group_N: Positions) -> StandardError:
    """That of a score that moves by `influence_N` with the weight of each picture."""
    moved_G, n = np.bincount(group_N, influence_N), distinct(group_N)
    variance = float(moved_G @ moved_G)
    if n < 2 or variance < TINY**2:
        return StandardError(0.0, 2.0, n)
    kurtosis = float(moved_G**2 @ moved_G**2) / variance**2 - 1 / n
    freedom = 2 / min(max(kurtosis, 2 / n), 1.0)
    return StandardError(math.sqrt(variance * n / (n - 1)), freedom, n)


def linearised(value: float, influence_N: Floats, group_N: Positions, few: bool = False) -> Score:
    """A score from 0 to 1, with an interval symmetric in its logit.

    Where a few pictures decide, it reaches as much further down as Student's t does. At 0 and at 1
    it is Wilson's, of as many pictures as there are groups.
    """
    error = standard_error(influence_N, group_N)
    if not TINY < value < 1 - TINY:
        return share(round(value) * error.groups, error.groups)
    low = _shift_logit(value, -(error.t if few else Z) * error.value)
    return Score(value, min(low, value), max(_shift_logit(value, Z * error.value), value))


def _shift_logit(value: float, by: float) -> float:
    """Where a value gets to, if its logit moves as steeply all along as it does where it stands."""
    step = min(max(by / (value * (1 - value)), -700), 700)
    odds = (1 - value) / value * math.exp(-step)
    return 1 / (1 + odds)


def _limit(lost: float, won: float, n: float, z: float) -> float:
    """The difference whose score is z; the score falls from one end to the other."""
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _score(lost, won, n, middle) > z:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _score(lost: float, won: float, n: float, difference: float) -> float:
    """How many standard errors the counts lie above what a true difference would make of them."""
    b = -lost - won + (2 * n - lost + won) * difference
    c = -won * difference * (1 - difference)
    only_won = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    variance = n * (2 * only_won + difference * (1 - difference))
    off = lost - won - n * difference
    if variance <= 0:
        return float(math.copysign(math.inf, off)) if off else 0.0
    return float(off / math.sqrt(variance))
