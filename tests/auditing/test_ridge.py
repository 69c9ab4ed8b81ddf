from pathlib import Path

import numpy as np

from diptych.auditing.ridge import LEAST_SPREAD, PENALTY, leave_one_out_scores, rooted
from materials import stored


def test_each_picture_is_judged_as_by_what_learned_from_all_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels_N = np.arange(24) % 3
    features_ND = rng.normal(0, 1, (24, 6)) + labels_N[:, None]
    features = stored(tmp_path, features_ND)
    scores_NK = leave_one_out_scores(features, labels_N, 3)

    x_ND = rooted(features[:])
    x_ND = (x_ND - x_ND.mean(0)) / ((x_ND.std(0) + LEAST_SPREAD) * np.sqrt(6))
    # The mean is learned too, as a weight that is not held back.
    x_ND = np.concatenate([x_ND, np.ones((24, 1))], axis=1)
    penalty = PENALTY * 24 * np.diag([1.0] * 6 + [0.0])
    target_NK = 2 * np.eye(3)[labels_N] - 1
    for i in range(24):
        others = np.arange(24) != i
        gram = x_ND[others].T @ x_ND[others] + penalty
        weights = np.linalg.solve(gram, x_ND[others].T @ target_NK[others])
        np.testing.assert_allclose(scores_NK[i], x_ND[i] @ weights, atol=1e-4)
