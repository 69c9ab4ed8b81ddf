import numpy as np
import pytest

from diptych.reporting.neighbours import neighbours


def test_neighbours_are_those_whose_features_point_the_same_way() -> None:
    rng = np.random.default_rng(0)
    train_MD = rng.standard_normal((300, 40)).astype(np.float32)
    test_ND = train_MD[:150] * rng.uniform(0.1, 9, (150, 1)) + 0.01
    actual = neighbours(test_ND, train_MD, 3)
    assert actual.indices_NL[:, 0].tolist() == list(range(150))
    assert actual.similarity_NL[:, 0].min() > 0.99
    cosine_M = train_MD @ test_ND[70]
    cosine_M /= np.linalg.norm(train_MD, axis=1) * np.linalg.norm(test_ND[70])
    assert actual.indices_NL[70].tolist() == np.argsort(-cosine_M)[:3].tolist()
    assert actual.similarity_NL[70] == pytest.approx(np.sort(cosine_M)[::-1][:3], abs=1e-5)


def test_features_of_nothing_are_like_nothing_and_few_pictures_have_few_neighbours() -> None:
    actual = neighbours(np.zeros((1, 4)), np.eye(4)[:2], 5)
    assert actual.similarity_NL.tolist() == [[0, 0]]
