"""The kinds of pictures on which a classifier does worse than chance explains.

Axes: N pictures.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.grouping import independent
from diptych.errors import InputError, MissingExtra
from diptych.metrics import Score, percent, share
from diptych.metrics.predictions import Predictions
from diptych.reporting.picture_facts import CALLED, Column

Flags = npt.NDArray[np.bool_]

FEWEST = 10  # pictures of a slice, and of the others
QUARTERED = 100  # independent pictures from which numbers are cut into quarters; fewer into thirds
FAMILYWISE_ERROR = 0.05  # chance of any finding at all where nothing is to be found
SAME = 0.8  # slices that share so much of their pictures are one finding


class Slice(NamedTuple):
    """Pictures that have something in common and are answered worse than the others."""

    fact: str
    what: str
    n: int
    score: Score  # accuracy
    others: Score
    p: float  # of Fisher's exact test, corrected for the number of slices

    def __str__(self) -> str:
        return f"{self.what}: {self.score} of {self.n:,}, the others {percent(self.others.value)}"


class Slices(NamedTuple):
    """The slices that are worse than chance explains, of how many."""

    significant: tuple[Slice, ...]  # the least likely by chance first
    compared: int  # how many slices there were


def slices(predictions: Predictions, facts: Mapping[str, Column]) -> Slices:
    """Slices of the pictures with more mistakes than chance explains.

    `facts` are those of `picture_facts` or any others: a value for each picture, by name. Numbers
    are cut at their quartiles or terciles, words make a slice each. Every slice of 10 or more
    pictures is compared with the others by Fisher's exact test, one-sided (Fisher, "The Logic of
    Inductive Inference", 1935), corrected for their number by Holm ("A Simple Sequentially
    Rejective Multiple Test Procedure", 1979). Significant is what then has p < 0.05; of slices that
    are nearly the same pictures, the clearest. Of a group of near-duplicates only the first is
    counted: its copies are no further evidence.

    Raises InputError for a fact that is not given for each picture.
    """
    dataset, p_NK, _ = predictions
    for fact, column in facts.items():
        if len(column) != len(dataset):
            raise InputError(
                f"fact '{fact}': {len(column):,} values for {len(dataset):,} pictures; "
                "give one for each, '' or NaN where it is not known"
            )
    counted = independent(dataset.samples)
    wrong_N = (p_NK.argmax(1) != np.array(dataset.targets()))[counted]
    candidates = [
        (_slice(fact, what, inside_N, wrong_N), inside_N)
        for fact, column in facts.items()
        for what, inside_N in _cuts(fact, [column[i] for i in counted])
        if FEWEST <= inside_N.sum() <= len(counted) - FEWEST
    ]
    clear, p = list[tuple[Slice, Flags]](), 0.0
    for i, (each, inside_N) in enumerate(sorted(candidates, key=lambda each: each[0].p)):
        p = max(p, min((len(candidates) - i) * each.p, 1.0))
        repeats = any(_overlap(inside_N, other_N) > SAME for _, other_N in clear)
        if p < FAMILYWISE_ERROR and not repeats:
            clear.append((each._replace(p=p), inside_N))
    return Slices(tuple(each for each, _ in clear), len(candidates))


def fisher_p(wrong_inside: int, inside: int, wrong: int, n: int) -> float:
    """The p-value of Fisher's exact test, one-sided, of so many wrong ones inside or more.

    `wrong` and `inside` count among all `n`. Raises MissingExtra without SciPy.
    """
    try:
        from scipy.stats import hypergeom
    except ModuleNotFoundError as cause:
        raise MissingExtra("SciPy", "report") from cause
    return float(hypergeom.sf(wrong_inside - 1, n, inside, wrong))


def _slice(fact: str, what: str, inside_N: Flags, wrong_N: Flags) -> Slice:
    """A slice with the p-value that it would have alone."""
    n, inside = len(wrong_N), int(inside_N.sum())
    wrong, wrong_inside = int(wrong_N.sum()), int(wrong_N[inside_N].sum())
    score = share(inside - wrong_inside, inside)
    others = share(n - inside - (wrong - wrong_inside), n - inside)
    return Slice(fact, what, inside, score, others, fisher_p(wrong_inside, inside, wrong, n))


def _overlap(one_N: Flags, other_N: Flags) -> float:
    """The share of the pictures of either that are of both (Jaccard)."""
    return float((one_N & other_N).sum() / max((one_N | other_N).sum(), 1))


def _cuts(fact: str, column: Column) -> Iterator[tuple[str, Flags]]:
    """Each slice of a fact in words, and which pictures are in it."""
    if any(isinstance(value, str) and value for value in column):
        words = [str(value) for value in column]
        for word in dict.fromkeys(filter(None, words)):
            yield f"pictures whose {fact} is {word}", np.array([word == other for other in words])
        return
    numbers_N = np.array([value if value != "" else math.nan for value in column], np.float64)
    parts = 4 if len(column) >= QUARTERED else 3
    inner = np.linspace(0, 1, parts + 1)[1:-1]
    known_N = numbers_N[~np.isnan(numbers_N)]
    if not len(known_N):
        return
    # Where many have the same number, two cuts may fall together.
    edges = [-math.inf, *np.unique(np.quantile(known_N, inner, method="higher")), math.inf]
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        place = 2 * i - (len(edges) - 2)
        yield _range(fact, low, high, place), (numbers_N >= low) & (numbers_N < high)


def _range(fact: str, low: float, high: float, place: int) -> str:
    """What pictures between two values of a fact are called; the upper one is not included.

    `place` is below 0 for ranges below the middle one, 0 for that, and above 0 for those above it.
    """
    small, large = CALLED.get(fact, (f"low-{fact}", f"high-{fact}"))
    if low == -math.inf:
        return f"{small} pictures ({fact} below {_short(high)})"
    if high == math.inf:
        return f"{large} pictures ({fact} {_short(low)} or more)"
    called = f"rather {small if place < 0 else large}" if place else f"neither {small} nor {large}"
    return f"{called} pictures ({fact} {_short(low)} to {_short(high)})"


def _short(value: float) -> str:
    """A number with three digits, and all of those before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
