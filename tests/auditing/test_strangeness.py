from pathlib import Path

import numpy as np

from diptych.auditing.strangeness import FAR, strangeness
from materials import stored, usual_and_flock

WIDTH = 64


def test_a_flock_of_strangers_is_farther_than_anything_usual(tmp_path: Path) -> None:
    """They are each other's nearest neighbours."""
    rng = np.random.default_rng(0)
    usual = 5 + rng.normal(0, 1, (300, 12))
    flock = 5 + 12 * np.eye(12)[:2].sum(0) + rng.normal(0, 0.1, (8, 12))
    distance_N = strangeness(stored(tmp_path, np.concatenate([usual, flock]))).distance_N
    assert distance_N[300:].min() > distance_N[:300].max()
    assert abs(float(np.quantile(distance_N[:300], 0.95)) - 1) < 0.2


def test_those_of_a_flock_that_are_near_are_ranked_with_those_that_are_far(tmp_path: Path) -> None:
    found = strangeness(stored(tmp_path, usual_and_flock(400, WIDTH), WIDTH))
    assert found.distance_N[400:406].min() > FAR
    assert found.distance_N[406:].max() < found.distance_N[:400].max()
    assert found.score[406:].min() > found.score[:400].max()
    assert not found.strange[:400].any()


def test_a_stranger_that_came_alone_says_nothing_of_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    usual = 10 + rng.normal(0, 1, (400, WIDTH))
    alone = 10 + 2 * rng.normal(0, 1, (3, WIDTH))
    found = strangeness(stored(tmp_path, np.concatenate([usual, alone]), WIDTH))
    assert found.strange[400:].all()
    assert not found.kinship_N.any()
