"""Scores with intervals: a number without one misleads.

Shares of independent pictures (accuracy, precision, recall) have Wilson's score interval (Wilson
1927; recommended by Brown, Cai & DasGupta 2001). F1 is 2j/(1+j) of the share j = hits / (hits and
both kinds of error), so it has j's. Averages over classes combine those of the classes (MOVER, Zou
& Donner 2008). Near-duplicates make pictures dependent, and the classes of a confusion matrix are
so by nature; hence F1, averages and, where there are near-duplicates, shares too have the wider of
that interval and of the percentile bootstrap over groups of near-duplicates (Efron & Tibshirani
1993, ch. 13). The bootstrap alone would call a test without an error certain.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
_Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution
RESAMPLES = 2000
METHOD = "95 %, Wilson; for F1 and averages the wider of it and a bootstrap over duplicate groups"

Counts = npt.NDArray[np.int64]


class Score(NamedTuple):
    """A value between 0 and 1 with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f}–{100 * self.high:.1f} %)"

    def widened(self, bootstrap_B: npt.NDArray[np.float64]) -> "Score":
        """The same value, with an interval that holds the bootstrap's as well."""
        low, high = np.quantile(bootstrap_B, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Score(self.value, min(self.low, float(low)), max(self.high, float(high)))


class ClassScores(NamedTuple):
    """How well one class is told from the others."""

    n: int
    precision: Score
    recall: Score
    f1: Score


class Scores(NamedTuple):
    """How good a classifier is on some labelled pictures."""

    n: int
    accuracy: Score
    macro_precision: Score
    macro_recall: Score
    macro_f1: Score
    per_class: dict[str, ClassScores]
    confusion: list[list[int]]  # row: the label; column: the answer; both in class order

    @property
    def method(self) -> str:
        """How the intervals were computed."""
        return METHOD

    def to_json(self) -> dict[str, Any]:
        """The scores as plain data."""
        plain: dict[str, Any] = {"n": self.n, "interval": METHOD}
        for name in ("accuracy", "macro_precision", "macro_recall", "macro_f1"):
            plain[name] = getattr(self, name)._asdict()
        plain["per_class"] = {
            label: {
                "n": found.n,
                "precision": found.precision._asdict(),
                "recall": found.recall._asdict(),
                "f1": found.f1._asdict(),
            }
            for label, found in self.per_class.items()
        }
        plain["confusion"] = {"classes": list(self.per_class), "counts": self.confusion}
        return plain


def score(
    labels: Sequence[int], answers: Sequence[int], classes: Sequence[str], groups: Sequence[str]
) -> Scores:
    """Compare answers with labels, both as positions among the classes.

    `groups` names the group of near-duplicates that each picture is in. A precision without
    answers and a recall without pictures are 0, with the interval from 0 to 1; a class without
    pictures has no part in the averages.
    """
    confusion_KK = confusion(labels, answers, len(classes))
    resampled_BKK = _resampled(labels, answers, len(classes), groups)
    boot = _ratios(resampled_BKK)
    present_K = confusion_KK.sum(1) > 0
    dependent = len(set(groups)) < len(groups)

    per_class = {}
    for i, label in enumerate(classes):
        hits, labelled = int(confusion_KK[i, i]), int(confusion_KK[i].sum())
        answered = int(confusion_KK[:, i].sum())
        precision, recall = share(hits, answered), share(hits, labelled)
        if dependent:
            precision = precision.widened(boot["precision"][:, i])
            recall = recall.widened(boot["recall"][:, i])
        joint = share(hits, labelled + answered - hits)
        f1 = Score(*(2 * j / (1 + j) for j in joint)).widened(boot["f1"][:, i])
        per_class[label] = ClassScores(labelled, precision, recall, f1)

    present = [found for found in per_class.values() if found.n]
    accuracy = share(int(np.trace(confusion_KK)), len(labels))
    if dependent:
        right_B = np.trace(resampled_BKK, axis1=1, axis2=2) / resampled_BKK.sum((1, 2))
        accuracy = accuracy.widened(right_B)
    return Scores(
        len(labels),
        accuracy,
        _mean([c.precision for c in present]).widened(boot["precision"][:, present_K].mean(1)),
        _mean([c.recall for c in present]).widened(boot["recall"][:, present_K].mean(1)),
        _mean([c.f1 for c in present]).widened(boot["f1"][:, present_K].mean(1)),
        per_class,
        confusion_KK.tolist(),
    )


def share(hits: int, n: int) -> Score:
    """A share with Wilson's interval; of nothing, 0 and the interval from 0 to 1."""
    if n == 0:
        return Score(0.0, 0.0, 1.0)
    p, z2 = hits / n, _Z * _Z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    reach = _Z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return Score(p, max(min(centre - reach, p), 0.0), min(max(centre + reach, p), 1.0))


def confusion(labels: Sequence[int], answers: Sequence[int], classes: int) -> Counts:
    """How often each label (row) was answered as each class (column)."""
    cells = np.asarray(labels, np.int64) * classes + np.asarray(answers, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def _resampled(
    labels: Sequence[int], answers: Sequence[int], k: int, groups: Sequence[str]
) -> Counts:
    """Confusion matrices (B, K, K) of test sets drawn with replacement, group by group."""
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    each_GC = np.zeros((len(names), k * k), np.int64)
    cells = np.asarray(labels, np.int64) * k + np.asarray(answers, np.int64)
    rows = np.array([names[group] for group in groups], np.intp)
    np.add.at(each_GC, (rows, cells), 1)
    # Groups with the same counts are drawn together: the cost no longer grows with the pictures.
    kinds_UC, many_U = np.unique(each_GC, axis=0, return_counts=True)
    rng = np.random.default_rng(0)  # the same answers have the same interval, always
    drawn_BU = rng.multinomial(len(names), many_U / len(names), size=RESAMPLES)
    return np.asarray((drawn_BU @ kinds_UC).reshape(-1, k, k))


def _ratios(confusion_BKK: Counts) -> dict[str, npt.NDArray[np.float64]]:
    """Precision, recall and F1 (B, K) of each matrix; 0 where nothing was answered or labelled."""
    hits_BK = np.diagonal(confusion_BKK, axis1=1, axis2=2).astype(float)
    answered_BK, labelled_BK = confusion_BKK.sum(1), confusion_BKK.sum(2)

    def ratio(over: npt.NDArray[np.float64], under: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        none = np.zeros_like(over)
        return np.asarray(np.divide(over, under, out=none, where=under > 0))

    return {
        "precision": ratio(hits_BK, answered_BK),
        "recall": ratio(hits_BK, labelled_BK),
        "f1": ratio(2 * hits_BK, answered_BK + labelled_BK),
    }


def _mean(scores: Sequence[Score]) -> Score:
    """The mean of scores, with their distances to each limit added as variances are (MOVER)."""
    k = len(scores)
    value = sum(score.value for score in scores) / k
    below = math.sqrt(sum((score.value - score.low) ** 2 for score in scores)) / k
    above = math.sqrt(sum((score.high - score.value) ** 2 for score in scores)) / k
    return Score(value, value - below, value + above)
