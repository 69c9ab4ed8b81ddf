from pathlib import Path

import numpy as np

from diptych.auditing.strangeness import strangeness
from materials import stored


def test_a_flock_of_strangers_is_farther_than_anything_usual(tmp_path: Path) -> None:
    """They are each other's nearest neighbours."""
    rng = np.random.default_rng(0)
    usual = 5 + rng.normal(0, 1, (300, 12))
    flock = 5 + 12 * np.eye(12)[:2].sum(0) + rng.normal(0, 0.1, (8, 12))
    strange_N = strangeness(stored(tmp_path, np.concatenate([usual, flock])))
    assert strange_N[300:].min() > strange_N[:300].max()
    assert abs(float(np.quantile(strange_N[:300], 0.95)) - 1) < 0.2
