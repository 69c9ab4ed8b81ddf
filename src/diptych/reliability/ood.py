"""Pictures of something else: how strange a picture is to a classifier, and when to say so.

A classifier knows its classes only; asked about a cat, one of pizzas answers with a pizza or none,
often with confidence. Four scores are compared, each larger for pictures further out:

============  =====================================================================================
neighbours    one minus the mean cosine similarity to the nearest training pictures (Sun et al.,
              "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022)
mahalanobis   the squared distance to the nearest class, measured by how the training pictures
              scatter around their classes (Lee et al., NeurIPS 2018)
energy        exp(−log Σ exp(logits)) (Liu et al., NeurIPS 2020)
probability   one minus the largest probability, what most tools go by (Hendrycks & Gimpel 2017)
============  =====================================================================================

The first two go by the features of two layers, the last one and, where there is one, one half-way
(mid-level features): the larger score counts. Each score is divided by what a stated share of the
validation pictures stays below: above 1 means "none of these". Which of the four a classifier gets
is decided in `ood_choice`; where none is any good, it answers 0 for every picture.

Letters in names: N pictures, R reference pictures, K classes, D features of a layer.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

from diptych.images.rows import map_batches
from diptych.metrics import Score
from diptych.metrics.probabilities import Logits, softmax
from diptych.metrics.ranking import ranked, roc_auc
from diptych.metrics.student import student_quantile
from diptych.reliability.ranks import conformal_rank

Floats = npt.NDArray[np.float32]
Features = Sequence[Floats]  # of N pictures: (N, D) of each layer, the last one first

# In this order where two do as well as each other.
METHODS = ("neighbours", "mahalanobis", "energy", "probability")
BY_LOGITS = ("energy", "probability")
NONE = "none"  # 0 for every picture: it knows no outliers
# Why, in words.
NO_SCORE = (
    "Pictures of something else are never answered “none of these”: to the network the pictures it "
    "was shown are so alike that every score of how strange one is comes down to rounding."
)
NEIGHBOURS = 10
# Pictures at a time: distances to all references would fill the memory.
AT_ONCE = 2048
# Training pictures that others are compared with: more make the graph larger, hardly better.
REFERENCES = 1000
# How much of the scatter is taken to be round: there are more features than pictures.
SHRINKAGE = 0.1
TINY = 1e-30  # instead of a length or a scale of nothing
_SCALES = "scales"


class Separation(NamedTuple):
    """How well a score separates synthetic outliers from validation pictures; 95 % intervals."""

    auroc: Score
    rejection: Score  # the share of outliers above 1


@dataclass(frozen=True)
class OodDetector:
    """An OOD score, with all that it needs to know of the training pictures."""

    method: str
    acceptance: float  # the share of known pictures that is meant to stay below 1
    arrays: Mapping[str, Floats]
    scales: tuple[float, ...]  # what the score of each layer is divided by, then the largest
    separations: Mapping[str, Separation]  # of each method that is a score at all, this one's too
    unsteady: tuple[str, ...] = ()  # methods that rounding moves by too much

    def scores(self, features: Features, logits_NK: Logits) -> Floats:
        """How strange pictures are, (N,); above 1 they are none of the classes."""
        if self.method == NONE:
            return np.zeros(len(logits_NK), np.float32)
        if self.method in BY_LOGITS:
            raw_N = _by_logits(self.method, logits_NK)
        else:
            by_layer = [
                self.layer_scores(features_ND, layer) / self.scales[layer]
                for layer, features_ND in enumerate(features)
            ]
            raw_N = np.max(by_layer, 0)
        return np.asarray(raw_N / self.scales[-1], np.float32)

    def layer_scores(self, features_ND: Floats, layer: int) -> Floats:
        """How strange the features of one layer are, (N,), on a scale of their own."""
        return map_batches(lambda some_ND: self._strange(some_ND, layer), features_ND, AT_ONCE)

    def _strange(self, features_ND: Floats, layer: int) -> Floats:
        arrays = self.arrays
        if self.method == "neighbours":
            return _distance_to_neighbours(features_ND, arrays[f"references{layer}"])
        off_ND = features_ND - arrays[f"middle{layer}"]
        white_ND = np.asarray(off_ND @ arrays[f"whiten{layer}"], np.float32)
        return _distance_to_classes(white_ND, arrays[f"classes{layer}"])

    def facts(self) -> dict[str, Any]:
        """What a bundle says of the score."""
        synthetic_outliers = {
            method: {name: score._asdict() for name, score in one._asdict().items()}
            for method, one in self.separations.items()
        }
        return {
            "method": self.method,
            "acceptance": self.acceptance,
            "synthetic_outliers": synthetic_outliers,
            "unsteady": list(self.unsteady),
        }

    def to_safetensors(self) -> bytes:
        """What the score knows of the training pictures, as a file."""
        return save({**self.arrays, _SCALES: np.array(self.scales, np.float32)})

    @classmethod
    def from_safetensors(cls, facts: Mapping[str, Any], data: bytes) -> "OodDetector":
        """The detector of a bundle's facts and file; without the separations."""
        arrays = load(data)
        scales = tuple(arrays.pop(_SCALES).tolist())
        return cls(facts["method"], facts["acceptance"], arrays, scales, {})


def fit_detector(
    method: str,
    train: Features,
    labels: Sequence[int],
    valid: Features,
    valid_logits_NK: Logits,
    acceptance: float,
) -> OodDetector:
    """A method fitted to training pictures, and scaled by validation pictures; no separations."""
    arrays: dict[str, Floats] = {}
    if method == "neighbours":
        arrays = {f"references{layer}": _unit(x_ND) for layer, x_ND in enumerate(train)}
    elif method == "mahalanobis":
        for layer, x_ND in enumerate(train):
            arrays |= {f"{name}{layer}": a for name, a in _scatter(x_ND, labels).items()}
    unscaled = OodDetector(method, acceptance, arrays, (1.0,) * (len(train) + 1), {})
    by_layer: list[float] = []
    if arrays:
        by_layer = [
            _quantile(unscaled.layer_scores(x_ND, layer), acceptance)
            for layer, x_ND in enumerate(valid)
        ]
        unscaled = replace(unscaled, scales=(*by_layer, 1.0))
    largest = _quantile(unscaled.scores(valid, valid_logits_NK), acceptance)
    return replace(unscaled, scales=(*by_layer, largest))


def auroc(in_distribution_N: Floats, outlier_N: Floats) -> Score:
    """The chance that an outlier has a higher score than a picture of a class."""
    both_N = np.concatenate([in_distribution_N, outlier_N])
    positions_N = np.arange(len(both_N))
    return roc_auc(ranked(both_N, positions_N >= len(in_distribution_N), positions_N)).score


def reference_indices(labels: Sequence[int], most: int = REFERENCES) -> list[int]:
    """Which training pictures others are compared with: at most so many, each class in turn."""
    rng = np.random.default_rng(0)
    label_N = np.asarray(labels)
    turns: list[tuple[int, int]] = []
    for label in np.unique(label_N):
        of_class = rng.permutation(np.flatnonzero(label_N == label))
        turns += [(turn, int(index)) for turn, index in enumerate(of_class)]
    return sorted(index for _, index in sorted(turns)[:most])


def _quantile(score_N: Floats, acceptance: float) -> float:
    """What a new known picture stays below with this probability (as in split conformal).

    So few that none of them is such a value promise it only as far as scores are normal: then it is
    the limit of a prediction interval, by Student's t (Hahn & Meeker, "Statistical Intervals",
    1991, section 4.8).
    """
    count, rank = len(score_N), conformal_rank(len(score_N), acceptance)
    limit = float(np.sort(score_N)[min(rank, count) - 1])
    if rank > count > 1:
        spread = float(score_N.std(ddof=1, dtype=np.float64)) * math.sqrt(1 + 1 / count)
        t = student_quantile(acceptance, count - 1)
        limit = max(limit, float(score_N.mean(dtype=np.float64)) + t * spread)
    return max(limit, TINY)


def _unit(features_ND: Floats) -> Floats:
    """Directions of the square roots, so that no few features decide alone.

    Power normalisation (Perronnin, Sánchez & Mensink, ECCV 2010). On photographs it refused 97 % of
    drawn food instead of 92 %.
    """
    features_ND = np.sign(features_ND) * np.sqrt(np.abs(features_ND))
    length_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return np.asarray(features_ND / np.maximum(length_N1, TINY), np.float32)


def _distance_to_neighbours(features_ND: Floats, references_RD: Floats) -> Floats:
    """One minus the mean cosine similarity to the nearest references, (N,)."""
    similarity_NR = _unit(features_ND) @ references_RD.T
    count = min(NEIGHBOURS, len(references_RD))
    return np.asarray(1 - np.sort(similarity_NR, 1)[:, -count:].mean(1), np.float32)


def _scatter(features_RD: Floats, labels: Sequence[int]) -> dict[str, Floats]:
    """How to measure distances: from where, in which directions how much, and where classes are."""
    x_RD, label_R = features_RD.astype(np.float64), np.asarray(labels)
    middle_D = x_RD.mean(0)
    means_KD = np.stack([x_RD[label_R == label].mean(0) for label in np.unique(label_R)])
    around_RD = x_RD - means_KD[np.searchsorted(np.unique(label_R), label_R)]
    # With a picture a class, all of them are where their class is.
    least = 1e-3 * (float(around_RD.std()) or float(x_RD.std()) or 1.0)
    spread_D = np.maximum(around_RD.std(0), least)
    around_RD /= spread_D
    share_DD = (1 - SHRINKAGE) * around_RD.T @ around_RD / len(x_RD)
    covariance_DD = share_DD + SHRINKAGE * np.eye(len(spread_D))
    # x @ whiten has the identity for a covariance, since whiten @ whiten.T is the inverse of it.
    whiten_DD = np.linalg.cholesky(np.linalg.inv(covariance_DD)) / spread_D[:, None]
    arrays = {
        "middle": middle_D,
        "whiten": whiten_DD,
        "classes": (means_KD - middle_D) @ whiten_DD,
    }
    return {name: np.asarray(value, np.float32) for name, value in arrays.items()}


def _distance_to_classes(white_ND: Floats, classes_KD: Floats) -> Floats:
    """The squared distance to the nearest class, (N,)."""
    own_N1 = (white_ND**2).sum(1, keepdims=True)
    distance_NK = own_N1 - 2 * white_ND @ classes_KD.T + (classes_KD**2).sum(1)
    return np.asarray(distance_NK.min(1), np.float32)


def _by_logits(method: str, logits_NK: Logits) -> Floats:
    if method == "probability":
        return np.asarray(1 - softmax(logits_NK).max(1), np.float32)
    return np.asarray(1 / np.exp(logits_NK.astype(np.float64)).sum(1), np.float32)
