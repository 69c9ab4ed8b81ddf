import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from conftest import RED, picture
from diptych import ImageClassifier, Recipe, audit, clean, load, read, split
from diptych.graphs.surgery import with_mid_features
from diptych.graphs.writer import onnx_graph
from diptych.metrics import Score
from diptych.networks import initial
from diptych.networks.zoo import ZOO
from diptych.reliability.ood import (
    KINDS,
    Features,
    _fitted,
    auroc,
    chosen,
    references,
    synthetic_outliers,
)
from diptych.runtimes import open_outputs
from diptych.training.features import extracted, feature_extractor

Floats = npt.NDArray[np.float32]
RNG = np.random.default_rng(0)
CENTRES = RNG.normal(0, 3, (3, 20)).astype(np.float32)


def cloud(n: int, seed: int) -> tuple[Features, list[int]]:
    """Two looks at pictures of three classes, each near the middle of its class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    first = CENTRES[labels] + rng.normal(0, 1, (n, 20))
    second = CENTRES[labels, :8] + rng.normal(0, 1, (n, 8))
    return [first.astype(np.float32), second.astype(np.float32)], labels.tolist()


def logits(seen: Features) -> Floats:
    return np.asarray(seen[0] @ CENTRES.T / 20, np.float32)


def elsewhere(n: int) -> Features:
    rng = np.random.default_rng(9)
    return [rng.normal(0, 4, (n, width)).astype(np.float32) for width in (20, 8)]


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_known_pictures_are_kept_as_was_asked(kind: str) -> None:
    (train, labels), (valid, _), (new, _) = cloud(300, 1), cloud(500, 2), cloud(2000, 3)
    score = _fitted(kind, train, labels, valid, logits(valid), 0.9)
    assert (score.scores(new, logits(new)) <= 1).mean() == pytest.approx(0.9, abs=0.04)


def test_the_score_that_tells_outliers_best_is_kept_and_says_how_well() -> None:
    (train, labels), (valid, _) = cloud(300, 1), cloud(300, 2)
    drawn = elsewhere(100)
    found = chosen(train, labels, valid, logits(valid), drawn, logits(drawn), 0.95)
    assert found.kind in ("neighbours", "mahalanobis")
    assert set(found.evidence) == set(KINDS)
    best = found.evidence[found.kind]
    assert best.auroc.value > 0.97
    assert best.auroc.low > found.evidence["probability"].auroc.high


def test_a_picture_of_each_class_is_too_little_to_measure_by_but_no_failure() -> None:
    one_each = [CENTRES, CENTRES[:, :8]]
    valid, _ = cloud(30, 2)
    score = _fitted("mahalanobis", one_each, [0, 1, 2], valid, logits(valid), 0.95)
    assert np.isfinite(score.scores(valid, logits(valid))).all()


def test_outliers_that_only_one_look_tells_are_told() -> None:
    (train, labels), (valid, _), (new, _) = cloud(300, 1), cloud(300, 2), cloud(100, 3)
    half_strange = [new[0], elsewhere(100)[1]]
    score = _fitted("mahalanobis", train, labels, valid, logits(valid), 0.95)
    assert (score.scores(half_strange, logits(new)) > 1).mean() > 0.9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_the_graph_scores_as_numpy_does(kind: str, name: str) -> None:
    network = ZOO[name]((32, 32, 3), 3, 0.0)
    weights = initial(network, 0)
    weights["classifier.weight"] = RNG.normal(0, 0.3, weights["classifier.weight"].shape).astype(
        np.float32
    )
    images = np.random.default_rng(1).integers(0, 256, (60, 32, 32, 3), np.uint8)
    extractor = feature_extractor(
        onnx_graph(network.backbone, weights, probabilities=False), network.features
    )
    seen = extracted(open_outputs(extractor.graph), images)
    assert len(seen) == (2 if name == "cnn" else 1)

    def answers(look: Floats) -> Floats:
        return np.asarray(look @ weights["classifier.weight"].T + weights["classifier.bias"])

    train, valid = [look[:40] for look in seen], [look[40:] for look in seen]
    score = _fitted(kind, train, [i % 3 for i in range(40)], valid, answers(valid[0]), 0.95)
    run = open_outputs(score.written(onnx_graph(network, weights)))
    p_NK, ood_score_N = run(images)
    assert p_NK.shape == (60, 3)
    np.testing.assert_allclose(ood_score_N, score.scores(seen, answers(seen[0])), rtol=2e-3)


def test_a_network_without_convolutions_has_no_look_half_way() -> None:
    network = ZOO["mlp"]((32, 32, 3), 3, 0.0)
    graph = onnx_graph(network.backbone, initial(network, 0), probabilities=False)
    assert with_mid_features(graph) == (graph, 0)


def test_auroc_is_the_chance_that_a_outlier_scores_higher() -> None:
    known, strange = np.array([1, 2, 3], np.float32), np.array([3, 4], np.float32)
    assert auroc(known, strange).value == pytest.approx(5.5 / 6)
    assert auroc(known, known).value == pytest.approx(0.5)


def test_auroc_is_as_sure_as_there_are_pictures() -> None:
    rng = np.random.default_rng(4)
    truth = 0.9214  # of two normal distributions of width 1 that are 2 apart

    def found(n: int) -> Score:
        known, strange = (rng.normal(middle, 1, n).astype(np.float32) for middle in (0, 2))
        return auroc(known, strange)

    few, many = found(40), found(4000)
    for score in (few, many):
        assert 0 < score.low < truth < score.high < 1
    assert many.high - many.low < (few.high - few.low) / 5
    apart = auroc(np.zeros(40, np.float32), np.ones(40, np.float32))
    assert (apart.value, apart.high) == (1, 1)
    assert 0.85 < apart.low < 0.99


def test_references_are_of_every_class_alike() -> None:
    labels = [0] * 900 + [1] * 100
    some = references(labels, most=100)
    assert len(some) == len(set(some)) == 100
    assert sum(labels[i] for i in some) == 50
    assert references(labels, most=5000) == list(range(1000))


@pytest.mark.parametrize("shape", [(8, 8, 1), (40, 60, 3)])
def test_outliers_are_drawn_in_any_shape_and_always_the_same(shape: tuple[int, int, int]) -> None:
    drawn = synthetic_outliers(shape)
    assert drawn.shape[1:] == shape
    assert len({picture.tobytes() for picture in drawn}) > 0.9 * len(drawn)
    np.testing.assert_array_equal(drawn, synthetic_outliers(shape))


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
