import numpy as np
import pytest

from diptych.exporting.quantization.fidelity import Fidelity, Outputs, compare, drop


def test_the_interval_holds_the_true_drop_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    groups = [str(i) for i in range(180)]
    for lost, won in ((0.01, 0.005), (0.03, 0.03), (0.1, 0.02)):
        held = 0
        for _ in range(300):
            chance_N = rng.random(180)
            before_N, after_N = chance_N >= won, (chance_N >= lost + won) | (chance_N < won)
            measured = drop(before_N, after_N, groups)
            assert measured.low <= measured.value <= measured.high
            held += measured.low <= lost - won <= measured.high
        assert held > 0.92 * 300


def test_no_change_is_no_proof_of_none_and_near_duplicates_count_once() -> None:
    same_N = np.ones(180, bool)
    # What Wilson's interval says of 0 in 180.
    measured = drop(same_N, same_N, [str(i) for i in range(180)])
    assert measured == pytest.approx((0, -0.0209, 0.0209), abs=1e-3)
    assert drop(same_N, same_N, [str(i // 4) for i in range(180)]).high > 3 * measured.high


def right(pictures: int) -> Outputs:
    p_NK = np.tile(np.array([[0.9, 0.1]], np.float32), (pictures, 1))
    return Outputs(p_NK, np.zeros(pictures, np.float32))


def fidelity(lost: int, won: int = 0, strange: int = 0, pictures: int = 180) -> Fidelity:
    """A file that gets some of the pictures wrong that the float file gets right, and so on."""
    targets_N = np.zeros(pictures, np.intp)
    before, after = (right(pictures) for _ in range(2))
    after.p_NK[:lost] = [0.2, 0.8]
    before.p_NK[lost : lost + won] = [0.2, 0.8]
    after.ood_score_N[:strange] = 2
    return compare(before, after, targets_N, [str(i) for i in range(pictures)])


def test_a_single_picture_may_be_lost_but_not_two_of_180() -> None:
    assert fidelity(1).refusal(0.5) is None
    assert fidelity(4, won=3).refusal(0.5) is None
    refusal = fidelity(2).refusal(0.5)
    assert refusal == "accuracy drops by 1.1 points (−1.0 to 4.0), and 0.5 are allowed"
    assert fidelity(2).refusal(1.2) is None
    assert fidelity(1).refusal(0) is not None
    assert fidelity(0).refusal(0) is None
    assert fidelity(5, pictures=1000).refusal(0.5) is None
    assert fidelity(6, pictures=1000).refusal(0.5) is not None


def test_known_pictures_that_become_outliers_are_a_reason_to_refuse() -> None:
    assert fidelity(0, strange=2).refusal(0.5) is None
    refusal = fidelity(0, strange=20).refusal(0.5)
    assert refusal is not None
    assert refusal.startswith("known pictures are taken for outliers more often by 11.1 points (")


def test_an_answer_that_is_no_number_is_wrong() -> None:
    nothing = right(4)._replace(p_NK=np.full((4, 2), np.nan, np.float32))
    targets_N = np.zeros(4, np.intp)
    assert compare(right(4), right(4), targets_N, list("abcd")).accuracy == 1
    result = compare(right(4), nothing, targets_N, list("abcd"))
    assert (result.accuracy, result.agreement) == (0, 0)
    assert result.refusal(50) is not None
