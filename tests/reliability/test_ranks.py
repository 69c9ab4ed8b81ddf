from fractions import Fraction

import pytest

from diptych.reliability.ranks import conformal_rank, fewest


@pytest.mark.parametrize("percent", range(50, 100))
def test_a_rank_is_that_of_the_share_as_it_is_written(percent: int) -> None:
    for count in range(1, 300):
        exact = -(-(count + 1) * percent // 100)
        assert conformal_rank(count, percent / 100) == exact
    assert fewest(percent / 100) == -(-percent // (100 - percent))


def test_as_many_as_it_takes_are_enough_and_one_less_is_not() -> None:
    for share in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999):
        assert conformal_rank(fewest(share), share) == fewest(share)
        assert conformal_rank(fewest(share) - 1, share) == fewest(share)
    assert Fraction("0.9") != Fraction(0.9)
