import numpy as np
import numpy.typing as npt
import pytest

from diptych.reliability.ood import METHODS, NONE, Features, OodDetector, fit_detector
from diptych.reliability.ood_choice import STEADY, ranked_detectors, rounding

Floats = npt.NDArray[np.float32]
RNG = np.random.default_rng(0)
CENTRES = RNG.normal(0, 3, (3, 20)).astype(np.float32)
ALIKE = np.abs(RNG.normal(1, 1, 20)).astype(np.float32)


def cloud(n: int, seed: int) -> tuple[Features, list[int]]:
    """Features of two layers, of pictures of three classes, each near the middle of its class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    layers = [CENTRES[labels, :width] + rng.normal(0, 1, (n, width)) for width in (20, 8)]
    return [x_ND.astype(np.float32) for x_ND in layers], labels.tolist()


def alike(n: int, seed: int, apart: float) -> tuple[Features, list[int]]:
    """Features of one layer, of pictures that a network hardly tells apart."""
    rng = np.random.default_rng(seed)
    x_ND = ALIKE + apart * rng.normal(0, 1, (n, 20))
    return [x_ND.astype(np.float32)], [i % 3 for i in range(n)]


def logits(features: Features) -> Floats:
    return np.asarray(features[0] @ CENTRES.T / 20, np.float32)


def elsewhere(n: int, *widths: int) -> Features:
    rng = np.random.default_rng(9)
    return [rng.normal(0, 4, (n, width)).astype(np.float32) for width in widths]


def ranking(
    train: tuple[Features, list[int]], valid: tuple[Features, list[int]]
) -> list[OodDetector]:
    outliers = elsewhere(100, *(x_ND.shape[1] for x_ND in train[0]))
    known = logits(valid[0])
    return ranked_detectors(*train, valid[0], known, outliers, logits(outliers), 0.95)


def test_the_score_that_tells_outliers_best_is_first_and_says_how_well() -> None:
    best, *_, last = ranking(cloud(300, 1), cloud(300, 2))
    assert best.method in ("neighbours", "mahalanobis")
    assert best.unsteady == ()
    assert set(best.separations) == set(METHODS)
    assert best.separations[best.method].auroc.value > 0.97
    assert best.separations[best.method].auroc.low > best.separations["probability"].auroc.high
    assert last.method == NONE


def test_a_score_that_is_mostly_rounding_is_not_used() -> None:
    """Cosines of features that differ by a millionth are all 1 but for the last bits."""
    train, valid = alike(200, 1, 1e-5), alike(200, 2, 1e-5)
    shaky = fit_detector("neighbours", *train, valid[0], logits(valid[0]), 0.95)
    assert rounding(shaky, valid[0], logits(valid[0])) > 10 * STEADY
    detectors = ranking(train, valid)
    assert "neighbours" in detectors[0].unsteady
    assert "neighbours" not in [detector.method for detector in detectors]


def test_a_score_of_pictures_that_differ_is_steady() -> None:
    (train, labels), (valid, _) = cloud(300, 1), cloud(300, 2)
    for method in METHODS:
        detector = fit_detector(method, train, labels, valid, logits(valid), 0.95)
        assert rounding(detector, valid, logits(valid)) < STEADY / 2


@pytest.mark.parametrize("apart", [0.0, 1e-30, 1e-7])
def test_of_pictures_that_do_not_differ_there_is_no_score_of_features(apart: float) -> None:
    detectors = ranking(alike(60, 1, apart), alike(60, 2, apart))
    assert not {"neighbours", "mahalanobis"} & {detector.method for detector in detectors}
    assert detectors[-1].method == NONE


def test_where_no_score_holds_still_every_picture_is_one_of_the_classes() -> None:
    (train, labels), (valid, _) = alike(60, 1, 0.0), alike(60, 2, 0.0)
    outliers = elsewhere(50, 20)
    sure = np.tile(np.array([60, 0, 0], np.float32), (60, 1))
    (only,) = ranked_detectors(train, labels, valid, sure + 1e4, outliers, logits(outliers), 0.95)
    assert only.method == NONE
    assert only.facts()["unsteady"] == list(METHODS)
    assert not only.scores(outliers, logits(outliers)).any()
    again = OodDetector.from_safetensors(only.facts(), only.to_safetensors())
    assert not again.scores(outliers, logits(outliers)).any()
