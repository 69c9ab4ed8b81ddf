from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifiers import SMALL, evaluated
from diptych import ImageClassifier, read, split
from diptych.errors import InputError


def test_the_same_data_and_seed_make_the_same_weights(folder_of: Callable[..., Path]) -> None:
    first, second = (evaluated(folder_of(30)).model.trained.weights for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_pictures_that_cannot_be_used_stop_the_training_by_name(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(10)
    (root / "red" / "bad.jpg").write_text("no picture")
    parts = split(read(root))
    with pytest.raises(InputError, match=r"bad\.jpg: not an image"):
        ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(parts.test)
