"""Whether the pictures that are asked about still look like those that were learned from.

Each quantity that is watched has a reference distribution: bins with about equally many pictures
that were at hand when the classifier was made, and that are to it as new ones are. The population
stability index tells how differently new pictures fill them, Σ (actual − expected) ·
ln(actual / expected) (Siddiqi, "Credit Risk Scorecards", 2006).

What chance alone makes of it is simulated, for just so many pictures then and now. Bins that end at
ordered values of a sample hold shares of the new ones that follow a Dirichlet distribution,
whatever the quantity (Wilks, "Mathematical Statistics", 1962, 8.7). Classes have no such order:
there, pictures of then and now are dealt anew to the two sides, as in Fisher's exact test.

Watched are the principal components of the features, and what was answered: the class, the
confidence and the OOD score.

Letters in names: N pictures, C components, B bins, S simulations.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

Counts = npt.NDArray[np.int64]

BINS = 10
# Fewer bins where they would have fewer pictures than this: many small ones see little.
PICTURES_A_BIN = 10
CLASS = "class"
# By convention an index below this is no change worth a look.
SMALL = 0.1
# The share of unchanged data in which any of the quantities is called drifted. Below the 5 % that
# people expect: few validation pictures have also chosen the temperature of what they are
# compared by, which adds up to a third.
FALSE_ALARMS = 0.03
SIMULATIONS = 10_000  # fewer with more than 200 bins, for the memory's sake
# More pictures than this tell no more of what chance makes.
MANY = 10**6


class ReferenceDistribution(NamedTuple):
    """How a quantity that is watched was distributed when the classifier was made."""

    name: str
    edges: tuple[float, ...]  # between the bins
    shares: tuple[float, ...]  # of the pictures in each bin
    pictures: int  # how many there were

    @property
    def counts(self) -> Counts:
        """How many of those pictures were in each bin, (B,)."""
        return np.asarray(np.rint(np.array(self.shares) * self.pictures), np.int64)

    def bin_counts(self, values_N: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """How many of some values fall into each bin, (B,)."""
        return _bin_counts(np.array(self.edges), values_N)


class Drift(NamedTuple):
    """How much a quantity has changed."""

    name: str
    psi: float  # the population stability index
    by_chance: float  # what it stays below without a change

    @property
    def drifted(self) -> bool:
        """Whether it changed by more than chance, and by enough to matter."""
        return self.psi > max(self.by_chance + 1e-9, SMALL)


def watched_values(
    p_NK: Floats, ood_score_N: Floats, components_NC: Floats
) -> dict[str, npt.NDArray[Any]]:
    """What is watched of N pictures and their answers, by the name of the quantity."""
    return {**answer_values(p_NK, ood_score_N), **component_values(components_NC)}


def answer_values(p_NK: Floats, ood_score_N: Floats) -> dict[str, npt.NDArray[Any]]:
    """The part of it that comes of the answers."""
    return {CLASS: p_NK.argmax(1), "confidence": p_NK.max(1), "ood_score": ood_score_N}


def component_values(components_NC: Floats) -> dict[str, npt.NDArray[Any]]:
    """The part of it that comes of the features alone, whatever was answered."""
    return {f"component {i + 1}": values_N for i, values_N in enumerate(components_NC.T)}


def reference_distributions(
    values: Mapping[str, npt.NDArray[Any]], classes: int
) -> tuple[ReferenceDistribution, ...]:
    """How quantities are distributed, in bins of about equally many pictures; a class is a bin."""
    references = []
    for name, values_N in values.items():
        edges = np.arange(classes - 1) + 0.5 if name == CLASS else _edges(values_N)
        shares = (_bin_counts(edges, values_N) / max(len(values_N), 1)).tolist()
        references.append(
            ReferenceDistribution(name, tuple(edges.tolist()), tuple(shares), len(values_N))
        )
    return tuple(references)


def bundled_distributions(facts: Mapping[str, Any]) -> tuple[ReferenceDistribution, ...]:
    """Those that a bundle tells of."""
    return tuple(
        ReferenceDistribution(
            one["name"], tuple(one["edges"]), tuple(one["shares"]), one["pictures"]
        )
        for one in facts["drift"]
    )


def drift_from(
    reference: ReferenceDistribution, counts_B: npt.NDArray[np.int64], watched: int
) -> Drift:
    """How much a quantity has changed, one of so many that are watched together."""
    expected_B = reference.counts
    level = FALSE_ALARMS / watched
    nominal = reference.name == CLASS
    n = int(counts_B.sum())
    now_B = counts_B * MANY // n if n > MANY else counts_B
    by_chance = (
        _dealt_anew(tuple((expected_B + now_B).tolist()), int(now_B.sum()), level)
        if nominal
        else _drawn_anew(tuple(expected_B.tolist()), int(now_B.sum()), level)
    )
    return Drift(reference.name, stability_index(reference, counts_B), by_chance)


def stability_index(reference: ReferenceDistribution, counts_B: Counts) -> float:
    """How differently new pictures fill the bins, by itself."""
    return float(_stability_index(counts_B, reference.counts))


def _edges(values_N: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The values between bins of equally many; each begins one."""
    bins = min(BINS, max(len(values_N) // PICTURES_A_BIN, 2))
    ordered_N = np.sort(values_N.astype(np.float64))
    return np.unique(ordered_N[np.arange(1, bins) * len(values_N) // bins])


def _stability_index(actual_SB: Counts, expected_SB: Counts) -> npt.NDArray[np.float64]:
    """The population stability index of counts, (S,) or one."""
    # Half a picture more in each bin, for the logarithm's sake (Jeffreys' prior).
    actual, expected = (
        (counts + 0.5) / (counts + 0.5).sum(-1, keepdims=True)
        for counts in (actual_SB, expected_SB)
    )
    return np.asarray(((actual - expected) * np.log(actual / expected)).sum(-1))


@lru_cache(256)
def _drawn_anew(reference_B: tuple[int, ...], n: int, level: float) -> float:
    """What the index of `n` new pictures exceeds by chance so rarely, in bins of ordered values."""
    rng = np.random.default_rng(0)
    gaps_B = np.array(reference_B, np.float64)
    gaps_B[0] += 1  # the value that ends a bin begins the next, but for the first's
    # A bin that ties have emptied holds nothing of the new ones either.
    share_SB = rng.dirichlet(np.maximum(gaps_B, 1e-3), SIMULATIONS)
    return _exceeded(rng.multinomial(n, share_SB), np.array(reference_B), level)


@lru_cache(256)
def _dealt_anew(both_B: tuple[int, ...], n: int, level: float) -> float:
    """The same where both sides are dealt from the pictures of both, in bins without an order."""
    rng = np.random.default_rng(0)
    both, simulations = np.array(both_B), min(SIMULATIONS, 2_000_000 // len(both_B))
    now_SB = rng.multivariate_hypergeometric(both, n, simulations, method="marginals")
    return _exceeded(now_SB, both - now_SB, level)


def _exceeded(now_SB: Counts, then_SB: Counts, level: float) -> float:
    psi_S = _stability_index(now_SB, then_SB)
    return float(np.quantile(psi_S, 1 - level, method="higher"))


def _bin_counts(edges: npt.NDArray[Any], values_N: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    bins_N = np.searchsorted(edges, values_N, side="right")
    return np.bincount(bins_N, minlength=len(edges) + 1).astype(np.int64)
