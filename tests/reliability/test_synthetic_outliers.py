import numpy as np
import pytest

from diptych.reliability.synthetic_outliers import synthetic_outliers


@pytest.mark.parametrize("shape", [(8, 8, 1), (40, 60, 3)])
def test_outliers_are_drawn_in_any_shape_and_always_the_same(shape: tuple[int, int, int]) -> None:
    outliers = synthetic_outliers(shape)
    assert outliers.shape[1:] == shape
    assert len({picture.tobytes() for picture in outliers}) > 0.9 * len(outliers)
    np.testing.assert_array_equal(outliers, synthetic_outliers(shape))
