"""What a classifier answered, picture by picture, in words."""

import csv
import io
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Dataset
from diptych.metrics import Score, Scores, score
from diptych.metrics.probabilities import Probabilities
from diptych.metrics.shares import Which, share_of


class Predictions(NamedTuple):
    """Probabilities for the samples of a data set, in its order."""

    dataset: Dataset
    probabilities_NK: Probabilities
    ood_score_N: npt.NDArray[np.float32] | None = None  # above 1: none of the classes

    def __repr__(self) -> str:
        return f"<Predictions: {self.right().sum():,} of {len(self.dataset):,} right>"

    def scores(self) -> Scores:
        """How good they are, with intervals."""
        samples = self.dataset.samples
        groups = [sample.group or sample.name for sample in samples]
        return score(self.dataset.targets(), self.probabilities_NK, self.dataset.classes, groups)

    def answers(self) -> list[str]:
        """The likeliest class of each picture, outlier or not."""
        return [self.dataset.classes[k] for k in self.probabilities_NK.argmax(1)]

    def right(self) -> npt.NDArray[np.bool_]:
        """Which answers are the labels, (N,)."""
        return np.asarray(self.probabilities_NK.argmax(1) == np.array(self.dataset.targets()))

    def out_of_distribution(self) -> npt.NDArray[np.bool_]:
        """Which pictures would be answered "none of these", (N,)."""
        if self.ood_score_N is None:
            return np.zeros(len(self.dataset), np.bool_)
        return np.asarray(self.ood_score_N > 1)

    def accuracy_in_distribution(self) -> Score:
        """The share of right answers among the pictures that are no outliers."""
        return self.share(self.right(), ~self.out_of_distribution())

    def share(self, hit_N: Which, of_N: Which | None = None) -> Score:
        """The share of hits among the pictures, or among some of them; groups count as one."""
        groups = [sample.group or sample.name for sample in self.dataset.samples]
        group_N = np.unique(groups, return_inverse=True)[1]
        return share_of(hit_N, np.ones_like(hit_N) if of_N is None else of_N, group_N).score

    def only(self, names: Iterable[str]) -> "Predictions":
        """Those for some of the samples, by name and in the order of the names."""
        samples = self.dataset.samples
        position = {sample.name: i for i, sample in enumerate(samples)}
        kept = [position[name] for name in names]
        ood_score_N = None if self.ood_score_N is None else self.ood_score_N[kept]
        dataset = self.dataset.with_samples(samples[i] for i in kept)
        return self._replace(
            dataset=dataset, probabilities_NK=self.probabilities_NK[kept], ood_score_N=ood_score_N
        )

    def to_csv(self) -> str:
        """A row a picture: path, label, answer, OOD score, the probability of each class.

        The answer is the likeliest class; above an OOD score of 1 it would be "none of these".
        """
        classes = self.dataset.classes
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        titles = ["path", "label", "answer", "ood_score", *(f"p({label})" for label in classes)]
        rows.writerow(titles)
        for i, (sample, p_K) in enumerate(
            zip(self.dataset.samples, self.probabilities_NK, strict=True)
        ):
            answer = classes[int(p_K.argmax())]
            ood_score = "" if self.ood_score_N is None else f"{self.ood_score_N[i]:.4f}"
            rows.writerow(
                [sample.name, sample.label, answer, ood_score, *(f"{p:.6f}" for p in p_K)]
            )
        return text.getvalue()
