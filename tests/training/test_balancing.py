import numpy as np
import pytest

from diptych import ImageClassifier, Recipe
from diptych.training.balancing import MOST, class_weights


def test_each_class_counts_the_same_and_a_picture_counts_one_on_average() -> None:
    labels = [0] * 60 + [1] * 30 + [2] * 10
    weight_K = class_weights(labels, 3, "weights")
    assert weight_K is not None
    np.testing.assert_allclose(weight_K * [60, 30, 10], 100 / 3, rtol=1e-5)
    assert class_weights(labels, 3, "none") is None


def test_two_pictures_are_not_learned_by_heart() -> None:
    weight_K = class_weights([0] * 1000 + [1] * 2, 3, "weights")
    assert weight_K is not None
    assert weight_K[1] / weight_K[0] == pytest.approx(MOST)
    assert np.isfinite(weight_K).all()  # of a class without pictures too


def test_a_rare_class_is_found_where_it_counts_as_much() -> None:
    rng = np.random.default_rng(0)

    def pictures(n: int, level: float) -> np.ndarray:
        noise = rng.normal(level, 12, (n, 1, 1, 1)) + rng.normal(0, 40, (n, 8, 8, 1))
        return noise.clip(0, 255).astype(np.uint8)

    images = np.concatenate([pictures(400, 120), pictures(20, 140)])
    labels = ["common"] * 400 + ["rare"] * 20
    rare = pictures(200, 140)
    found = {}
    for balance in ("none", "weights"):
        recipe = Recipe(engine="linear", network="linear", epochs=10, balance=balance)
        model = ImageClassifier(recipe).fit(images, labels)
        found[balance] = (model.predict(rare) == "rare").mean()
    assert found["none"] < 0.5
    assert found["weights"] > 0.65
