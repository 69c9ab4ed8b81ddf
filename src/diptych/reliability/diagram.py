"""Confidence against the share of right answers: the reliability diagram, and its error.

Letters in names: N pictures, B simulated label sets.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.probabilities import Probabilities

BINS = 10


class ReliabilityDiagram(NamedTuple):
    """How sure the answers were and how often right, from the least sure to the surest."""

    confidence: list[float]  # the mean of each bin
    right: list[float]  # the share of each bin
    counts: list[int]


def reliability_diagram(p_NK: Probabilities, labels: Sequence[int]) -> ReliabilityDiagram:
    """Answers in ten bins of equally many pictures (Nixon et al. 2019)."""
    confidence_N = p_NK.max(1).astype(np.float64)
    right_N = p_NK.argmax(1) == np.asarray(labels)
    bins = _equal_bins(np.argsort(confidence_N, kind="stable"))
    return ReliabilityDiagram(
        [float(confidence_N[pictures].mean()) for pictures in bins],
        [float(right_N[pictures].mean()) for pictures in bins],
        [len(pictures) for pictures in bins],
    )


def expected_calibration_error(p_NK: Probabilities, labels: Sequence[int]) -> float:
    """How far confidence and share of right answers are apart, on average (Naeini et al. 2015).

    With all that chance adds to it; `metrics.losses.debiased_calibration_error` is without.
    """
    confidence, right, counts = map(np.array, reliability_diagram(p_NK, labels))
    return float(counts / counts.sum() @ np.abs(confidence - right))


def calibration_error_by_chance(p_NK: Probabilities, simulations: int = 1000) -> float:
    """What chance alone makes of it: the 95th percentile were these probabilities exactly true.

    Labels are simulated from the probabilities, again and again. A small test set shows a
    calibration error however good its probabilities are.
    """
    confidence_N = np.sort(p_NK.max(1).astype(np.float64))
    rng = np.random.default_rng(0)
    right_BN = rng.random((simulations, len(confidence_N))) < confidence_N
    error_B = sum(
        len(pictures) * np.abs(right_BN[:, pictures].mean(1) - confidence_N[pictures].mean())
        for pictures in _equal_bins(np.arange(len(confidence_N)))
    )
    return float(np.quantile(error_B / len(confidence_N), 0.95))


def _equal_bins(order_N: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Which pictures are in each bin, of those in this order; no bin is empty."""
    return [pictures for pictures in np.array_split(order_N, BINS) if len(pictures)]
