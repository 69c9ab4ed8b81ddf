import numpy as np
import pytest

from answers import answered
from diptych.metrics import share
from diptych.reporting.mistakes import confused_pairs, most_wrong, worst

P = [[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.9, 0.06, 0.04], [0.5, 0.45, 0.05]]


def test_the_worst_answers_are_those_whose_label_was_least_likely() -> None:
    actual = worst(answered([0, 0, 1, 1], P), most=2)
    assert [answer.name for answer in actual] == ["2", "1"]
    assert actual[0][1:3] == ("dog", "cat")
    assert actual[0].loss == pytest.approx(-np.log(0.06))


def test_a_right_answer_may_be_worse_than_a_mistake() -> None:
    actual = worst(answered([0, 1], [[0.34, 0.33, 0.33], [0.46, 0.45, 0.09]]))
    assert [(answer.name, answer.answer == answer.label) for answer in actual] == [
        ("0", True),
        ("1", False),
    ]


def test_mistakes_come_by_their_confidence_and_right_answers_not_at_all() -> None:
    actual = most_wrong(answered([0, 0, 1, 1], P))
    assert [answer.name for answer in actual] == ["2", "1", "3"]
    assert actual[0].p_answer == pytest.approx(0.9)


def test_a_label_thought_impossible_has_a_finite_loss() -> None:
    assert 80 < worst(answered([1], [[1, 0]]))[0].loss < 100


def test_classes_that_are_taken_for_each_other_come_most_frequent_first() -> None:
    labels = [0] * 10 + [1] * 10 + [2] * 4
    taken = [0] * 7 + [1] * 3 + [1] * 10 + [2, 2, 0, 0]
    actual = confused_pairs(answered(labels, np.eye(3)[taken]))
    assert [pair[:3] for pair in actual] == [("cat", "dog", 3), ("fox", "cat", 2)]
    assert actual[0].share == share(3, 10)
    assert confused_pairs(answered(labels, np.eye(3)[labels])) == ()
