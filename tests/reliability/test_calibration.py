import sys

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from diptych.errors import MissingExtra
from diptych.graphs.writer import onnx_graph
from diptych.metrics.probabilities import softmax
from diptych.networks.initialisation import initial
from diptych.networks.zoo import linear
from diptych.reliability.calibration import PRIOR, RIDGE, _fit, calibrate
from diptych.reliability.diagram import expected_calibration_error
from diptych.runtimes import open_graph

Floats = npt.NDArray[np.float32]


def answered(
    n: int, k: int, *, sharpness: float = 1.0, shift: float = 0.0, seed: int = 0
) -> tuple[Floats, list[int]]:
    """Logits that are too sure by a factor, with a first class that is answered too often."""
    rng = np.random.default_rng(seed)
    true_NK = 2 * rng.standard_normal((n, k)).astype(np.float32)
    # The largest of logits with Gumbel noise is a draw from their softmax.
    labels = (true_NK + rng.gumbel(size=(n, k))).argmax(1)
    logits_NK = sharpness * true_NK
    logits_NK[:, 0] += shift
    return logits_NK, labels.tolist()


@pytest.mark.parametrize("sharpness", [0.4, 3.0])
def test_a_temperature_undoes_too_much_or_too_little_confidence(sharpness: float) -> None:
    logits, labels = answered(4000, 4, sharpness=sharpness)
    calibration = calibrate(logits, labels)
    assert calibration.kind == "temperature"
    assert calibration.temperature == pytest.approx(sharpness, rel=0.1)
    assert calibration.loss_after < calibration.loss_before - 0.01
    fresh, truth = answered(4000, 4, sharpness=sharpness, seed=1)
    before, after = (
        expected_calibration_error(softmax(z), truth) for z in (fresh, calibration.applied(fresh))
    )
    assert after < 0.02 < before


def test_the_temperature_is_the_likeliest() -> None:
    logits, labels = answered(500, 3, sharpness=2.0)
    calibration = calibrate(logits, labels)
    best = minimize_scalar(
        lambda t: log_loss(labels, softmax(logits / t), labels=[0, 1, 2]),
        bounds=(0.1, 10),
        method="bounded",
    )
    assert calibration.temperature == pytest.approx(best.x, rel=0.02)


def test_each_class_gets_its_own_where_that_is_better() -> None:
    logits, labels = answered(3000, 3, shift=2.0)
    calibration = calibrate(logits, labels)
    assert calibration.kind == "vector"
    fresh, truth = answered(3000, 3, shift=2.0, seed=1)
    before, after = (
        expected_calibration_error(softmax(z), truth) for z in (fresh, calibration.applied(fresh))
    )
    assert after < 0.03 < 0.1 < before


def test_what_is_calibrated_already_stays_nearly_as_it_is() -> None:
    calibration = calibrate(*answered(2000, 3))
    assert calibration.temperature == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("n", [18, 46, 120])
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_few_pictures_with_few_mistakes_do_no_harm(n: int, sharpness: float) -> None:
    def two_clouds(n: int, seed: int) -> tuple[Floats, list[int]]:
        """Logits of a classifier that is right on 97 %."""
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, n)
        x_NK = rng.standard_normal((n, 2))
        x_NK[np.arange(n), labels] += 2.6
        return (sharpness * 2.6 * x_NK).astype(np.float32), labels.tolist()

    fresh, truth = two_clouds(20_000, 999)
    before = log_loss(truth, softmax(fresh))
    after = [
        log_loss(truth, softmax(calibrate(*two_clouds(n, seed)).applied(fresh)))
        for seed in range(20)
    ]
    assert np.mean(after) < before + 0.01
    assert max(after) < before + 0.03
    if sharpness == 0.5:
        assert np.mean(after) < before - 0.015


def test_weights_of_classes_stay_as_they_are_and_do_not_disturb() -> None:
    logits, labels = answered(3000, 3, sharpness=2.0)
    weight_K = np.array([0.3, 1.0, 8.0])
    plain = calibrate(logits, labels)
    weighted = calibrate(logits + np.log(weight_K).astype(np.float32), labels, weight_K)
    assert weighted.loss_after == pytest.approx(plain.loss_after, abs=1e-4)
    expected = plain.applied(logits) + np.log(weight_K)
    raised = weighted.applied(logits + np.log(weight_K).astype(np.float32))
    np.testing.assert_allclose(raised, expected, atol=1e-3)
    natural = weighted.natural(softmax(raised))
    np.testing.assert_allclose(natural, softmax(plain.applied(logits)), atol=1e-3)
    np.testing.assert_array_equal(plain.natural(natural), natural)


def test_a_handful_of_pictures_calibrates_nothing() -> None:
    logits, labels = answered(6, 2, sharpness=5)
    calibration = calibrate(logits, labels)
    assert calibration.kind == "none"
    assert np.array_equal(calibration.applied(logits), logits)


def test_answers_that_are_all_right_leave_probabilities_below_one() -> None:
    logits = np.array([[4, 0], [0, 4]] * 40, np.float32)
    calibration = calibrate(logits, [0, 1] * 40)
    p = softmax(calibration.applied(logits))
    assert 0.98 < p.max() <= 1
    assert np.isfinite(calibration.loss_after)


def test_a_calibration_lies_in_the_last_layer() -> None:
    network = linear((16, 16, 3), 4)
    weights = initial(network, 3)
    calibration = calibrate(*answered(2000, 4, sharpness=3, shift=4))
    assert calibration.kind == "vector"
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
    logits = open_graph(onnx_graph(network, weights, probabilities=False))(images)
    answers = open_graph(onnx_graph(network, calibration.folded(weights)))(images)
    np.testing.assert_allclose(answers, softmax(calibration.applied(logits)), atol=1e-5)


@pytest.mark.parametrize("kind", ["temperature", "vector"])
def test_nothing_nearby_is_likelier(kind: str) -> None:
    logits, labels = answered(300, 3, sharpness=2.0, shift=1.0)
    scale_K, shift_K = map(np.array, _fit(kind, logits, np.array(labels))[1:3])

    def cost(scale_K: npt.NDArray[np.float64], shift_K: npt.NDArray[np.float64]) -> float:
        loss = log_loss(labels, softmax(logits * scale_K + shift_K), labels=[0, 1, 2])
        logarithms = np.log(scale_K)[: 1 if kind == "temperature" else 3]
        prior = (logarithms**2).sum() / (2 * PRIOR**2 * len(labels))
        return float(loss + prior + RIDGE * (shift_K**2).sum())

    least = cost(scale_K, shift_K)
    for step in (0.01, -0.01):
        assert cost(scale_K * np.exp(step), shift_K) > least
        if kind == "vector":
            for one_K in np.eye(3):
                assert cost(scale_K * np.exp(step * one_K), shift_K) > least
                assert cost(scale_K, shift_K + step * one_K) > least


def test_without_scipy_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtra, match=r"SciPy is not installed; .*'diptych\[report\]'"):
        calibrate(*answered(50, 2))
