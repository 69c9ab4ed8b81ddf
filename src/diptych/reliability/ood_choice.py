"""Which OOD score a classifier gets: the one that tells outliers best, of those that hold still.

Pictures that look alike to a network have features that hardly differ, and a score of so small
differences is mostly rounding: another runtime, or another number of threads, would answer
otherwise. So a score counts only where rounding moves it by much less than its threshold.

Letters in names: N pictures, D features of a layer.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from diptych.metrics import share
from diptych.metrics.probabilities import Logits
from diptych.reliability.ood import (
    METHODS,
    NONE,
    TINY,
    Features,
    Floats,
    OodDetector,
    Separation,
    auroc,
    fit_detector,
)

# How far features and logits of two runtimes lie apart, as a share of their size: those of PyTorch,
# ONNX Runtime and OpenVINO by 1.4e-6 (EfficientNet-Lite0) and 0.9e-6 (a ViT), root mean squares.
ROUNDING = 1.5e-6
# Thresholds by which rounding may move a score: half of what the gate allows.
STEADY = 5e-3
DRAWS = 4
PICTURES = 256  # at most, for that


def ranked_detectors(
    train: Features,
    labels: Sequence[int],
    valid: Features,
    valid_logits_NK: Logits,
    outliers: Features,
    outlier_logits_NK: Logits,
    acceptance: float,
) -> list[OodDetector]:
    """The scores that rounding leaves alone, ready to be used, the best first; then that of none.

    The best separates outliers from validation pictures best. Features of training and validation
    pictures and of outliers, the labels of the first and the logits of the others; `acceptance` is
    the share of known pictures that may not be called outliers.
    """
    detectors: dict[str, OodDetector] = {}
    separations: dict[str, Separation] = {}
    for method in METHODS:
        try:
            # Features that do not differ at all divide by nothing; such a score is no number.
            with np.errstate(all="ignore"):
                detector = fit_detector(method, train, labels, valid, valid_logits_NK, acceptance)
                known_N = detector.scores(valid, valid_logits_NK)
                outlier_N = detector.scores(outliers, outlier_logits_NK)
        except np.linalg.LinAlgError:
            continue
        if not (np.isfinite(known_N).all() and np.isfinite(outlier_N).all()):
            continue
        rejection = share(int((outlier_N > 1).sum()), len(outlier_N))
        separations[method] = Separation(auroc(known_N, outlier_N), rejection)
        # A threshold of nothing is one that no known picture comes near.
        is_scale = min(detector.scales) > TINY
        if is_scale and rounding(detector, valid, valid_logits_NK) <= STEADY:
            detectors[method] = detector

    def merit(method: str) -> tuple[float, float]:
        separation = separations[method]
        return round(separation.auroc.value, 2), round(separation.rejection.value, 1)

    ranking = [detectors[method] for method in sorted(detectors, key=merit, reverse=True)]
    unsteady = tuple(method for method in METHODS if method not in detectors)
    every = [*ranking, OodDetector(NONE, 1.0, {}, (1.0,), {})]
    return [replace(one, separations=separations, unsteady=unsteady) for one in every]


def rounding(detector: OodDetector, features: Features, logits_NK: Logits) -> float:
    """How far rounding moves the scores of pictures, in thresholds, or as a share of those above.

    Measured: features and logits are moved by as much as runtimes differ, and scores computed anew.
    """
    rng = np.random.default_rng(0)
    few = np.unique(np.linspace(0, len(logits_NK) - 1, PICTURES).astype(int))
    features, logits_NK = [x_ND[few] for x_ND in features], logits_NK[few]
    largest = 0.0
    with np.errstate(all="ignore"):
        score_N = detector.scores(features, logits_NK)
        for _ in range(DRAWS):
            others_N = detector.scores([_moved(x, rng) for x in features], _moved(logits_NK, rng))
            away_N = np.abs(others_N - score_N) / np.maximum(np.abs(score_N), 1)
            largest = max(largest, float(np.nan_to_num(away_N, nan=np.inf).max()))
    return largest


def _moved(x_ND: Floats, rng: np.random.Generator) -> Floats:
    """Numbers as another runtime might give them; what is exactly 0 is so everywhere."""
    size_N1 = np.sqrt((x_ND.astype(np.float64) ** 2).mean(1, keepdims=True))
    by_ND = ROUNDING * size_N1 * rng.standard_normal(x_ND.shape)
    return np.asarray(np.where(x_ND == 0, 0, x_ND + by_ND), np.float32)
