import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from conftest import RED, picture
from diptych import ImageClassifier, Recipe, audit, clean, load, read, split
from diptych.metrics import Score
from diptych.reliability.ood import (
    METHODS,
    Features,
    OodDetector,
    auroc,
    fit_detector,
    reference_indices,
)

Floats = npt.NDArray[np.float32]
RNG = np.random.default_rng(0)
CENTRES = RNG.normal(0, 3, (3, 20)).astype(np.float32)


def cloud(n: int, seed: int) -> tuple[Features, list[int]]:
    """Features of two layers, of pictures of three classes, each near the middle of its class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    first = CENTRES[labels] + rng.normal(0, 1, (n, 20))
    second = CENTRES[labels, :8] + rng.normal(0, 1, (n, 8))
    return [first.astype(np.float32), second.astype(np.float32)], labels.tolist()


def logits(features: Features) -> Floats:
    return np.asarray(features[0] @ CENTRES.T / 20, np.float32)


def elsewhere(n: int) -> Features:
    rng = np.random.default_rng(9)
    return [rng.normal(0, 4, (n, width)).astype(np.float32) for width in (20, 8)]


@pytest.mark.parametrize("method", METHODS)
def test_as_many_known_pictures_are_kept_as_was_asked(method: str) -> None:
    (train, labels), (valid, _), (new, _) = cloud(300, 1), cloud(500, 2), cloud(2000, 3)
    detector = fit_detector(method, train, labels, valid, logits(valid), 0.9)
    assert (detector.scores(new, logits(new)) <= 1).mean() == pytest.approx(0.9, abs=0.04)


@pytest.mark.parametrize("few", [2, 4])
@pytest.mark.parametrize("method", ["neighbours", "mahalanobis"])
def test_few_pictures_to_set_the_limit_by_do_not_refuse_most_of_the_known(
    method: str, few: int
) -> None:
    """By the largest of two alone more than half of them are, in the mean of many draws."""
    known, _ = cloud(400, 99)
    known_logits = logits(known)
    kept = []
    for draw in range(20):
        train, labels = cloud(60, 2 * draw)
        valid, _ = cloud(few, 2 * draw + 1)
        detector = fit_detector(method, train, labels, valid, logits(valid), 0.95)
        kept.append(float((detector.scores(known, known_logits) <= 1).mean()))
    assert np.mean(kept) >= 0.75


def test_a_picture_of_each_class_is_too_little_to_measure_by_but_no_failure() -> None:
    one_each = [CENTRES, CENTRES[:, :8]]
    valid, _ = cloud(30, 2)
    detector = fit_detector("mahalanobis", one_each, [0, 1, 2], valid, logits(valid), 0.95)
    assert np.isfinite(detector.scores(valid, logits(valid))).all()


def test_outliers_that_only_one_layer_tells_are_told() -> None:
    (train, labels), (valid, _), (new, _) = cloud(300, 1), cloud(300, 2), cloud(100, 3)
    half_strange = [new[0], elsewhere(100)[1]]
    detector = fit_detector("mahalanobis", train, labels, valid, logits(valid), 0.95)
    assert (detector.scores(half_strange, logits(new)) > 1).mean() > 0.9


def test_auroc_is_the_chance_that_an_outlier_scores_higher() -> None:
    known, strange = np.array([1, 2, 3], np.float32), np.array([3, 4], np.float32)
    assert auroc(known, strange).value == pytest.approx(5.5 / 6)
    assert auroc(known, known).value == pytest.approx(0.5)


def test_auroc_is_as_sure_as_there_are_pictures() -> None:
    rng = np.random.default_rng(4)
    truth = 0.9214  # of two normal distributions of width 1 that are 2 apart

    def area(n: int) -> Score:
        known, strange = (rng.normal(middle, 1, n).astype(np.float32) for middle in (0, 2))
        return auroc(known, strange)

    few, many = area(40), area(4000)
    for score in (few, many):
        assert 0 < score.low < truth < score.high < 1
    assert many.high - many.low < (few.high - few.low) / 5
    apart = auroc(np.zeros(40, np.float32), np.ones(40, np.float32))
    assert (apart.value, apart.high) == (1, 1)
    assert 0.85 < apart.low < 0.99


def test_references_are_of_every_class_alike() -> None:
    labels = [0] * 900 + [1] * 100
    indices = reference_indices(labels, most=100)
    assert len(indices) == len(set(indices)) == 100
    assert sum(labels[i] for i in indices) == 50
    assert reference_indices(labels, most=5000) == list(range(1000))


def test_a_file_holds_all_that_a_score_needs() -> None:
    (train, labels), (valid, _), (new, _) = cloud(300, 1), cloud(300, 2), cloud(50, 3)
    detector = fit_detector("mahalanobis", train, labels, valid, logits(valid), 0.95)
    again = OodDetector.from_safetensors(detector.facts(), detector.to_safetensors())
    np.testing.assert_array_equal(again.scores(new, logits(new)), detector.scores(new, logits(new)))


def test_an_outlier_is_none_of_these_in_words_and_in_json(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data = read(folder_of(60))
    parts = split(clean(data, audit(data, size=32)))
    recipe = Recipe(engine="linear", network="linear", train="all", image_size=32, epochs=5)
    tested = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
    bundle = load(tested.save(tmp_path / "a.bundle"))
    noise = np.random.default_rng(0).integers(0, 2, (32, 32, 3), np.uint8) * 255
    picture(900, hue=RED).save(tmp_path / "known.png")
    Image.fromarray(noise).resize((320, 320), Image.Resampling.NEAREST).save(tmp_path / "odd.png")
    known, odd = bundle.predict([tmp_path / "known.png", tmp_path / "odd.png"])
    assert (known.label, odd.label) == ("red", "none of these")
    assert known.prediction_set is not None
    assert known.prediction_set[0] == "red"
    assert odd.prediction_set == []
    assert odd.probability is None
    assert odd.ood_score is not None
    assert odd.ood_score > 1
    assert str(odd).startswith(f"{tmp_path / 'odd.png'}  none of these  (the nearest is ")
    facts = json.loads((tmp_path / "a.bundle" / "bundle.json").read_text())
    assert facts["ood"]["acceptance"] == 0.95
    assert facts["prediction_sets"]["test_coverage"]["value"] >= 0.8
