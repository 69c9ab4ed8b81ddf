import numpy as np
import pytest

from answers import answered
from diptych.metrics.predictions import Predictions
from diptych.reporting.label_issues import suspicious_labels


def calibrated(n: int, k: int, noise: float, seed: int) -> tuple[Predictions, set[str]]:
    """Probabilities that are true of the right labels; the names of those with a wrong one."""
    rng = np.random.default_rng(seed)
    logits_NK = 6 * rng.standard_normal((n, k))
    # The largest of logits with Gumbel noise is a draw from their softmax.
    true_N = (logits_NK + rng.gumbel(size=(n, k))).argmax(1)
    p_NK = np.exp(logits_NK - logits_NK.max(1, keepdims=True))
    wrong_N = rng.random(n) < noise
    labels_N = np.where(wrong_N, (true_N + rng.integers(1, k, n)) % k, true_N)
    predictions = answered(labels_N.tolist(), p_NK / p_NK.sum(1, keepdims=True))
    return predictions, {str(i) for i in np.flatnonzero(wrong_N)}


@pytest.mark.parametrize(("k", "precision", "recall"), [(2, 0.9, 0.74), (4, 0.9, 0.74)])
def test_wrong_labels_are_found(k: int, precision: float, recall: float) -> None:
    # Of 2 classes 94 % are answered rightly, of 4 89 %: a picture that the classifier mistakes
    # cannot be told from one with a wrong label.
    hits = found_in_all = planted = 0
    for seed in range(20):
        predictions, wrong = calibrated(300, k, 0.1, seed)
        actual = {suspicion.name for suspicion in suspicious_labels(predictions)}
        hits, found_in_all = hits + len(actual & wrong), found_in_all + len(actual)
        planted += len(wrong)
    assert hits / found_in_all >= precision
    assert hits / planted >= recall


@pytest.mark.parametrize("k", [2, 4])
def test_where_every_label_is_right_mistakes_are_the_classifiers(k: int) -> None:
    actual = [len(suspicious_labels(calibrated(300, k, 0.0, seed)[0])) for seed in range(20)]
    assert np.mean(actual) <= 0.5  # of 18 and 33 mistakes
    assert max(actual) <= 2


def test_the_most_suspicious_labels_are_nearly_all_wrong() -> None:
    right = []
    for seed in range(20):
        predictions, wrong = calibrated(300, 4, 0.1, seed)
        actual = suspicious_labels(predictions)
        assert [s.chance for s in actual] == sorted((s.chance for s in actual), reverse=True)
        right += [suspicion.name in wrong for suspicion in actual[:10]]
    assert np.mean(right) >= 0.95


def test_a_suspicion_says_what_the_label_should_likely_be_and_why() -> None:
    p_NK = [[0.9, 0.1]] * 5 + [[0.2, 0.8]] * 5 + [[0.99, 0.01]]
    (actual,) = suspicious_labels(answered([0] * 5 + [1] * 6, p_NK))
    assert actual[:3] == ("10", "dog", "cat")
    assert 0.5 < actual.chance < 1
    assert actual.why == "taken for cat with 99.0 %, for dog with 1.0 %"


def test_an_unsure_mistake_is_no_wrong_label() -> None:
    p_NK = [[0.9, 0.1]] * 5 + [[0.2, 0.8]] * 5 + [[0.9, 0.1]]
    assert suspicious_labels(answered([0] * 5 + [1] * 6, p_NK)) == ()


def test_a_class_without_pictures_is_never_the_likely_one() -> None:
    p_NK = [[0.6, 0.1, 0.3]] * 4 + [[0.1, 0.1, 0.8]]
    assert suspicious_labels(answered([0] * 5, p_NK)) == ()
