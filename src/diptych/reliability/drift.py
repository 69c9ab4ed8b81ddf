"""Whether the pictures that are asked about still look like those that were learned from.

Each quantity that is watched has bins with about equally many pictures of the training; the
population stability index tells how differently new pictures fill them,
Σ (seen − expected) · ln(seen / expected) (Siddiqi, "Credit Risk Scorecards", 2006). Without any
drift it is about χ² with one degree of freedom less than bins, times 1/n + 1/m (Yurdakul & Naranjo,
"Statistical properties of the population stability index", 2020).

Watched are the features, along the directions in which the training pictures differ most, and
what was answered: the class, the confidence and the OOD score.

Letters in names: N pictures, D features, C components, B bins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.graphs.surgery import Name, Pen, extended

Floats = npt.NDArray[np.float32]

COMPONENTS = 8
BINS = 10
OUTPUT = "components"
CLASS = "class"
# By convention an index below this is no change worth a look.
SMALL = 0.1
# The share of unchanged data in which any of the quantities is called drifted.
FALSE_ALARMS = 0.05


@dataclass(frozen=True)
class Components:
    """The directions in which the features of training pictures differ most."""

    middle_D: Floats
    directions_DC: Floats  # scaled, so that along each the training pictures have a variance of 1

    def of(self, features_ND: Floats) -> Floats:
        """Where pictures lie along the directions, (N, C)."""
        return np.asarray((features_ND - self.middle_D) @ self.directions_DC, np.float32)

    def written(self, graph: bytes) -> bytes:
        """A network's graph with the components as one more output."""
        return extended(graph, OUTPUT, self._write)

    def _write(self, pen: Pen, seen: Sequence[Name], logits: Name) -> Name:
        off = pen.node("Sub", seen[0], pen.constant(self.middle_D))
        return pen.node("MatMul", off, pen.constant(self.directions_DC))


def components(features_ND: Floats) -> Components:
    """The principal components of training pictures' features; fewer where they do not differ."""
    middle_D = features_ND.mean(0)
    off_ND = (features_ND - middle_D).astype(np.float64)
    variances, directions = np.linalg.eigh(off_ND.T @ off_ND / max(len(off_ND) - 1, 1))
    order = np.argsort(variances)[::-1][:COMPONENTS]
    order = order[variances[order] > max(1e-6 * variances.max(initial=0), 1e-12)]
    scaled_DC = directions[:, order] / np.sqrt(variances[order])
    return Components(middle_D, np.asarray(scaled_DC, np.float32))


class Quantity(NamedTuple):
    """Something that is watched, and how it was when the classifier was made."""

    name: str
    edges: tuple[float, ...]  # between the bins
    shares: tuple[float, ...]  # of the pictures in each bin then
    pictures: int  # how many there were


class Drift(NamedTuple):
    """How much a quantity has changed."""

    name: str
    psi: float  # the population stability index
    by_chance: float  # what it stays below without a change

    @property
    def drifted(self) -> bool:
        """Whether it changed by more than chance, and by enough to matter."""
        return self.psi > max(self.by_chance, SMALL)


def values(p_NK: Floats, ood_score_N: Floats, components_NC: Floats) -> dict[str, npt.NDArray[Any]]:
    """What is watched of the answers for N pictures, by its name."""
    answered = {CLASS: p_NK.argmax(1), "confidence": p_NK.max(1), "ood_score": ood_score_N}
    return {**answered, **along(components_NC)}


def along(components_NC: Floats) -> dict[str, npt.NDArray[Any]]:
    """The part of it that comes of the features alone, whatever was answered."""
    return {f"component {i + 1}": values_N for i, values_N in enumerate(components_NC.T)}


def learned(answered: Mapping[str, npt.NDArray[Any]], classes: int) -> tuple[Quantity, ...]:
    """How the quantities are now, in bins of about equally many pictures; a class is a bin."""
    tenths = np.arange(1, BINS) / BINS
    found = []
    for name, values_N in answered.items():
        if name == CLASS:
            edges = np.arange(classes - 1) + 0.5
        else:
            edges = np.unique(np.quantile(values_N.astype(np.float64), tenths))
        shares_B = _counts(edges, values_N) / max(len(values_N), 1)
        found.append(Quantity(name, tuple(edges.tolist()), tuple(shares_B.tolist()), len(values_N)))
    return tuple(found)


def quantities(facts: Mapping[str, Any]) -> tuple[Quantity, ...]:
    """What a bundle says of how its quantities were."""
    return tuple(
        Quantity(q["name"], tuple(q["edges"]), tuple(q["shares"]), q["pictures"])
        for q in facts["drift"]
    )


def counted(known: Quantity, values_N: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """How many of the values fall into each bin, (B,)."""
    return _counts(np.array(known.edges), values_N)


def drift(known: Quantity, counts_B: npt.NDArray[np.int64], watched: int) -> Drift:
    """How much a quantity has changed, one of so many that are watched together."""
    n, bins = int(counts_B.sum()), len(counts_B)
    # Half a picture more in each bin, for the logarithm's sake (Jeffreys' prior).
    seen_B = (counts_B + 0.5) / (n + bins / 2)
    expected_B = (np.array(known.shares) * known.pictures + 0.5) / (known.pictures + bins / 2)
    psi = float(((seen_B - expected_B) * np.log(seen_B / expected_B)).sum())
    spread = 1 / max(n, 1) + 1 / max(known.pictures, 1)
    return Drift(known.name, psi, spread * _chi_square(bins - 1, FALSE_ALARMS / watched))


def _counts(edges: npt.NDArray[Any], values_N: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    bins_N = np.searchsorted(edges, values_N, side="right")
    return np.bincount(bins_N, minlength=len(edges) + 1).astype(np.int64)


def _chi_square(degrees: int, above: float) -> float:
    """What χ² exceeds with a probability (Wilson & Hilferty 1931)."""
    from statistics import NormalDist

    if degrees == 0:
        return 0.0
    spread = 2 / (9 * degrees)
    z = NormalDist().inv_cdf(1 - above)
    return float(degrees * (1 - spread + z * spread**0.5) ** 3)
