from pathlib import Path

import numpy as np
import pytest

from diptych.comparing.bundles import compare_bundles
from diptych.data.dataset import Dataset, Sample
from diptych.errors import InputError
from diptych.metrics.predictions import Predictions


def answered(answers: list[int], names: list[str] | None = None) -> Predictions:
    """Answers for pictures of class a, by position: 0 is right, 1 is wrong."""
    names = names or [f"{i}.png" for i in range(len(answers))]
    samples = tuple(Sample(name, "a", Path(name), group=name) for name in names)
    p_NK = np.array([[0.9, 0.1] if answer == 0 else [0.2, 0.8] for answer in answers], np.float32)
    return Predictions(Dataset(Path("photos"), ("a", "b"), samples), p_NK)


def test_a_difference_beyond_noise_is_called_better() -> None:
    comparison = compare_bundles(
        ("good", "bad"), answered([0] * 95 + [1] * 5), answered([0] * 60 + [1] * 40)
    )
    assert comparison.verdict().startswith("good is better than bad by 35.0 points on 100 pictures")
    assert comparison.test.p < 0.001
    assert sum(1 for _ in comparison.disagreements()) == 35
    assert comparison.to_csv().splitlines()[:2] == ["path,label,good,bad", "60.png,a,a,b"]


def test_the_interval_is_that_of_the_better_one() -> None:
    good, bad = answered([0] * 95 + [1] * 5), answered([0] * 60 + [1] * 40)
    said = compare_bundles(("good", "bad"), good, bad).verdict()
    turned = compare_bundles(("bad", "good"), bad, good).verdict()
    assert turned.startswith("good is better than bad by 35.0 points on 100 pictures")
    assert "difference +" in said
    assert "difference +" in turned


def test_a_difference_within_noise_is_called_that() -> None:
    one, two = answered([0] * 95 + [1] * 5), answered([1] * 4 + [0] * 92 + [1] * 4)
    assert "within noise" in compare_bundles(("one", "two"), one, two).verdict()


def test_only_pictures_that_both_answered_count() -> None:
    one = answered([0, 0, 1], ["x", "y", "z"])
    two = answered([1, 0], ["z", "x"][::-1])
    comparison = compare_bundles(("one", "two"), one, two)
    assert [sample.name for sample in comparison.first.dataset.samples] == ["x", "z"]
    assert [picture.path for picture in comparison.disagreements()] == ["x", "z"]
    with pytest.raises(InputError, match="no picture is new to both one and two"):
        compare_bundles(("one", "two"), one, answered([0], ["other"]))


def test_bundles_of_other_classes_cannot_be_compared() -> None:
    one = answered([0])
    other = one._replace(dataset=Dataset(Path("photos"), ("a", "c"), one.dataset.samples))
    with pytest.raises(InputError, match="one and two differ: only one has b, c"):
        compare_bundles(("one", "two"), one, other)


def test_pictures_are_compared_with_themselves_whatever_their_order() -> None:
    one = answered([0, 0, 1, 1], ["w", "x", "y", "z"])
    two = answered([1, 1, 0, 0], ["z", "y", "x", "w"])
    comparison = compare_bundles(("one", "two"), one, two)
    assert list(comparison.disagreements()) == []
    assert (comparison.test.only_first, comparison.test.only_second) == (0, 0)


def test_a_picture_has_one_label() -> None:
    one = answered([0, 0], ["x", "y"])
    samples = [one.dataset.samples[0], one.dataset.samples[1]._replace(label="b")]
    other = one._replace(dataset=one.dataset.with_samples(samples))
    with pytest.raises(InputError, match="y is a to one and b to two; ask both about the same"):
        compare_bundles(("one", "two"), one, other)
