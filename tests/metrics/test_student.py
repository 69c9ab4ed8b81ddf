import pytest

from diptych.metrics.student import student_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 17])
@pytest.mark.parametrize("share", [0.8, 0.9, 0.95])
def test_quantiles_are_those_of_scipy(share: float, freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.t.ppf(share, freedom)
    assert student_quantile(share, freedom) == pytest.approx(expected, rel=0.004)
