import numpy as np

from diptych.metrics.probabilities import log_softmax, softmax


def test_large_logits_do_not_overflow() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 999.0], [-1e5, -1e5]])).sum(1), 1)


def test_infinite_logits_are_no_numbers_and_no_warning() -> None:
    given = np.array([[np.inf, 1.0, 0.0], [1.0, 2.0, 0.0]], np.float32)
    answers = log_softmax(given)
    assert np.isnan(answers[0]).any()
    np.testing.assert_allclose(np.exp(answers[1]).sum(), 1, rtol=1e-6)
