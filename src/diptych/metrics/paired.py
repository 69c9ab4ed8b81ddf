"""Are two classifiers different, or is it noise? Tests on the same pictures.

Letters in names: S seeds, N test pictures, B bootstrap samples, G groups of near-duplicates,
C counts of a group: the seeds of both, then its pictures; U different such counts.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.errors import MissingExtra
from diptych.metrics.intervals import paired_difference, standard_error

RESAMPLES = 4000
SIGNIFICANCE = 0.05  # of a test, by itself

Right = npt.NDArray[np.bool_]


class Test(NamedTuple):
    """McNemar's exact test (McNemar 1947; binomial form): do two classifiers err equally often?"""

    only_first: int  # pictures that only the first got right
    only_second: int
    p: float  # the chance of so uneven a split, or a more uneven one, were they equally good

    def __str__(self) -> str:
        return (
            f"{self.only_first} only the first, {self.only_second} only the second, p {self.p:.3f}"
        )


class Difference(NamedTuple):
    """How much better the first is, between −1 and 1, or larger, with a 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def reach(self) -> str:
        """The interval in percentage points."""
        # A zero has no sign of its own.
        points = [round(100 * value, 2) + 0.0 for value in (self.low, self.high)]
        low, high = (f"{value:+.2f}".replace("-", "−") for value in points)
        return f"{low} to {high}"

    @property
    def of_better(self) -> "Difference":
        """How much better than the other the better one is, whichever that is."""
        return self if self.value >= 0 else Difference(-self.value, -self.high, -self.low)


def mcnemar(first_N: Right, second_N: Right) -> Test:
    """Compare two classifiers by the pictures (N,) that only one of them got right.

    Raises MissingExtra without SciPy.
    """
    try:
        from scipy.stats import binomtest
    except ModuleNotFoundError as cause:
        raise MissingExtra("SciPy", "report") from cause
    only_first = int((first_N & ~second_N).sum())
    only_second = int((second_N & ~first_N).sum())
    n = only_first + only_second
    p = float(binomtest(only_first, n).pvalue) if n else 1.0
    return Test(only_first, only_second, p)


def difference(first_SN: Right, second_SN: Right, groups: Sequence[str]) -> Difference:
    """The difference of mean accuracies, by a paired bootstrap over pictures and seeds.

    Pictures are sampled with replacement by groups of near-duplicates, the same for both; seeds are
    sampled for each of the two, since a seed does not pair what two frameworks make of it. Where
    few answers differ, a bootstrap has hardly a width: the interval is the wider of its own and of
    Tango's for the mean counts of the seeds' pairs.
    """
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group_N = np.array([names[group] for group in groups], np.intp)
    columns_CN = (*first_SN, *second_SN, np.ones(len(groups)))
    count_GC = np.stack([np.bincount(group_N, column_N, len(names)) for column_N in columns_CN], 1)
    # Groups with the same counts are resampled together: the cost does not grow with the pictures.
    count_UC, groups_U = np.unique(count_GC, axis=0, return_counts=True)
    rng = np.random.default_rng(0)  # the same answers have the same interval, always
    resampled_BU = rng.multinomial(len(names), groups_U / len(names), size=RESAMPLES)
    first_BS, second_BS, size_B1 = np.split(
        resampled_BU @ count_UC, [len(first_SN), len(first_SN) + len(second_SN)], axis=1
    )

    def over_seeds(right_BS: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        seed_BS = rng.integers(right_BS.shape[1], size=right_BS.shape)
        return np.asarray(np.take_along_axis(right_BS, seed_BS, 1).mean(1))

    difference_B = (over_seeds(first_BS) - over_seeds(second_BS)) / size_B1[:, 0]
    low, high = np.quantile(difference_B, [0.025, 0.975])
    value = float(first_SN.mean() - second_SN.mean())
    share = len(names) / len(groups)
    only_first, only_second = (
        float(np.mean([(one & ~two).sum() for one in some for two in others])) * share
        for some, others in ((first_SN, second_SN), (second_SN, first_SN))
    )
    tango = paired_difference(only_first, only_second, len(names))
    return Difference(value, min(float(low), tango.low), max(float(high), tango.high))


def mean_difference(
    first_SN: npt.NDArray[np.float64], second_SN: npt.NDArray[np.float64], groups: Sequence[str]
) -> Difference:
    """How much larger the mean of the first is, of losses for the same pictures: (S, N) each.

    With Student's t, and the standard error of the pictures' means over the seeds, in which those
    of a group count as one.
    """
    gap_N = np.asarray(first_SN.mean(0) - second_SN.mean(0), np.float64)
    value = float(gap_N.mean())
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group_N = np.array([names[group] for group in groups], np.intp)
    error = standard_error((gap_N - value) / len(gap_N), group_N)
    return Difference(value, value - error.t * error.value, value + error.t * error.value)


def is_noise(gap: Difference, tests: Sequence[Test]) -> bool:
    """Whether a difference may be chance: by its interval, or by McNemar's test of every seed."""
    return gap.low <= 0 <= gap.high or all(test.p >= SIGNIFICANCE for test in tests)
