import numpy as np

from diptych.reporting.regions import MOST, regions


def test_heaps_with_gaps_between_them_are_regions_the_largest_first() -> None:
    rng = np.random.default_rng(0)
    heaps = [
        rng.normal(middle, 0.02, (count, 2))
        for middle, count in (((0.2, 0.2), 50), ((0.8, 0.2), 200), ((0.5, 0.8), 100))
    ]
    actual = regions(np.concatenate(heaps).clip(0, 1))
    assert actual.tolist() == [2] * 50 + [0] * 200 + [1] * 100


def test_there_are_never_more_regions_than_can_be_read() -> None:
    scattered = np.random.default_rng(0).random((300, 2))
    assert 0 < regions(scattered).max() < MOST


def test_points_at_one_place_are_one_region() -> None:
    assert regions(np.zeros((7, 2))).tolist() == [0] * 7
    assert regions(np.ones((7, 2))).tolist() == [0] * 7
