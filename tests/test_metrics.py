import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from diptych.metrics import score, share


def drawn(n: int, accuracy: float, seed: int, classes: int = 3) -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    wrong = rng.random(n) >= accuracy
    answers = np.where(wrong, (labels + rng.integers(1, classes, n)) % classes, labels)
    return labels.tolist(), answers.tolist()


def names(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def test_values_are_those_of_scikit_learn() -> None:
    labels, answers = drawn(200, 0.8, 0)
    found = score(labels, answers, "abc", names(200))
    expected = precision_recall_fscore_support(labels, answers)
    assert found.accuracy.value == pytest.approx(accuracy_score(labels, answers))
    assert found.confusion == confusion_matrix(labels, answers).tolist()
    for k, label in enumerate("abc"):
        mine = found.per_class[label]
        assert [mine.precision.value, mine.recall.value, mine.f1.value] == pytest.approx(
            [float(values[k]) for values in expected[:3]]
        )
    assert found.macro_f1.value == pytest.approx(float(np.mean(expected[2])))


def test_a_share_has_the_interval_of_wilson() -> None:
    # 81 of 263: Newcombe 1998, table I, method 3.
    found = share(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert share(0, 0) == (0.0, 0.0, 1.0)


def test_intervals_hold_the_truth_about_as_often_as_they_promise() -> None:
    truth = 0.85
    hits = {"accuracy": 0, "macro_f1": 0}
    for seed in range(200):
        labels, answers = drawn(150, truth, seed, classes=2)
        found = score(labels, answers, "ab", names(150))
        for name in hits:
            low, high = getattr(found, name)[1:]
            hits[name] += low <= truth <= high
    assert 0.90 <= hits["accuracy"] / 200 <= 0.99
    assert 0.90 <= hits["macro_f1"] / 200 <= 0.995


def test_a_test_without_an_error_is_not_certain() -> None:
    labels = [0, 1] * 30
    found = score(labels, labels, "ab", names(60))
    assert found.accuracy.value == 1
    assert found.accuracy.low < 0.96
    assert found.macro_f1.low < 0.99
    assert found.per_class["a"].f1.low < 0.96


def test_copies_of_a_picture_do_not_make_a_test_more_certain() -> None:
    labels, answers = drawn(60, 0.8, 1, classes=2)
    alone = score(labels, answers, "ab", names(60)).accuracy
    copied = score(labels * 5, answers * 5, "ab", names(60) * 5).accuracy
    assert copied.high - copied.low > 0.9 * (alone.high - alone.low)


def test_a_class_that_is_never_answered_has_no_precision() -> None:
    found = score([0, 0, 1], [0, 0, 0], "ab", names(3))
    assert found.per_class["b"].precision == (0.0, 0.0, 1.0)
    assert found.per_class["b"].recall.value == 0


def test_a_class_without_pictures_has_no_part_in_the_averages() -> None:
    found = score([0, 1], [0, 1], "abc", names(2))
    assert found.macro_f1.value == 1
