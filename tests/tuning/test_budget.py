"""What fits into a budget of time, at a pace that is given."""

import pytest

from diptych.errors import InputError
from diptych.recipe import Recipe
from diptych.tuning.budget import FIXED, Pace, affordable, duration, expected_seconds
from diptych.tuning.presets import NETWORKS, preset

QUICK = preset("quick", Recipe())
PACE = Pace(0.001, {name: 0.01 * (1 + name.count("+")) for name in NETWORKS})


def test_what_is_costliest_is_left_out_first() -> None:
    best = preset("best", Recipe())
    every = expected_seconds(best, PACE, 1000)
    assert affordable(best, QUICK, PACE, 1000, every) == best
    fewer = affordable(best, QUICK, PACE, 1000, every - 1)
    assert {*best.networks} - {*fewer.networks} == {best.networks[1]}


def test_a_time_that_is_too_short_is_refused_with_the_least_that_suffices() -> None:
    best = preset("best", Recipe())
    with pytest.raises(InputError, match="at the pace of this machine it takes 39s or more"):
        affordable(best, QUICK, PACE, 1000, FIXED)
    assert affordable(best, QUICK, PACE, 1000, 39).networks == QUICK.networks


def test_in_a_hurry_the_default_stands_in_for_two_backbones() -> None:
    good = preset("good", Recipe())
    assert affordable(good, QUICK, PACE, 1000, 45) == QUICK
    assert affordable(good, QUICK, PACE, 1000, 90) == good


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1s"), (59.5, "1m00s"), (200, "3m20s"), (3900, "1h05m")]
)
def test_times_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
