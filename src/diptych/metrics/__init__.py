"""Scores with intervals: a number without one misleads.

Near-duplicates make pictures dependent: a group of them counts as one picture wherever an interval
is computed (see `intervals`). Accuracy, precision, recall and top-k accuracy are shares. F1 is
2j/(1+j) of the share j = hits / (hits and both kinds of error), so it has j's interval. Averages
combine those of the classes. F1, averages and, where there are near-duplicates, shares too have the
wider of that and of the linearised interval: the classes of a confusion matrix are dependent.

Letters in names: N pictures, K classes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.intervals import (
    LEVEL,
    Estimate,
    Floats,
    Loss,
    Positions,
    Score,
    averaged,
    share,
)
from diptych.metrics.losses import brier, calibration_error, log_loss
from diptych.metrics.ranking import average_precision, ranked, roc_auc
from diptych.metrics.shares import f1_score, share_of

__all__ = [
    "LEVEL",
    "METHOD",
    "ClassScores",
    "Loss",
    "Score",
    "Scores",
    "confusion",
    "score",
    "share",
]

METHOD = (
    "95 %: Wilson for shares, a little wider next to 0 and 1; otherwise the bootstrap's standard "
    "error over duplicate groups in closed form, on the logit or logarithm; the wider of both for "
    "F1 and averages"
)
TOP = (2, 3, 5)

Counts = npt.NDArray[np.int64]


class ClassScores(NamedTuple):
    """How well one class is told from the others."""

    n: int
    precision: Score
    recall: Score
    f1: Score
    roc_auc: Score | None  # none without pictures of the class, or of others
    average_precision: Score | None

    def to_json(self) -> dict[str, Any]:
        """The scores as plain data."""
        return {
            "n": self.n,
            **{name: _plain(score) for name, score in self._asdict().items() if name != "n"},
        }


class Scores(NamedTuple):
    """How good a classifier is on some labelled pictures.

    Macro averages weigh classes alike, weighted ones by their pictures; classes without pictures
    have no part in either.
    """

    n: int
    accuracy: Score
    macro_precision: Score
    macro_recall: Score
    macro_f1: Score
    weighted_precision: Score
    weighted_f1: Score
    top_k: dict[int, Score]  # how often the label is among the k likeliest classes
    roc_auc: Score | None  # of two classes that of the second, otherwise the macro average
    average_precision: Score | None  # the macro average
    log_loss: Loss
    brier: Loss
    calibration_error: Loss
    per_class: dict[str, ClassScores]
    confusion: list[list[int]]  # row: the label; column: the answer; both in class order

    @property
    def balanced_accuracy(self) -> Score:
        """The mean recall of the classes: macro recall by another name."""
        return self.macro_recall

    @property
    def weighted_recall(self) -> Score:
        """Recall weighted by pictures: accuracy by another name."""
        return self.accuracy

    @property
    def method(self) -> str:
        """How the intervals were computed."""
        return METHOD

    def to_json(self) -> dict[str, Any]:
        """The scores as plain data."""
        plain: dict[str, Any] = {"n": self.n, "interval": METHOD}
        for name in (
            *("accuracy", "balanced_accuracy"),
            *("macro_precision", "macro_recall", "macro_f1"),
            *("weighted_precision", "weighted_recall", "weighted_f1"),
            *("roc_auc", "average_precision", "log_loss", "brier", "calibration_error"),
        ):
            plain[name] = _plain(getattr(self, name))
        plain["top_k"] = {str(k): _plain(found) for k, found in self.top_k.items()}
        plain["per_class"] = {label: found.to_json() for label, found in self.per_class.items()}
        plain["confusion"] = {"classes": list(self.per_class), "counts": self.confusion}
        return plain


def score(
    labels: Sequence[int],
    probabilities_NK: npt.NDArray[np.floating[Any]],
    classes: Sequence[str],
    groups: Sequence[str],
) -> Scores:
    """Compare probabilities with labels, which are positions among the classes.

    The likeliest class is the answer. `groups` names the group of near-duplicates that each picture
    is in. A precision without answers and a recall without pictures are 0, with the interval from 0
    to 1; a class without pictures has no part in the averages.
    """
    p_NK, labels_N = probabilities_NK.astype(np.float64), np.asarray(labels, np.intp)
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group_N = np.array([names[name] for name in groups], np.intp)
    answers_N, every_K = p_NK.argmax(1), np.arange(len(classes))
    is_NK, said_NK = labels_N[:, None] == every_K, answers_N[:, None] == every_K
    right_NK = is_NK & said_NK

    precision = [share_of(right_NK[:, k], said_NK[:, k], group_N) for k in every_K]
    recall = [share_of(right_NK[:, k], is_NK[:, k], group_N) for k in every_K]
    f1 = [f1_score(is_NK[:, k], said_NK[:, k], group_N) for k in every_K]
    ranked_K = is_NK.any(0) & ~is_NK.all(0)
    rankings = [ranked(p_NK[:, k], is_NK[:, k], group_N) if ranked_K[k] else None for k in every_K]
    areas = [one and roc_auc(one) for one in rankings]
    precisions = [one and average_precision(one) for one in rankings]

    weight_K, every_N = is_NK.mean(0), np.ones(len(labels_N), bool)
    alike_K = is_NK.any(0) / is_NK.any(0).sum()

    def weighted(found: Sequence[Estimate]) -> Score:
        drift_N = (is_NK - weight_K) @ [one.score.value for one in found] / len(labels_N)
        return averaged(found, group_N, weight_K, drift_N)

    def macro(found: Sequence[Estimate | None]) -> Score | None:
        known = [one for one in found if one]
        if not known:
            return None
        return averaged(known, group_N, np.full(len(known), 1 / len(known)), few=True)

    return Scores(
        n=len(labels_N),
        accuracy=share_of(right_NK.any(1), every_N, group_N).score,
        macro_precision=averaged(precision, group_N, alike_K),
        macro_recall=averaged(recall, group_N, alike_K),
        macro_f1=averaged(f1, group_N, alike_K),
        weighted_precision=weighted(precision),
        weighted_f1=weighted(f1),
        top_k={
            k: share_of(_place(p_NK, labels_N) < k, every_N, group_N).score
            for k in TOP
            if k < len(classes)
        },
        roc_auc=macro(areas[1:] if len(classes) == 2 else areas),
        average_precision=macro(precisions),
        log_loss=log_loss(p_NK, labels_N, group_N),
        brier=brier(p_NK, labels_N, group_N),
        calibration_error=calibration_error(p_NK, labels_N, group_N),
        per_class={
            label: ClassScores(
                int(is_NK[:, k].sum()),
                *(found[k].score for found in (precision, recall, f1)),
                *(one.score if (one := found[k]) else None for found in (areas, precisions)),
            )
            for k, label in enumerate(classes)
        },
        confusion=confusion(labels, answers_N.tolist(), len(classes)).tolist(),
    )


def confusion(labels: Sequence[int], answers: Sequence[int], classes: int) -> Counts:
    """How often each label (row) was answered as each class (column)."""
    cells = np.asarray(labels, np.int64) * classes + np.asarray(answers, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def _place(p_NK: Floats, labels_N: Positions) -> Positions:
    """How many classes are likelier than the label; of equals, the first class is."""
    own_N1 = p_NK[np.arange(len(labels_N)), labels_N][:, None]
    before_NK = np.arange(p_NK.shape[1]) < labels_N[:, None]
    return np.asarray(((p_NK > own_N1) | (p_NK == own_N1) & before_NK).sum(1))


def _plain(score: Score | None) -> dict[str, float] | None:
    return score._asdict() if score else None
