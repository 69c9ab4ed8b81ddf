import json
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as sklearn

from diptych.metrics import Score, Scores, score, share
from diptych.reliability.diagram import expected_calibration_error


class Labelled(NamedTuple):
    """A test set: labels, and probabilities that are about right."""

    labels: list[int]
    p_NK: npt.NDArray[np.float64]

    @property
    def answers(self) -> list[int]:
        return [int(k) for k in self.p_NK.argmax(1)]

    def scored(self, groups: list[str] | None = None) -> Scores:
        return score(self.labels, self.p_NK, self.classes, groups or names(len(self.labels)))

    @property
    def classes(self) -> str:
        return "abcdefgh"[: self.p_NK.shape[1]]


def sampled(n: int, seed: int, classes: int = 3, apart: float = 1.5, sure: float = 1.2) -> Labelled:
    rng = np.random.default_rng(seed)
    labels_N = rng.integers(0, classes, n)
    x_NK = rng.standard_normal((n, classes))
    x_NK[np.arange(n), labels_N] += apart
    p_NK = np.exp(sure * apart * (x_NK - x_NK.max(1, keepdims=True)))
    return Labelled(labels_N.tolist(), p_NK / p_NK.sum(1, keepdims=True))


def answering(labels: list[int], answers: list[int], classes: int) -> Labelled:
    """Answers given with 80 %."""
    p_NK = np.full((len(labels), classes), 0.2 / (classes - 1))
    p_NK[np.arange(len(labels)), answers] = 0.8
    return Labelled(labels, p_NK)


def names(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def every(scores: Scores) -> dict[str, Score]:
    """All scores, those of the classes too, by name."""
    plain = scores._asdict() | {f"top {k}": one for k, one in scores.top_k.items()}
    for label, of_class in scores.per_class.items():
        plain |= {f"{name} of {label}": one for name, one in of_class._asdict().items()}
    return {name: one for name, one in plain.items() if isinstance(one, Score)}


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_values_are_those_of_scikit_learn(classes: int) -> None:
    labels, p_NK = test = sampled(200, 0, classes)
    scores, answers = test.scored(), test.answers
    is_NK = np.eye(classes)[labels]

    assert scores.confusion == sklearn.confusion_matrix(labels, answers).tolist()
    expected: dict[str, Any] = {
        "accuracy": sklearn.accuracy_score(labels, answers),
        "balanced_accuracy": sklearn.balanced_accuracy_score(labels, answers),
        "log_loss": sklearn.log_loss(labels, p_NK),
        "brier": ((p_NK - is_NK) ** 2).sum(1).mean(),
        "average_precision": sklearn.average_precision_score(is_NK, p_NK, average="macro"),
        "roc_auc": sklearn.roc_auc_score(labels, p_NK[:, 1])
        if classes == 2
        else sklearn.roc_auc_score(labels, p_NK, multi_class="ovr"),
    }
    for average in ("macro", "weighted"):
        both = sklearn.precision_recall_fscore_support(labels, answers, average=average)
        for name, value in zip(("precision", "recall", "f1"), both[:3], strict=True):
            expected[f"{average}_{name}"] = value
    for name, value in expected.items():
        assert getattr(scores, name).value == pytest.approx(float(value), abs=1e-9), name

    assert list(scores.top_k) == [k for k in (2, 3, 5) if k < classes]
    for k, top in scores.top_k.items():
        assert top.value == pytest.approx(sklearn.top_k_accuracy_score(labels, p_NK, k=k))
    by_class = sklearn.precision_recall_fscore_support(labels, answers)
    for k, mine in enumerate(scores.per_class.values()):
        area, precision = mine.roc_auc, mine.average_precision
        assert area is not None
        assert precision is not None
        one = [mine.precision, mine.recall, mine.f1, area, precision]
        assert [each.value for each in one] == pytest.approx(
            [
                *(float(values[k]) for values in by_class[:3]),
                sklearn.roc_auc_score(is_NK[:, k], p_NK[:, k]),
                sklearn.average_precision_score(is_NK[:, k], p_NK[:, k]),
            ],
            abs=1e-9,
        )


def test_of_pictures_that_rank_alike_half_are_taken_to_be_in_order() -> None:
    labels, p_NK = sampled(300, 3)
    rough_NK = p_NK.round(1) + 1e-3
    rough_NK /= rough_NK.sum(1, keepdims=True)
    rough_NK = rough_NK.round(4)
    scores = Labelled(labels, rough_NK).scored()
    for k, one in enumerate(scores.per_class.values()):
        is_N = np.array(labels) == k
        assert one.roc_auc is not None
        assert one.average_precision is not None
        assert one.roc_auc.value == pytest.approx(sklearn.roc_auc_score(is_N, rough_NK[:, k]))
        assert one.average_precision.value == pytest.approx(
            sklearn.average_precision_score(is_N, rough_NK[:, k])
        )


def test_the_interval_of_an_area_is_that_of_delong() -> None:
    labels, p_NK = test = sampled(150, 5, classes=2, apart=1)
    inside_M, outside_L = (p_NK[np.array(labels) == k, 1] for k in (1, 0))
    before_ML = (inside_M[:, None] > outside_L) + 0.5 * (inside_M[:, None] == outside_L)
    variance = before_ML.mean(1).var() / len(inside_M) + before_ML.mean(0).var() / len(outside_L)
    area = test.scored().roc_auc
    assert area is not None
    reach = 1.96 * np.sqrt(variance * 150 / 149) / (area.value * (1 - area.value))
    logit = np.log(area.value / (1 - area.value)) + reach
    assert area.high == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


def test_accuracy_is_a_share() -> None:
    for n in range(1, 60):
        labels = [0] * n + [1] * (60 - n)
        assert answering(labels, [0] * 60, 2).scored().accuracy == share(n, 60)


@pytest.mark.parametrize("apart", [2.326, 0.954])
def test_intervals_hold_the_truth_about_as_often_as_they_promise(apart: float) -> None:
    # 200 sets show 95 % as 90 % or less one time in 500; `bench_intervals.py` draws more of them.
    truth = every(sampled(200_000, 0, 2, apart).scored())
    sets = [every(sampled(120, seed, 2, apart).scored()) for seed in range(1, 201)]
    for name, (true, _, _) in truth.items():
        held = np.mean([one[name].low <= true <= one[name].high for one in sets])
        assert 0.90 <= held <= 0.995, name


@pytest.mark.parametrize("classes", [2, 5])
def test_an_interval_holds_its_value(classes: int) -> None:
    for n, seed in ((2, 1), (3, 2), (10, 3), (60, 4), (1000, 5)):
        for name, (value, low, high) in every(sampled(n, seed, classes).scored()).items():
            assert low <= value <= high, (n, name)


def test_a_test_without_an_error_is_not_certain() -> None:
    labels = [0, 1, 2] * 20
    scores = answering(labels, labels, 3).scored()
    for name, one in every(scores).items():
        if name not in ("log_loss", "brier", "calibration_error"):
            assert one.value == pytest.approx(1), name
            assert one.low < 0.98, name
    assert scores.macro_f1.low < 0.96
    sure = Labelled(labels, np.eye(3)[labels]).scored()
    assert sure.brier.value == sure.calibration_error.value == 0
    assert min(sure.log_loss.high, sure.brier.high, sure.calibration_error.high) > 0.05


def test_a_rare_class_without_an_error_makes_its_averages_uncertain() -> None:
    labels = [0] * 97 + [1] * 3
    answers = [1] * 2 + [0] * 95 + [1] * 3
    scores = answering(labels, answers, 2).scored()
    assert scores.per_class["b"].recall.value == 1
    assert scores.balanced_accuracy.low < 0.75


def test_copies_of_a_picture_do_not_make_a_test_more_certain() -> None:
    labels, p_NK = alone = sampled(60, 1, classes=2, apart=1)
    once = every(alone.scored())
    copied = every(Labelled(labels * 5, np.tile(p_NK, (5, 1))).scored(names(60) * 5))
    for name, (value, low, high) in once.items():
        assert copied[name].value == pytest.approx(value, abs=0.02), name
        assert copied[name].high - copied[name].low > 0.9 * (high - low), name


def test_the_same_answers_have_the_same_interval() -> None:
    test = sampled(150, 7, 5)
    assert test.scored() == test.scored()


def test_a_class_that_is_never_answered_has_no_precision() -> None:
    scores = answering([0, 0, 1], [0, 0, 0], 2).scored()
    assert scores.per_class["b"].precision == (0.0, 0.0, 1.0)
    assert scores.per_class["b"].recall.value == 0


def test_a_class_without_pictures_has_no_part_in_the_averages() -> None:
    two = sampled(80, 9, classes=2)
    scores = Labelled(two.labels, np.c_[two.p_NK, np.zeros(80)]).scored()
    without = two.scored()
    assert scores.macro_f1 == without.macro_f1
    assert scores.weighted_precision == without.weighted_precision
    assert scores.average_precision == without.average_precision
    assert scores.per_class["c"].roc_auc is None
    assert scores.per_class["c"].average_precision is None
    # Of three classes the macro average, which for two is that of either.
    assert scores.roc_auc is not None
    assert without.roc_auc is not None
    assert scores.roc_auc.value == pytest.approx(without.roc_auc.value)


def test_one_class_alone_cannot_be_ranked_but_is_scored() -> None:
    scores = answering([1] * 20, [1] * 18 + [0] * 2, 3).scored()
    assert scores.roc_auc is None
    assert scores.average_precision is None
    assert scores.accuracy.value == scores.balanced_accuracy.value == 0.9
    assert scores.per_class["b"].roc_auc is None
    assert scores.to_json()["roc_auc"] is None


def test_of_one_picture_next_to_nothing_is_known() -> None:
    scores = answering([0], [0], 2).scored()
    assert scores.accuracy.low < 0.3
    assert scores.log_loss.high > 10
    assert scores.brier.high > 1


def test_an_impossible_answer_costs_36_nats() -> None:
    scores = Labelled([0, 1], np.array([[0.0, 1.0], [0.5, 0.5]])).scored()
    assert scores.log_loss.value == pytest.approx((36.04 + np.log(2)) / 2, abs=1e-2)


def test_the_calibration_error_is_without_what_chance_adds() -> None:
    def averages(n: int, sets: int) -> tuple[float, float]:
        tests = [sampled(n, seed, classes=2, apart=1) for seed in range(sets)]
        debiased = [test.scored().calibration_error.value for test in tests]
        raw = [expected_calibration_error(t.p_NK.astype(np.float32), t.labels) for t in tests]
        return float(np.mean(raw)), float(np.mean(debiased))

    (true, of_many), (raw, debiased) = averages(100_000, 1), averages(100, 60)
    assert of_many == pytest.approx(true, abs=0.002)  # of many pictures chance adds nothing
    assert debiased == pytest.approx(true, abs=0.015)
    assert raw > 2 * true


def test_calibration_that_chance_explains_may_be_perfect() -> None:
    perfect = sampled(150, 2, classes=2, apart=1, sure=1).scored().calibration_error
    assert perfect.low == 0 < perfect.high
    overconfident = sampled(2000, 2, classes=2, apart=1, sure=4).scored().calibration_error
    assert overconfident.low > 0.05


def test_scores_are_plain_data() -> None:
    scores = sampled(90, 4, classes=4).scored()
    plain = scores.to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["weighted_f1"] == scores.weighted_f1._asdict()
    assert plain["balanced_accuracy"] == plain["macro_recall"]
    assert plain["weighted_recall"] == plain["accuracy"]
    assert set(plain["top_k"]) == {"2", "3"}
    assert set(plain["per_class"]["a"]) == {
        *("n", "precision", "recall", "f1", "roc_auc", "average_precision")
    }
    for name in ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error"):
        assert set(plain[name]) == {"value", "low", "high"}


def test_a_loss_is_no_percentage() -> None:
    scores = sampled(90, 4).scored()
    assert "%" in str(scores.accuracy)
    assert "%" not in str(scores.log_loss)


def test_scores_need_no_scipy() -> None:
    code = (
        "import sys, numpy as np; sys.modules['scipy'] = None; from diptych.metrics import score; "
        "print(score([0, 1, 0], np.eye(2)[[0, 1, 1]], 'ab', 'xyz').accuracy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("66.7 %")
