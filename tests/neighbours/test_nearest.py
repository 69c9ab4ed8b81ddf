"""The nearest of a base are those that point the same way."""

import numpy as np
import pytest

from diptych import neighbours
from diptych.images.rows import Chosen
from diptych.neighbours import best_of_each, nearest

RNG = np.random.default_rng(0)


def test_neighbours_are_those_that_point_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    # More than fit at once, of the queries and of the base.
    monkeypatch.setattr(neighbours, "BASE_ROWS", 64)
    monkeypatch.setattr(neighbours, "QUERIES", 64)
    base_MD = RNG.standard_normal((300, 40)).astype(np.float32)
    query_ND = base_MD[:150] * RNG.uniform(0.1, 9, (150, 1)) + 0.01
    actual = nearest(query_ND, base_MD, 3)
    assert actual.indices_NL[:, 0].tolist() == list(range(150))
    assert actual.similarity_NL[:, 0].min() > 0.99
    cosine_M = base_MD @ query_ND[70]
    cosine_M /= np.linalg.norm(base_MD, axis=1) * np.linalg.norm(query_ND[70])
    assert actual.indices_NL[70].tolist() == np.argsort(-cosine_M)[:3].tolist()
    assert actual.similarity_NL[70] == pytest.approx(np.sort(cosine_M)[::-1][:3], abs=1e-5)


def test_of_equals_the_first_is_the_nearest() -> None:
    base_MD = np.repeat(np.eye(2, dtype=np.float32), 5, axis=0)
    assert nearest(np.array([[0.0, 3.0]]), base_MD, 4).indices_NL.tolist() == [[5, 6, 7, 8]]


def test_what_is_nothing_is_like_nothing_and_a_small_base_has_few_neighbours() -> None:
    actual = nearest(np.zeros((1, 4)), np.eye(4)[:2], 5)
    assert actual.similarity_NL.tolist() == [[0, 0]]
    assert nearest(np.empty((0, 4)), np.eye(4), 5).indices_NL.shape == (0, 4)
    assert nearest(np.ones((1, 4)), np.empty((0, 4)), 5).indices_NL.shape == (1, 0)


def test_neighbours_may_be_looked_for_among_some_of_the_base() -> None:
    angles = np.linspace(0, 3, 31)
    base_MD = np.stack([np.cos(angles), np.sin(angles)], 1) * np.arange(1, 32)[:, None]
    others = np.array([9, 11, 8, 12, 30])
    found = nearest(base_MD[10:11], Chosen(base_MD, others), 4).indices_NL[0]
    assert set(others[found[:2]].tolist()) == {9, 11}
    assert set(others[found[2:]].tolist()) == {8, 12}


def test_each_owner_keeps_its_best() -> None:
    owner, score = np.array([1, 0, 1, 1, 0]), np.array([0.5, 0.1, 0.9, 0.7, 0.2], np.float32)
    assert best_of_each(owner, score, 1).tolist() == [False, False, True, False, True]
    assert best_of_each(owner, score, 2).tolist() == [False, True, True, True, True]
