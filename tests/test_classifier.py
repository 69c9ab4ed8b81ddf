from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifiers import SMALL, evaluated
from diptych import ImageClassifier, read, split
from diptych.data.dataset import Dataset
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


def test_labels_mean_the_same_in_parts_that_lack_a_class(folder_of: Callable[..., Path]) -> None:
    """Of a part without blue pictures red is the first class, and still red."""
    train, valid, test = (
        read(folder_of(20, name=name, start=100 * i)) for i, name in enumerate("abc")
    )
    red = [
        Dataset(part.root, ("red",), tuple(s for s in part.samples if s.label == "red"))
        for part in (valid, test)
    ]
    model = ImageClassifier(SMALL).fit(train, valid)
    tested = model.evaluate(red[1])
    assert tested.predictions.dataset.classes == ("blue", "red")
    assert tested.predictions.scores().per_class["red"].recall.value > 0.9
    assert tested.predictions.scores().accuracy.value > 0.9
    alone = ImageClassifier(SMALL).fit(train, red[0])
    assert max(epoch.valid_accuracy for epoch in alone.evaluate(test).model.trained.history) > 0.9
    other = replace(test, classes=("blue", "red", "green"))
    for given in (lambda: model.evaluate(other), lambda: ImageClassifier(SMALL).fit(train, other)):
        with pytest.raises(InputError, match="the training part has no class 'green'"):
            given()


def test_pictures_that_it_was_made_with_are_no_test(folder_of: Callable[..., Path]) -> None:
    data = read(folder_of(20))
    parts = split(data)
    model = ImageClassifier(SMALL).fit(parts.train, parts.valid)
    for part in (parts.train, parts.valid, data):
        with pytest.raises(InputError, match="pictures of the test part are among those that"):
            model.evaluate(part)
    with pytest.raises(InputError, match="pictures of the valid part are among those that"):
        ImageClassifier(SMALL).fit(parts.train, parts.train)
    with pytest.raises(InputError, match="the test part has no picture"):
        model.evaluate(parts.test.with_samples([]))
    with pytest.raises(InputError, match="the valid part has no picture"):
        ImageClassifier(SMALL).fit(parts.train, parts.valid.with_samples([]))
    with pytest.raises(InputError, match="no picture to train on"):
        ImageClassifier(SMALL).fit(parts.train.with_samples([]), parts.valid)
