import numpy as np
import pytest

from diptych.metrics import share
from diptych.reporting.learning_curve import LearningCurve, learning_curve


def test_a_learning_curve_climbs_where_pictures_help_and_says_so() -> None:
    rng = np.random.default_rng(0)
    way = rng.normal(0, 1, 60)

    def drawn(n: int) -> tuple[np.ndarray, list[int]]:
        x_ND = rng.normal(0, 1, (n, 60)).astype(np.float32)
        return x_ND, (x_ND @ way > 0).astype(int).tolist()

    actual = learning_curve(*drawn(400), *drawn(1000))
    values = [score.value for score in actual.scores]
    assert values[-1] > values[0] + 0.1
    assert actual.with_twice > values[-1]
    assert str(actual).startswith("Twice as many pictures would likely help (from ")


def test_no_more_is_promised_where_more_did_not_help() -> None:
    flat = LearningCurve((100, 200, 400), (share(95, 100),) * 3)
    assert flat.with_twice == pytest.approx(0.95)
    assert str(flat).startswith("Twice as many pictures would hardly help")
