"""Labels that are likely wrong.

Axes: N pictures, K classes.
"""

from typing import NamedTuple

import numpy as np

from diptych.metrics import percent
from diptych.metrics.label_noise import label_noise
from diptych.metrics.predictions import Predictions


class Suspicion(NamedTuple):
    """A label that is more likely wrong than the answer is."""

    name: str
    label: str
    likely: str  # the label it likely should have
    chance: float  # that the label is wrong
    why: str


def suspicious_labels(predictions: Predictions) -> tuple[Suspicion, ...]:
    """Labels that are more likely wrong than the classifier is, the most suspicious first.

    The probabilities must be calibrated, and come from a classifier that was not trained on these
    pictures; see `label_noise`.
    """
    dataset, p_NK, _ = predictions
    labels_N, likely_N = np.array(dataset.targets(), np.intp), p_NK.argmax(1)
    right_N = p_NK[np.arange(len(dataset)), labels_N]
    chance_N = label_noise(p_NK, labels_N).chance_N

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
