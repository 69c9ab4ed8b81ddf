import numpy as np
import pytest
from scipy.stats import t

from diptych.metrics.intervals import StandardError, percent, share


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


def test_a_share_is_written_as_all_or_none_only_where_it_is() -> None:
    assert [percent(hits / 10_000) for hits in (0, 2, 9560, 9998, 10_000)] == [
        "0.0 %",
        "0.02 %",
        "95.6 %",
        "99.98 %",
        "100.0 %",
    ]
    assert str(share(9998, 10_000)).startswith("99.98 % (99.9–")


def test_a_count_a_rounding_below_a_whole_one_is_that_one() -> None:
    for hits in (1.0, 59.0):
        for off in (-1e-12, 1e-12):
            assert share(hits + off, 60) == pytest.approx(share(hits, 60), abs=1e-9)
