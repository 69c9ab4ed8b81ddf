"""Sets of answers that hold the right one as often as was promised.

Split conformal prediction: how probable the right answer was on the validation pictures tells how
improbable an answer may be and still belong to the set (Sadinle, Lei & Wasserman, "Least Ambiguous
Set-Valued Classifiers with Bounded Error Levels", JASA 114, 2019). The promise holds on average
over new pictures like those. The likeliest answer is always in the set, so of a classifier that is
right more often than was asked, sets hold the right answer as often as it is right.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from diptych.metrics.probabilities import Probabilities
from diptych.reliability.ranks import conformal_rank


def conformal_threshold(p_NK: Probabilities, labels: Sequence[int], coverage: float) -> float:
    """The least probability of an answer in a set, from the validation pictures (N, K)."""
    right_N = np.sort(p_NK[np.arange(len(labels)), np.asarray(labels, np.intp)])
    # One more picture than there are, for the new one: so the promise holds for small N too.
    missed = len(right_N) + 1 - conformal_rank(len(right_N), coverage)
    return float(right_N[missed - 1]) if missed else 0.0


def prediction_sets(p_NK: Probabilities, threshold: float) -> npt.NDArray[np.bool_]:
    """Which answers are in each picture's set, (N, K)."""
    best_NK = p_NK == p_NK.max(1, keepdims=True)
    return np.asarray((p_NK >= threshold) | best_NK)
