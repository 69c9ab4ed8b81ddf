"""Whether the pictures that are asked about still look like those that were learned from.

Each quantity that is watched has a reference distribution: bins with about equally many pictures of
the training. The population stability index tells how differently new pictures fill them,
Σ (actual − expected) · ln(actual / expected) (Siddiqi, "Credit Risk Scorecards", 2006). Without any
drift it is about χ² with one degree of freedom less than bins, times 1/n + 1/m (Yurdakul & Naranjo,
"Statistical properties of the population stability index", 2020).

Watched are the principal components of the features, and what was answered: the class, the
confidence and the OOD score.

Letters in names: N pictures, C components, B bins.
"""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

BINS = 10
CLASS = "class"
# By convention an index below this is no change worth a look.
SMALL = 0.1
# The share of unchanged data in which any of the quantities is called drifted.
FALSE_ALARMS = 0.05


class ReferenceDistribution(NamedTuple):
    """How a quantity that is watched was distributed when the classifier was made."""

    name: str
    edges: tuple[float, ...]  # between the bins
    shares: tuple[float, ...]  # of the pictures in each bin
    pictures: int  # how many there were

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
        return self.psi > max(self.by_chance, SMALL)


def watched_values(
    p_NK: Floats, ood_score_N: Floats, components_NC: Floats
) -> dict[str, npt.NDArray[Any]]:
    """What is watched of N pictures and their answers, by the name of the quantity."""
    of_answers = {CLASS: p_NK.argmax(1), "confidence": p_NK.max(1), "ood_score": ood_score_N}
    return {**of_answers, **component_values(components_NC)}


def component_values(components_NC: Floats) -> dict[str, npt.NDArray[Any]]:
    """The part of it that comes of the features alone, whatever was answered."""
    return {f"component {i + 1}": values_N for i, values_N in enumerate(components_NC.T)}


def reference_distributions(
    values: Mapping[str, npt.NDArray[Any]], classes: int
) -> tuple[ReferenceDistribution, ...]:
    """How quantities are distributed, in bins of about equally many pictures; a class is a bin."""
    tenths = np.arange(1, BINS) / BINS
    references = []
    for name, values_N in values.items():
        if name == CLASS:
            edges = np.arange(classes - 1) + 0.5
        else:
            edges = np.unique(np.quantile(values_N.astype(np.float64), tenths))
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
    n, m, bins = int(counts_B.sum()), reference.pictures, len(counts_B)
    # Half a picture more in each bin, for the logarithm's sake (Jeffreys' prior).
    actual_B = (counts_B + 0.5) / (n + bins / 2)
    expected_B = (np.array(reference.shares) * m + 0.5) / (m + bins / 2)
    psi = float(((actual_B - expected_B) * np.log(actual_B / expected_B)).sum())
    spread = 1 / max(n, 1) + 1 / max(m, 1)
    return Drift(reference.name, psi, spread * _chi_square(bins - 1, FALSE_ALARMS / watched))


def _bin_counts(edges: npt.NDArray[Any], values_N: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    bins_N = np.searchsorted(edges, values_N, side="right")
    return np.bincount(bins_N, minlength=len(edges) + 1).astype(np.int64)


def _chi_square(degrees: int, above: float) -> float:
    """What χ² exceeds with a probability (Wilson & Hilferty 1931).

    Within 2.5 % of the exact quantile for one degree of freedom, 1 % for more: the server, which
    asks for it, does without SciPy.
    """
    if degrees == 0:
        return 0.0
    spread = 2 / (9 * degrees)
    z = NormalDist().inv_cdf(1 - above)
    return float(degrees * (1 - spread + z * spread**0.5) ** 3)
