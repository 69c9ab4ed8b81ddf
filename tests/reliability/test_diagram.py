import numpy as np
import numpy.typing as npt
import pytest

from diptych.metrics.probabilities import softmax
from diptych.reliability.diagram import (
    calibration_error_by_chance,
    expected_calibration_error,
    reliability_diagram,
)


def guesses(n: int, k: int, *, seed: int) -> tuple[npt.NDArray[np.float32], list[int]]:
    """Logits whose softmax is exactly true, and labels."""
    rng = np.random.default_rng(seed)
    logits_NK = 2 * rng.standard_normal((n, k)).astype(np.float32)
    # The largest of logits with Gumbel noise is a draw from their softmax.
    labels = (logits_NK + rng.gumbel(size=(n, k))).argmax(1)
    return logits_NK, labels.tolist()


def test_reliability_counts_every_picture_once() -> None:
    logits, labels = guesses(503, 5, seed=0)
    diagram = reliability_diagram(softmax(logits), labels)
    assert sum(diagram.counts) == 503
    assert diagram.confidence == sorted(diagram.confidence)
    right = (logits.argmax(1) == labels).mean()
    weighted = np.dot(diagram.right, diagram.counts) / 503
    assert weighted == pytest.approx(right)


def test_a_perfect_classifier_is_within_what_chance_makes_19_times_in_20() -> None:
    within, tries = 0, 200
    for seed in range(tries):
        logits, labels = guesses(180, 2, seed=seed)
        p = softmax(logits)
        within += expected_calibration_error(p, labels) <= calibration_error_by_chance(
            p, simulations=200
        )
    assert 0.9 <= within / tries <= 0.99
