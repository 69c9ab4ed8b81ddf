import numpy as np
import pytest
from scipy.stats import t

from diptych.metrics.intervals import StandardError, share


def test_a_share_has_the_interval_of_wilson() -> None:
    # 81 of 263: Newcombe 1998, table I, method 3.
    score = share(81, 263)
    assert (round(score.low, 4), round(score.high, 4)) == (0.2553, 0.3662)
    # One miss in 60, where the truth may be nearer to 1 than Wilson's 99.7 %.
    assert round(share(59, 60).high, 5) == round(1 - 0.0513 / 60, 5)
    assert share(0, 0) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("freedom", "off"), [(2.0, 0.031), (3.0, 0.0075), (5.0, 0.0012), (10.0, 1e-4)]
)
def test_students_t_is_as_near_the_exact_one_as_it_says(freedom: float, off: float) -> None:
    for more in np.geomspace(1, 1e6, 50):
        exact = t.ppf(0.975, freedom * more)
        assert StandardError(1.0, freedom * more, 5).t == pytest.approx(exact, rel=off)
