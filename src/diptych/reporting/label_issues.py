"""Labels that are likely wrong.

Axes: N pictures, K classes.
"""

from typing import NamedTuple

import numpy as np

from diptych.metrics import percent
from diptych.metrics.predictions import Predictions

# The share of wrong labels in most data sets, and as how many pictures that belief counts.
WRONG, BELIEVED = 0.02, 50


class Suspicion(NamedTuple):
    """A label that is more likely wrong than the answer is."""

    name: str
    label: str
    likely: str  # the label it likely should have
    chance: float  # that the label is wrong
    why: str


def suspicious_labels(predictions: Predictions) -> tuple[Suspicion, ...]:
    """Labels that are more likely wrong than the classifier is, the most suspicious first.

    A label is either right, as likely as its probability says, or wrong and any other class's. The
    share of wrong ones is found by expectation and maximisation (Dempster, Laird & Rubin 1977),
    with a prior of 2 % that counts as 50 pictures. A mistake that a classifier makes now and then
    at such a confidence is no suspicion. The probabilities must be calibrated, and come from a
    classifier that was not trained on these pictures.
    """
    dataset, p_NK, _ = predictions
    labels_N, likely_N = np.array(dataset.targets(), np.intp), p_NK.argmax(1)
    right_N = p_NK[np.arange(len(dataset)), labels_N].astype(np.float64)
    wrong_N = (1 - right_N) / max(len(dataset.classes) - 1, 1)
    wrong_share = WRONG
    for _ in range(30):
        both_N = wrong_share * wrong_N + (1 - wrong_share) * right_N
        chance_N = wrong_share * wrong_N / both_N
        wrong_share = (chance_N.sum() + WRONG * BELIEVED) / (len(dataset) + BELIEVED)

    def suspicion(i: int) -> Suspicion:
        label, likely = dataset.classes[labels_N[i]], dataset.classes[likely_N[i]]
        why = (
            f"taken for {likely} with {percent(p_NK[i, likely_N[i]])}, for {label} with "
            f"{percent(right_N[i])}"
        )
        return Suspicion(dataset.samples[i].name, label, likely, float(chance_N[i]), why)

    suspicious = np.flatnonzero((chance_N > 0.5) & (likely_N != labels_N))
    order = np.argsort(-chance_N[suspicious], kind="stable")
    return tuple(suspicion(i) for i in suspicious[order])
