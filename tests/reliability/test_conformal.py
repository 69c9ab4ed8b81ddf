import numpy as np
import numpy.typing as npt
import pytest

from diptych.metrics.probabilities import Probabilities, softmax
from diptych.reliability.conformal import conformal_threshold, prediction_sets

Labels = npt.NDArray[np.intp]


def answered(rng: np.random.Generator, n: int) -> tuple[Probabilities, Labels]:
    """A classifier of five classes that is right on four in five pictures."""
    labels = rng.integers(0, 5, n)
    logits = rng.normal(0, 1, (n, 5))
    logits[np.arange(n), labels] += 2.0
    return softmax(logits), labels


@pytest.mark.parametrize("coverage", [0.9, 0.95, 0.99])
def test_sets_hold_the_right_answer_as_often_as_promised(coverage: float) -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(300):
        p_NK, labels = answered(rng, 100)
        least = conformal_threshold(p_NK, labels.tolist(), coverage)
        p_NK, labels = answered(rng, 100)
        held.append(prediction_sets(p_NK, least)[np.arange(100), labels].mean())
    # On average over validation sets; a set of n has up to 1/(n + 1) more.
    assert np.mean(held) == pytest.approx(coverage + 0.005, abs=0.012)


def test_the_likeliest_answer_is_always_in_the_set() -> None:
    p_NK = np.array([[0.4, 0.3, 0.3], [0.9, 0.05, 0.05]], np.float32)
    assert prediction_sets(p_NK, 0.99).tolist() == [[True, False, False], [True, False, False]]


def test_too_few_validation_pictures_promise_with_every_answer() -> None:
    p_NK = np.array([[0.9, 0.1], [0.8, 0.2]], np.float32)
    least = conformal_threshold(p_NK, [0, 0], 0.95)
    assert prediction_sets(p_NK, least).all()


def test_nine_pictures_are_enough_for_nine_tenths() -> None:
    """(9 + 1) · (1 − 0.9) is one, but not as binary numbers go."""
    p_N = np.linspace(0.55, 0.95, 9)
    p_NK = np.stack([p_N, 1 - p_N], 1).astype(np.float32)
    least = conformal_threshold(p_NK, [0] * 9, 0.9)
    assert least == np.float32(0.55)
    assert prediction_sets(p_NK, least).sum() == 9
