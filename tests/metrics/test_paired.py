import sys

import numpy as np
import pytest

from diptych.errors import MissingExtra
from diptych.metrics.paired import Difference, difference, is_noise, mcnemar, mean_difference


def answers(only_first: int, only_second: int, both: int, neither: int = 0) -> list[np.ndarray]:
    first = [True] * only_first + [False] * only_second + [True] * both + [False] * neither
    second = [False] * only_first + [True] * only_second + [True] * both + [False] * neither
    return [np.array(first), np.array(second)]


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1), (5, 5, 1), (10, 2, 2 * (1 + 12 + 66) / 2**12), (12, 0, 2 / 2**12)],
)
def test_mcnemar_counts_the_coin_tosses_that_would_be_as_uneven(
    only_first: int, only_second: int, p: float
) -> None:
    test = mcnemar(*answers(only_first, only_second, both=50))
    assert (test.only_first, test.only_second) == (only_first, only_second)
    assert test.p == pytest.approx(p)


def test_thousands_of_disagreements_do_not_underflow() -> None:
    # By the normal distribution, with the correction for counts: z = 99 / √5100.
    assert mcnemar(*answers(2500, 2600, both=10)).p == pytest.approx(0.1657, abs=1e-3)


def test_without_scipy_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(MissingExtra, match=r"SciPy is not installed; .*'diptych\[report\]'"):
        mcnemar(*answers(3, 1, both=1))


def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_promises() -> None:
    rng = np.random.default_rng(3)
    held, tries, n = 0, 120, 150
    for _ in range(tries):
        hard = rng.random(n)
        # Each is right where a picture is easy enough; 85 % and 80 % of all are, in truth.
        first, second = hard < 0.85, (hard < 0.75) | (rng.random(n) < 0.2)
        gap = difference(first[None], second[None], [str(i) for i in range(n)])
        truth = 0.85 - (0.75 + 0.25 * 0.2)
        held += gap.low <= truth <= gap.high
    assert 0.9 <= held / tries <= 0.99


def test_two_that_answer_alike_may_differ_on_other_pictures() -> None:
    same = np.array([[True] * 30 + [False] * 5])
    gap = difference(same, same, [str(i) for i in range(35)])
    assert gap.value == 0
    assert gap.high == -gap.low == pytest.approx(0.0989, abs=1e-3)  # z² / (n + z²)


@pytest.mark.parametrize(("only_first", "both"), [(1, 0), (3, 3), (4, 6), (5, 25)])
def test_a_handful_of_pictures_proves_nothing(only_first: int, both: int) -> None:
    first, second = answers(only_first, 0, both)
    gap = difference(first[None], second[None], [str(i) for i in range(len(first))])
    assert gap.low < gap.value <= gap.high <= 1
    assert is_noise(gap, [mcnemar(first, second)])


def test_what_interval_and_test_both_say_is_no_noise() -> None:
    first, second = answers(12, 1, 60)
    gap = difference(first[None], second[None], [str(i) for i in range(73)])
    assert not is_noise(gap, [mcnemar(first, second)])


def test_copies_of_a_picture_make_no_difference_more_certain() -> None:
    first, second = (row[None] for row in answers(12, 4, both=60, neither=4))
    alone = difference(first, second, [str(i) for i in range(80)])
    copied = difference(first, second, [str(i // 4) for i in range(80)])
    assert copied.high - copied.low > alone.high - alone.low


def test_seeds_that_differ_widen_the_interval() -> None:
    steady = np.array([[True] * 80 + [False] * 20] * 3)
    shaky = np.array([[True] * n + [False] * (100 - n) for n in (60, 80, 100)])
    groups = [str(i) for i in range(100)]
    narrow, wide = difference(steady, steady, groups), difference(steady, shaky, groups)
    assert narrow.value == wide.value == 0
    assert wide.high - wide.low > 0.2 > narrow.high - narrow.low


def test_a_zero_has_no_sign_of_its_own() -> None:
    assert Difference(0.01, -0.0, 0.02).reach == "+0.00 to +2.00"
    assert Difference(0.01, -0.00001, 0.02).reach == "+0.00 to +2.00"


def test_the_interval_of_a_mean_difference_holds_the_true_one_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        # What both find hard is no difference; the pictures of a group are off alike.
        shared_N, group_N = rng.exponential(1, 60), np.repeat(rng.normal(0, 0.3, 20), 3)
        first_SN = shared_N + 0.1 + group_N + rng.normal(0, 0.1, (2, 60))
        second_SN = shared_N + rng.normal(0, 0.1, (2, 60))
        groups = [str(i // 3) for i in range(60)]
        gap = mean_difference(first_SN, second_SN, groups)
        held += gap.low <= 0.1 <= gap.high
    assert 0.92 <= held / 400 <= 0.98
