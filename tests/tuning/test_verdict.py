"""Better, or luck: of judgements that are drawn here."""

import json

import numpy as np

from diptych.tuning.judgement import Judgement
from diptych.tuning.verdict import SEEDS, Verdict, unseen_seeds, verdict

N = 400
GROUPS = [str(i) for i in range(N)]


def judgements(better_by: float, noise: float = 0.05, right: int = N - 20) -> list[Judgement]:
    rng = np.random.default_rng(round(1000 * better_by) % 2**32)
    return [
        Judgement(0.2 - better_by + rng.normal(0, noise, N), np.arange(N) < right)
        for _ in range(SEEDS)
    ]


def judged(winner: list[Judgement], groups: list[str] = GROUPS) -> Verdict:
    return verdict(7, (1, 2), winner, judgements(0.0), groups)


def test_a_lower_log_loss_beyond_noise_is_better() -> None:
    result = judged(judgements(0.02))
    assert result.is_better
    assert str(result).startswith("Trial 7 is better than the default, in folds of 2 seeds that")
    assert "log loss 0.1" in str(result) and "−0.02" in str(result)


def test_what_may_be_luck_is_not_better() -> None:
    result = judged(judgements(0.0005, noise=0.2))
    assert result.log_loss_difference.low < 0 < result.log_loss_difference.high
    assert not result.is_better
    assert "no better that noise can tell than the default" in str(result)


def test_a_winner_that_is_right_less_often_beyond_noise_is_not_better() -> None:
    assert not judged(judgements(0.02, right=N - 80)).is_better


def test_what_is_better_with_one_seed_alone_is_not_better() -> None:
    good, bad = judgements(0.08)[0], judgements(-0.005)[1]
    result = judged([good, bad])
    assert result.log_loss_difference.high < 0
    assert not result.is_better


def test_pictures_of_a_group_count_as_one() -> None:
    one_each = judged(judgements(0.02)).log_loss_difference
    twice = [Judgement(np.repeat(j.loss_N, 2), np.repeat(j.right_N, 2)) for j in judgements(0.02)]
    other = [Judgement(np.repeat(j.loss_N, 2), np.repeat(j.right_N, 2)) for j in judgements(0.0)]
    doubled = verdict(7, (1, 2), twice, other, [str(i // 2) for i in range(2 * N)])
    np.testing.assert_allclose(doubled.log_loss_difference, one_each)


def test_a_verdict_outlives_its_process() -> None:
    result = judged(judgements(0.02))
    assert Verdict.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_seeds_of_a_verdict_are_others_than_those_of_the_search_and_of_an_earlier_verdict() -> None:
    drawn = {unseen_seeds(seed, trials) for seed in (0, 1) for trials in (20, 40)}
    assert len({seed for seeds in drawn for seed in seeds}) == 8
    assert unseen_seeds(0, 20) == unseen_seeds(0, 20)
