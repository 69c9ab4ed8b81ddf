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

The first two go by all features there are (`graphs.surgery`), the last ones and mid-level ones: the
larger score counts. Which of the four is taken is decided on synthetic outliers. Each is divided by
what a stated share of the validation pictures stays below: above 1 means "none of these".

Letters in names: N pictures, R reference pictures, K classes, D numbers of a look.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from safetensors.numpy import load, save

from diptych.data.dataset import Shape
from diptych.graphs.surgery import Name, Pen, extended
from diptych.images.preprocess import Pixels
from diptych.metrics import Score, share
from diptych.metrics.probabilities import Logits, softmax
from diptych.metrics.ranking import ranked, roc_auc

Floats = npt.NDArray[np.float32]
Features = Sequence[Floats]  # the looks at some pictures, (N, D) each

# In this order where two do as well as each other.
KINDS = ("neighbours", "mahalanobis", "energy", "probability")
NEIGHBOURS = 10
# Training pictures that others are compared with: more make the graph larger, hardly better.
REFERENCES = 1000
# How much of the scatter is taken to be round: there are more numbers than pictures.
SHRINKAGE = 0.1
DRAWN = 8  # outliers of each kind
OUTPUT = "ood_score"


class Evidence(NamedTuple):
    """How well a score told drawn outliers from validation pictures, with 95 % intervals."""

    auroc: Score
    rejection: Score  # the share of outliers above 1


@dataclass(frozen=True)
class OodDetector:
    """An OOD score, with all that it needs to know of the training pictures."""

    kind: str
    acceptance: float  # the share of known pictures that is meant to stay below 1
    arrays: Mapping[str, Floats]
    scales: tuple[float, ...]  # what each look's score is divided by, then what the largest is
    evidence: Mapping[str, Evidence]  # of each kind, this one's too

    def scores(self, features: Features, logits_NK: Logits) -> Floats:
        """How strange pictures are, (N,); above 1 they are none of the classes."""
        if self.kind in ("energy", "probability"):
            raw_N = _by_logits(self.kind, logits_NK)
            return np.asarray(raw_N / self.scales[-1], np.float32)
        looks = [
            self._look(look, number) / self.scales[number] for number, look in enumerate(features)
        ]
        return np.asarray(np.max(looks, 0) / self.scales[-1], np.float32)

    def _look(self, features_ND: Floats, number: int) -> Floats:
        arrays = self.arrays
        if self.kind == "neighbours":
            return _apart(features_ND, arrays[f"references{number}"])
        off_ND = features_ND - arrays[f"middle{number}"]
        moved_ND = np.asarray(off_ND @ arrays[f"whiten{number}"], np.float32)
        return _nearest(moved_ND, arrays[f"classes{number}"])

    def written(self, graph: bytes) -> bytes:
        """A network's graph with the score as one more output."""
        return extended(graph, OUTPUT, self._write)

    def _write(self, pen: Pen, features: Sequence[Name], logits: Name) -> Name:
        if self.kind in ("energy", "probability"):
            raw = _write_by_logits(pen, self.kind, logits)
        else:
            looks = [
                pen.node("Div", self._write_look(pen, look, i), pen.constant(self.scales[i]))
                for i, look in enumerate(features)
            ]
            raw = pen.node("Max", *looks)
        return pen.node("Div", raw, pen.constant(self.scales[-1]))

    def _write_look(self, pen: Pen, features: Name, number: int) -> Name:
        first = pen.constant([1], np.int64)  # the axis
        if self.kind == "neighbours":
            references_RD = self.arrays[f"references{number}"]
            root = pen.node("Sqrt", pen.node("Abs", features))
            rooted = pen.node("Mul", pen.node("Sign", features), root)
            length = pen.node("ReduceL2", rooted, first, keepdims=1)
            unit = pen.node("Div", rooted, pen.node("Max", length, pen.constant(_TINY)))
            alike = pen.node("MatMul", unit, pen.constant(references_RD.T))
            count = pen.constant([min(NEIGHBOURS, len(references_RD))], np.int64)
            nearest = pen.node("TopK", alike, count, outputs=2, axis=1)
            mean = pen.node("ReduceMean", nearest, first, keepdims=0)
            return pen.node("Sub", pen.constant(1.0), mean)
        classes_KD = self.arrays[f"classes{number}"]
        off = pen.node("Sub", features, pen.constant(self.arrays[f"middle{number}"]))
        moved = pen.node("MatMul", off, pen.constant(self.arrays[f"whiten{number}"]))
        own = pen.node("ReduceSum", pen.node("Mul", moved, moved), first, keepdims=1)
        cross = pen.node("MatMul", moved, pen.constant(-2 * classes_KD.T))
        theirs = pen.node("Add", cross, pen.constant((classes_KD**2).sum(1)))
        return pen.node("ReduceMin", pen.node("Add", own, theirs), first, keepdims=0)


_TINY = 1e-30  # instead of a length or a scale of nothing


def chosen(
    train: Features,
    labels: Sequence[int],
    valid: Features,
    valid_logits_NK: Logits,
    drawn: Features,
    drawn_logits_NK: Logits,
    acceptance: float,
) -> OodDetector:
    """The score that best tells outliers from validation pictures, ready to be used.

    Features of training, validation and drawn pictures, the labels of the first and the logits
    of the others; `acceptance` is the share of known pictures that may not be called outliers.
    """
    found = {}
    for kind in KINDS:
        score = _fitted(kind, train, labels, valid, valid_logits_NK, acceptance)
        known_N = score.scores(valid, valid_logits_NK)
        outlier_N = score.scores(drawn, drawn_logits_NK)
        rejection = share(int((outlier_N > 1).sum()), len(outlier_N))
        found[kind] = score, Evidence(auroc(known_N, outlier_N), rejection)
    evidence = {kind: how_well for kind, (_, how_well) in found.items()}

    def merit(kind: str) -> tuple[float, float]:
        return round(evidence[kind].auroc.value, 2), round(evidence[kind].rejection.value, 1)

    return replace(found[max(KINDS, key=merit)][0], evidence=evidence)


def auroc(known_N: Floats, outlier_N: Floats) -> Score:
    """The chance that an outlier has a higher score than a known picture."""
    both_N = np.concatenate([known_N, outlier_N])
    positions_N = np.arange(len(both_N))
    return roc_auc(ranked(both_N, positions_N >= len(known_N), positions_N)).score


def references(labels: Sequence[int], most: int = REFERENCES) -> list[int]:
    """Which training pictures others are compared with: at most so many, each class in turn."""
    rng = np.random.default_rng(0)
    label_N = np.asarray(labels)
    turns: list[tuple[int, int]] = []
    for label in np.unique(label_N):
        mine = rng.permutation(np.flatnonzero(label_N == label))
        turns += [(turn, int(index)) for turn, index in enumerate(mine)]
    return sorted(index for _, index in sorted(turns)[:most])


def synthetic_outliers(shape: Shape, each: int = DRAWN, seed: int = 0) -> Pixels:
    """Pictures of nothing that has a name: noise, clouds, stripes, shapes, scribbles."""
    height, width, channels = shape
    rng = np.random.default_rng(seed)
    ways = (_noise, _clouds, _stripes, _shapes, _scribbles)
    pictures = [way(rng).resize((width, height)) for way in ways for _ in range(each)]
    wanted = "L" if channels == 1 else "RGB"
    return np.stack([np.asarray(p.convert(wanted)).reshape(shape) for p in pictures])


def _fitted(
    kind: str,
    train: Features,
    labels: Sequence[int],
    valid: Features,
    valid_logits_NK: Logits,
    acceptance: float,
) -> OodDetector:
    arrays: dict[str, Floats] = {}
    if kind == "neighbours":
        arrays = {f"references{i}": _unit(look) for i, look in enumerate(train)}
    elif kind == "mahalanobis":
        for i, look in enumerate(train):
            arrays |= {f"{name}{i}": value for name, value in _scatter(look, labels).items()}
    raw = OodDetector(kind, acceptance, arrays, (1.0,) * (len(train) + 1), {})
    if not arrays:
        return replace(raw, scales=(_quantile(raw.scores(valid, valid_logits_NK), acceptance),))
    each = [_quantile(raw._look(look, i), acceptance) for i, look in enumerate(valid)]
    raw = replace(raw, scales=(*each, 1.0))
    return replace(raw, scales=(*each, _quantile(raw.scores(valid, valid_logits_NK), acceptance)))


def fewest_to_accept(acceptance: float) -> int:
    """How many known pictures it takes to set a limit that keeps such a share of them."""
    return math.ceil(acceptance / (1 - acceptance) - 1e-9)


def _quantile(score_N: Floats, acceptance: float) -> float:
    """What a new known picture stays below with this probability (as in split conformal)."""
    rank = int(np.ceil((len(score_N) + 1) * acceptance))
    return max(float(np.sort(score_N)[min(rank, len(score_N)) - 1]), _TINY)


def _unit(features_ND: Floats) -> Floats:
    """Directions of the square roots, so that no few numbers decide alone.

    Power normalisation (Perronnin, Sánchez & Mensink, ECCV 2010). On photographs it refused 97 % of
    drawn food instead of 92 %.
    """
    features_ND = np.sign(features_ND) * np.sqrt(np.abs(features_ND))
    length_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return np.asarray(features_ND / np.maximum(length_N1, _TINY), np.float32)


def _apart(features_ND: Floats, references_RD: Floats) -> Floats:
    """One minus the mean cosine similarity to the nearest references, (N,)."""
    alike_NR = _unit(features_ND) @ references_RD.T
    count = min(NEIGHBOURS, len(references_RD))
    return np.asarray(1 - np.sort(alike_NR, 1)[:, -count:].mean(1), np.float32)


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


def _nearest(moved_ND: Floats, classes_KD: Floats) -> Floats:
    """The squared distance to the nearest class, (N,)."""
    own_N1 = (moved_ND**2).sum(1, keepdims=True)
    apart_NK = own_N1 - 2 * moved_ND @ classes_KD.T + (classes_KD**2).sum(1)
    return np.asarray(apart_NK.min(1), np.float32)


def _by_logits(kind: str, logits_NK: Logits) -> Floats:
    if kind == "probability":
        return np.asarray(1 - softmax(logits_NK).max(1), np.float32)
    return np.asarray(1 / np.exp(logits_NK.astype(np.float64)).sum(1), np.float32)


def _write_by_logits(pen: Pen, kind: str, logits: Name) -> Name:
    axis = pen.constant([1], np.int64)
    if kind == "probability":
        best = pen.node("ReduceMax", pen.node("Softmax", logits, axis=1), axis, keepdims=0)
        return pen.node("Sub", pen.constant(1.0), best)
    total = pen.node("ReduceLogSumExp", logits, axis, keepdims=0)
    return pen.node("Exp", pen.node("Neg", total))


# Drawn at this many pixels a side, then resized.
_SIDE = 192

Random = np.random.Generator


def _noise(rng: Random) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (_SIDE, _SIDE, 3), np.uint8))


def _clouds(rng: Random) -> Image.Image:
    cells = int(rng.integers(2, 12))
    coarse = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
    return coarse.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def _stripes(rng: Random) -> Image.Image:
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    angle, width = rng.uniform(0, np.pi), rng.uniform(8, 40)
    wave = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) * 2 * np.pi / width)
    share = (wave[..., None] + 1) / 2
    one, other = (np.array(_colour(rng)) for _ in range(2))
    return Image.fromarray((share * one + (1 - share) * other).astype(np.uint8))


def _shapes(rng: Random) -> Image.Image:
    image = Image.new("RGB", (_SIDE, _SIDE), _colour(rng))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(2, 7)):
        (left, top), (right, bottom) = np.sort(rng.integers(0, _SIDE, (2, 2)), axis=0).tolist()
        form: Callable[..., None] = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        form((left, top, right, bottom), fill=_colour(rng))
    return image


def _scribbles(rng: Random) -> Image.Image:
    image = Image.new("RGB", (_SIDE, _SIDE), _colour(rng))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 4)):
        points = [
            tuple(point) for point in rng.integers(0, _SIDE, (rng.integers(4, 12), 2)).tolist()
        ]
        pen.line(points, fill=_colour(rng), width=int(rng.integers(2, 10)), joint="curve")
    return image


def _colour(rng: Random) -> tuple[int, ...]:
    return tuple(rng.integers(0, 256, 3).tolist())


def saved(found: OodDetector) -> bytes:
    """What the score knows of the training pictures, as a safetensors file."""
    return save({**found.arrays, _SCALES: np.array(found.scales, np.float32)})


def restored(facts: Mapping[str, Any], data: bytes) -> OodDetector:
    """A score from what a bundle tells of it, and what `saved` wrote; without the evidence."""
    arrays = load(data)
    scales = tuple(arrays.pop(_SCALES).tolist())
    return OodDetector(facts["score"], facts["acceptance"], arrays, scales, {})


_SCALES = "scales"


def facts(found: OodDetector) -> dict[str, Any]:
    """What a bundle tells of the score."""
    by = {
        kind: {name: score._asdict() for name, score in how_well._asdict().items()}
        for kind, how_well in found.evidence.items()
    }
    return {"score": found.kind, "acceptance": found.acceptance, "synthetic_outliers": by}
