"""The scores of a classifier, all of them with intervals.

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

from diptych.metrics.intervals import Estimate, Floats, Loss, Positions, Score, averaged
from diptych.metrics.losses import brier, debiased_calibration_error, log_loss
from diptych.metrics.ranking import average_precision, ranked, roc_auc
from diptych.metrics.shares import f1_score, share_of

METHOD = (
    "95 %: Wilson for shares, a little wider next to 0 and 1; otherwise the bootstrap's standard "
    "error over duplicate groups in closed form, on the logit or logarithm; the wider of both for "
    "F1 and averages"
)
TOP = (2, 3, 5)

Flags = npt.NDArray[np.bool_]


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
        plain["top_k"] = {str(k): _plain(score) for k, score in self.top_k.items()}
        plain["per_class"] = {label: scores.to_json() for label, scores in self.per_class.items()}
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
    numbers = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    group_N = np.array([numbers[name] for name in groups], np.intp)
    answers_N, every_K = p_NK.argmax(1), np.arange(len(classes))
    is_NK, answered_NK = labels_N[:, None] == every_K, answers_N[:, None] == every_K
    estimates = [_of_class(p_NK[:, k], is_NK[:, k], answered_NK[:, k], group_N) for k in every_K]
    precision, f1 = [one.precision for one in estimates], [one.f1 for one in estimates]
    areas, every_N = [one.roc_auc for one in estimates], np.ones(len(labels_N), bool)
    rank_N = _rank_of_label(p_NK, labels_N)
    ranks = [k for k in TOP if k < len(classes)]
    return Scores(
        n=len(labels_N),
        accuracy=share_of(answers_N == labels_N, every_N, group_N).score,
        macro_precision=_macro(precision, is_NK, group_N),
        macro_recall=_macro([one.recall for one in estimates], is_NK, group_N),
        macro_f1=_macro(f1, is_NK, group_N),
        weighted_precision=_weighted(precision, is_NK, group_N),
        weighted_f1=_weighted(f1, is_NK, group_N),
        top_k={k: share_of(rank_N < k, every_N, group_N).score for k in ranks},
        roc_auc=_mean_of_rankings(areas[1:] if len(classes) == 2 else areas, group_N),
        average_precision=_mean_of_rankings([one.average_precision for one in estimates], group_N),
        log_loss=log_loss(p_NK, labels_N, group_N),
        brier=brier(p_NK, labels_N, group_N),
        calibration_error=debiased_calibration_error(p_NK, labels_N, group_N),
        per_class={label: one.scores() for label, one in zip(classes, estimates, strict=True)},
        confusion=_confusion(labels_N, answers_N, len(classes)),
    )


class _ClassEstimates(NamedTuple):
    """The scores of one class, with what each picture adds to them."""

    n: int
    precision: Estimate
    recall: Estimate
    f1: Estimate
    roc_auc: Estimate | None
    average_precision: Estimate | None

    def scores(self) -> ClassScores:
        area, average = self.roc_auc, self.average_precision
        return ClassScores(
            self.n,
            self.precision.score,
            self.recall.score,
            self.f1.score,
            area.score if area else None,
            average.score if average else None,
        )


def _of_class(p_N: Floats, is_N: Flags, answered_N: Flags, group_N: Positions) -> _ClassEstimates:
    """How a class fares: its probabilities, the pictures that are of it, those answered so."""
    ranking = ranked(p_N, is_N, group_N) if is_N.any() and not is_N.all() else None
    return _ClassEstimates(
        int(is_N.sum()),
        precision=share_of(is_N & answered_N, answered_N, group_N),
        recall=share_of(is_N & answered_N, is_N, group_N),
        f1=f1_score(is_N, answered_N, group_N),
        roc_auc=roc_auc(ranking) if ranking else None,
        average_precision=average_precision(ranking) if ranking else None,
    )


def _macro(estimates: Sequence[Estimate], is_NK: Flags, group_N: Positions) -> Score:
    """The mean over the classes that have pictures."""
    return averaged(estimates, group_N, is_NK.any(0) / is_NK.any(0).sum())


def _weighted(estimates: Sequence[Estimate], is_NK: Flags, group_N: Positions) -> Score:
    """The mean over the classes, each weighted by its pictures, of which chance had a part."""
    weight_K = is_NK.mean(0)
    drift_N = (is_NK - weight_K) @ [one.score.value for one in estimates] / len(is_NK)
    return averaged(estimates, group_N, weight_K, drift_N)


def _mean_of_rankings(estimates: Sequence[Estimate | None], group_N: Positions) -> Score | None:
    """The mean over the classes that could be ranked; None where none could."""
    ranked_classes = [one for one in estimates if one]
    if not ranked_classes:
        return None
    k = len(ranked_classes)
    return averaged(ranked_classes, group_N, np.full(k, 1 / k), few=True)


def _confusion(labels_N: Positions, answers_N: Positions, classes: int) -> list[list[int]]:
    """How often each label (row) was answered as each class (column)."""
    counts = np.bincount(labels_N * classes + answers_N, minlength=classes * classes)
    table: list[list[int]] = counts.reshape(classes, classes).tolist()
    return table


def _rank_of_label(p_NK: Floats, labels_N: Positions) -> Positions:
    """How many classes are likelier than the label; of equals, the first class is."""
    own_N1 = p_NK[np.arange(len(labels_N)), labels_N][:, None]
    before_NK = np.arange(p_NK.shape[1]) < labels_N[:, None]
    return np.asarray(((p_NK > own_N1) | (p_NK == own_N1) & before_NK).sum(1))


def _plain(score: Score | None) -> dict[str, float] | None:
    return score._asdict() if score else None
