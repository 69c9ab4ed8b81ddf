"""A classifier's mistakes: its worst answers, and the classes that it takes for each other."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from diptych.metrics import Score, share
from diptych.metrics.predictions import Predictions


class Outcome(NamedTuple):
    """One picture, what it is and what it was taken for."""

    name: str
    label: str
    answer: str
    p_label: float  # the probability of the label
    p_answer: float  # the probability of the answer

    @property
    def loss(self) -> float:
        """The cross-entropy, in nats."""
        return -math.log(max(self.p_label, float(np.finfo(np.float32).tiny)))


def outcomes(predictions: Predictions) -> Iterator[Outcome]:
    """What each picture is and what it was taken for, in the data set's order."""
    dataset, p_NK, _ = predictions
    for sample, label, p_K in zip(dataset.samples, dataset.targets(), p_NK, strict=True):
        answer = int(p_K.argmax())
        yield Outcome(
            sample.name, sample.label, dataset.classes[answer], float(p_K[label]), float(p_K.max())
        )


def worst(predictions: Predictions, most: int = 5) -> tuple[Outcome, ...]:
    """The answers with the largest loss: those whose label was thought the least likely."""
    return tuple(sorted(outcomes(predictions), key=lambda outcome: -outcome.loss)[:most])


def most_wrong(predictions: Predictions, most: int = 5) -> tuple[Outcome, ...]:
    """The mistakes with the most confidence in the answer."""
    wrong = [one for one in outcomes(predictions) if one.answer != one.label]
    return tuple(sorted(wrong, key=lambda outcome: -outcome.p_answer)[:most])


class Confusion(NamedTuple):
    """One class that is taken for another."""

    label: str
    answer: str
    times: int
    share: Score  # of the label's pictures


def confused_pairs(predictions: Predictions, most: int = 5) -> tuple[Confusion, ...]:
    """The classes that are taken for each other, the most frequent first."""
    dataset, p_NK, _ = predictions
    k = len(dataset.classes)
    cells_N = np.array(dataset.targets(), np.intp) * k + p_NK.argmax(1)
    counts_KK = np.bincount(cells_N, minlength=k * k).reshape(k, k)
    pairs = [
        Confusion(
            dataset.classes[i],
            dataset.classes[j],
            int(counts_KK[i, j]),
            share(int(counts_KK[i, j]), int(counts_KK[i].sum())),
        )
        for i, j in np.argwhere(counts_KK)
        if i != j
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.times, -pair.share.value))[:most])
