import numpy as np
import pytest

from diptych.reviewing.diversity import spread_out
from diptych.reviewing.learning import Labelled, enough, learn
from diptych.reviewing.opinions import Opinion, by_teaching

RNG = np.random.default_rng(0)
# Two clouds of features, a hundred pictures each.
CLOUDS = np.concatenate([RNG.normal(at, 1.0, (100, 20)) for at in (-0.5, 0.5)]).astype(np.float32)


def labelled(per_class: int, tested: bool = True) -> list[Labelled]:
    rows = [*range(per_class), *range(100, 100 + per_class)]
    return [Labelled(str(row), row, "ab"[row // 100], tested) for row in rows]


def test_a_head_on_a_few_labels_knows_the_rest_and_says_how_good_it_is() -> None:
    lesson = learn(CLOUDS, labelled(20), {})
    right = (lesson.p_NK.argmax(1) == np.repeat([0, 1], 100)).mean()
    assert lesson.classes == ("a", "b")
    assert lesson.accuracy is not None
    assert lesson.accuracy.low <= right <= lesson.accuracy.high
    assert (lesson.pictures, lesson.tested) == (40, 40)


def test_labels_that_say_nothing_are_told_as_such() -> None:
    noise = RNG.normal(size=(200, 20)).astype(np.float32)
    lesson = learn(noise, labelled(30), {})
    assert lesson.accuracy is not None
    assert lesson.accuracy.low < 0.5 < lesson.accuracy.high


def test_copies_of_what_was_learned_do_not_flatter_it() -> None:
    noise = RNG.normal(size=(200, 20)).astype(np.float32)
    # Each picture five times over, under a label by chance.
    labels = RNG.permutation(["a", "b"] * 12)
    twice = np.repeat(noise[:24], 5, axis=0)
    some = [Labelled(str(i), i, labels[i // 5], True) for i in range(120)]
    alone = learn(twice, some, {}).accuracy
    together = learn(twice, some, {str(i): str(i // 5) for i in range(120)}).accuracy
    assert alone is not None
    assert together is not None
    assert alone.value > 0.85
    assert together.value < 0.75


def test_what_was_accepted_at_once_is_learned_from_and_not_tested_on() -> None:
    some = [*labelled(10), *(one._replace(tested=False) for one in labelled(40)[10:40])]
    lesson = learn(CLOUDS, some, {})
    assert (lesson.pictures, lesson.tested) == (len(some), 20)


def test_too_few_labels_are_enough_to_learn_and_not_to_test() -> None:
    assert learn(CLOUDS, labelled(3), {}).accuracy is None
    assert enough(["a"]) == "label pictures of two classes at least"
    assert enough(["a", "a", "b"]) == "label one more picture of b"
    assert not enough(["a", "a", "b", "b"])


def test_pictures_to_begin_with_are_of_all_kinds() -> None:
    kinds = np.repeat(np.eye(8, dtype=np.float32), [93, 1, 1, 1, 1, 1, 1, 1], axis=0)
    chosen = spread_out(kinds, np.array([0]), 7)
    assert {int(kinds[i].argmax()) for i in chosen} == set(range(1, 8))
    assert len(spread_out(kinds, np.array([0]), 1000)) == 99


@pytest.mark.parametrize("sketched", [True, False])
def test_what_would_teach_most_comes_first(sketched: bool) -> None:
    p = np.linspace(0.5, 1.0, 40)
    opinion = Opinion("b", ("x", "y"), np.arange(40), np.stack([p, 1 - p], 1).astype(np.float32))
    sketch = RNG.normal(size=(40, 3)).astype(np.float32) if sketched else None
    rows = {number: number for number in range(40)}
    order = by_teaching(opinion, sketch, rows, set(range(5, 40)))
    assert sorted(order) == list(range(5, 40))
    if sketched:
        assert np.mean(order[:10]) < np.mean(order[-10:])
    else:
        assert order == sorted(order)


def test_a_label_that_is_no_class_of_the_network_is_not_doubted() -> None:
    opinion = Opinion("b", ("x", "y"), np.arange(2), np.array([[0.1, 0.9]] * 2, np.float32))
    assert opinion.of_labels({0: "x", 1: "other"}).tolist() == pytest.approx([0.1, 1.0])
