"""How often do the 95 % intervals of each score hold the truth, and prediction sets the answer?

1,000 simulated test sets for each size, number of classes and accuracy. Each class is a Gaussian
cloud; the probabilities are the true ones with logits 1.2 times too large, as of a network that is
a little too sure of itself. The truth is what a million pictures show. `bench_intervals.py 200`
simulates fewer sets.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from measuring import machine

from diptych.metrics import Score, Scores, score
from diptych.reliability.conformal import conformal_threshold, prediction_sets

SIZES, CLASSES, ACCURACIES = (60, 200, 1000), (2, 5), (0.95, 0.75)
SURER = 1.2
# How far apart the clouds are for an accuracy of 95 and of 75 %, by the number of classes.
DISTANCE = {(2, 0.95): 2.326, (2, 0.75): 0.954, (5, 0.95): 3.051, (5, 0.75): 1.845}


class Case(NamedTuple):
    """What is simulated."""

    classes: int
    accuracy: float
    n: int


def drawn(case: Case, seed: int) -> tuple[list[int], npt.NDArray[np.float32]]:
    """Labels and probabilities of a test set."""
    rng = np.random.default_rng((seed, case.n))
    labels_N = rng.integers(0, case.classes, case.n)
    distance = DISTANCE[case.classes, case.accuracy]
    x_NK = rng.standard_normal((case.n, case.classes))
    x_NK[np.arange(case.n), labels_N] += distance
    p_NK = np.exp(SURER * distance * (x_NK - x_NK.max(1, keepdims=True)))
    return labels_N.tolist(), (p_NK / p_NK.sum(1, keepdims=True)).astype(np.float32)


def scored(case: Case, seed: int) -> Scores:
    labels, p_NK = drawn(case, seed)
    names = [str(i) for i in range(case.n)]
    return score(labels, p_NK, [str(k) for k in range(case.classes)], names)


def each(scores: Scores) -> dict[str, Score]:
    """All scores by name; of the classes, alike as they are, the first one's."""
    every = {
        **scores._asdict(),
        **{f"top {k}": top for k, top in scores.top_k.items()},
        **{f"{name} of a class": one for name, one in scores.per_class["0"]._asdict().items()},
    }
    return {name: one for name, one in every.items() if isinstance(one, Score)}


def covered(case: Case, sets: int) -> dict[str, float]:
    """The share of the intervals of each score that hold the truth."""
    truth = each(scored(case._replace(n=1_000_000), 0))
    scores = [each(scored(case, seed)) for seed in range(1, sets + 1)]
    # A class has no ROC-AUC in a set that lacks it.
    values = {name: [one[name] for one in scores if name in one] for name in truth}
    shares = {
        name: float(np.mean([one.low <= true.value <= one.high for one in values[name]]))
        for name, true in truth.items()
    }
    return {**shares, "prediction sets": float(np.mean([held(case, s) for s in range(sets)]))}


def held(case: Case, seed: int) -> float:
    """The share of a test set's labels that lie in the prediction sets of 95 % coverage.

    Their threshold is from a validation set of the same size.
    """
    labels, p_NK = drawn(case, 1_000_000 + seed)
    least = conformal_threshold(p_NK, labels, 0.95)
    labels, p_NK = drawn(case, seed)
    return float(prediction_sets(p_NK, least)[np.arange(case.n), labels].mean())


def main() -> None:
    sets = int(sys.argv[1]) if sys.argv[1:] else 1000
    started = time.monotonic()
    cases = [Case(*values) for values in product(CLASSES, ACCURACIES, SIZES)]
    with ProcessPoolExecutor() as pool:
        scores = dict(zip(cases, pool.map(partial(covered, sets=sets), cases), strict=True))
    print(f"{'classes':28s}" + "".join(f"{case.classes:8d}" for case in cases))
    print(f"{'accuracy':28s}" + "".join(f"{case.accuracy:8.0%}" for case in cases))
    print(f"{'pictures':28s}" + "".join(f"{case.n:8,d}" for case in cases))
    for name in dict.fromkeys(name for shares in scores.values() for name in shares):
        cells = (f"{scores[case][name]:.1%}" if name in scores[case] else "" for case in cases)
        print(f"{name:28s}" + "".join(f"{cell:>8s}" for cell in cells))
    print(f"intervals that hold the truth, of {sets:,} sets; {time.monotonic() - started:.0f} s")
    print(machine())


if __name__ == "__main__":
    main()
