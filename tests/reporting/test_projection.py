import numpy as np
import numpy.typing as npt

from diptych.reporting.projection import _push, nearest, principal_components, projected


def clusters(each: int, count: int) -> npt.NDArray[np.float32]:
    """So many features around each of some far centres, one cluster after the other."""
    rng = np.random.default_rng(1)
    centres = 8 * np.eye(count, 24)
    return np.repeat(centres, each, axis=0).astype(np.float32) + rng.normal(
        size=(each * count, 24)
    ).astype(np.float32)


def test_what_is_alike_lies_together_and_apart_from_the_rest() -> None:
    positions = projected(clusters(40, 3))
    assert positions.shape == (120, 2)
    assert positions.min() == 0
    assert positions.max() == 1
    cluster = np.repeat(range(3), 40)
    assert (cluster[nearest(positions, 5)] == cluster[:, None]).mean() > 0.99
    # The widest way across lies level.
    assert np.ptp(positions[:, 0]) >= np.ptp(positions[:, 1])


def test_nothing_is_drawn_at_random() -> None:
    features = clusters(20, 2)
    np.testing.assert_array_equal(projected(features), projected(features.copy()))


def test_few_pictures_and_equal_ones_have_a_place() -> None:
    for n in (1, 3, 4, 5):
        positions = projected(clusters(n, 1))
        assert positions.shape == (n, 2)
        assert np.isfinite(positions).all()
    assert np.isfinite(projected(np.ones((30, 8), np.float32))).all()
    twice = np.concatenate([clusters(20, 2)] * 2)
    assert np.isfinite(projected(twice)).all()


def test_the_push_on_the_grid_is_that_of_all_pairs() -> None:
    points = np.random.default_rng(0).normal(size=(200, 2)) * 8
    apart = points[:, None] - points
    kernel = 1 / (1 + (apart**2).sum(axis=2))
    np.fill_diagonal(kernel, 0)
    exact = (kernel[:, :, None] ** 2 * apart).sum(axis=1) / kernel.sum()
    assert np.linalg.norm(_push(points) - exact) < 0.1 * np.linalg.norm(exact)


def test_components_are_those_of_all_features_at_once() -> None:
    features = clusters(500, 3)
    actual = principal_components(features, 3)
    left, sizes, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    best = np.abs(left[:, :3] * sizes[:3])
    np.testing.assert_allclose(np.abs(actual[:, :2]), best[:, :2], atol=1e-2)
    # Among the many directions of nothing but noise, any one that has almost as much is as good.
    assert actual.var(axis=0).sum() > 0.99 * best.var(axis=0).sum()


def test_the_nearest_are_found_across_batches() -> None:
    line = np.stack([np.arange(1500.0), np.zeros(1500)], axis=1).astype(np.float32)
    actual = nearest(line, 2)
    assert set(actual[1100]) == {1099, 1101}
    assert set(actual[0]) == {1, 2}
