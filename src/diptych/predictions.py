"""What a classifier answered, picture by picture, in words."""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diptych.dataset import Dataset
from diptych.metrics import Scores, score
from diptych.probabilities import Probabilities


class Predictions(NamedTuple):
    """Probabilities for the samples of a data set, in its order."""

    dataset: Dataset
    probabilities_NK: Probabilities

    def scores(self) -> Scores:
        """How good they are, with intervals."""
        samples = self.dataset.samples
        answers = self.probabilities_NK.argmax(1).tolist()
        groups = [sample.group or sample.name for sample in samples]
        return score(self.dataset.targets(), answers, self.dataset.classes, groups)

    def to_csv(self) -> str:
        """A row a picture: path, label, answer, then the probability of each class."""
        classes = self.dataset.classes
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "label", "answer", *(f"p({label})" for label in classes)])
        for sample, p_K in zip(self.dataset.samples, self.probabilities_NK, strict=True):
            answer = classes[int(p_K.argmax())]
            rows.writerow([sample.name, sample.label, answer, *(f"{p:.6f}" for p in p_K)])
        return text.getvalue()


def most_wrong(predictions: Predictions, most: int = 5) -> Sequence[tuple[str, str, str, float]]:
    """The mistakes with the most confidence: name, label, answer, probability of the answer."""
    dataset, p_NK = predictions
    labels, answers = np.array(dataset.targets(), np.intp), p_NK.argmax(1)
    wrong = np.flatnonzero(labels != answers)
    worst = sorted(wrong, key=lambda i: -p_NK[i, answers[i]])[:most]
    return [
        (
            dataset.samples[i].name,
            *(dataset.classes[k] for k in (labels[i], answers[i])),
            float(p_NK[i, answers[i]]),
        )
        for i in worst
    ]
