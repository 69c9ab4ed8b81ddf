import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import sklearn
from PIL import Image
from sklearn import model_selection

from classifiers import SMALL, evaluated
from conftest import BLUE, RED, picture
from diptych import ImageClassifier, Recipe, audit, read, split
from diptych.data.dataset import Dataset
from diptych.errors import InputError

LINEAR = Recipe(engine="linear", network="linear", train="all", epochs=10, image_size=32)


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


def coloured(n: int, start: int = 0, side: int = 32) -> list[Image.Image]:
    """Pictures, every second of them red, the others blue."""
    return [picture(start + i, side, hue=(BLUE, RED)[i % 2]) for i in range(n)]


def arrays(n: int, start: int = 0) -> np.ndarray:
    return np.stack([np.asarray(image) for image in coloured(n, start, 16)])


@pytest.mark.parametrize("kind", ["arrays", "grey arrays", "pictures of PIL", "names"])
def test_pictures_and_labels_make_a_classifier(kind: str, tmp_path: Path) -> None:
    def given(n: int, start: int) -> Any:
        if kind == "arrays":
            return arrays(n, start)
        if kind == "grey arrays":
            return arrays(n, start)[..., 0]
        images = coloured(n, start)
        if kind == "pictures of PIL":
            return images
        names = [str(tmp_path / f"{start + i}.png") for i in range(n)]
        for name, image in zip(names, images, strict=True):
            image.save(name)
        return names

    y = np.arange(40) % 2 + 7
    model = ImageClassifier(LINEAR)
    assert model.fit(given(40, 0), y) is model
    assert model.classes_.tolist() == [7, 8]
    new = given(12, 500)
    p_NK = model.predict_proba(new)
    assert p_NK.shape == (12, 2)
    assert p_NK.sum(1) == pytest.approx(1, abs=1e-5)
    assert model.predict(new).tolist() == model.classes_[p_NK.argmax(1)].tolist()
    assert model.predict(new).dtype == np.int64
    assert model.score(new, y[:12]) == np.mean(model.predict(new) == y[:12]) > 0.9
    assert model.score(new, np.full(12, 99)) == 0
    assert len(model.evaluate(new, y[:12]).predictions.dataset) == 12


def test_copies_are_on_one_side_and_what_is_set_aside_is_said() -> None:
    x = arrays(40)
    model = ImageClassifier(LINEAR).fit(
        [*x, *x[:4], np.ones((16, 16, 3), np.uint8)], [*"ab" * 20, *"abab", "a"]
    )
    assert model.audit_ is not None
    assert model.audit_.set_aside["exact duplicate"] == 4
    assert model._fit is not None
    train, valid = (
        {s.digest for s in part.samples} for part in (model._fit.train, model._fit.valid)
    )
    assert not train & valid
    assert len(train | valid) == model.audit_.used


def test_a_fitted_classifier_answers_for_data_sets_and_names(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(20)
    parts = split(read(root))
    model = ImageClassifier(SMALL).fit(parts.train, parts.valid)
    assert model.audit_ is None
    assert model.classes_.tolist() == ["blue", "red"]
    assert set(model.predict(root / "red")) == {"red"}
    assert model.predict(parts.test).tolist() == [s.label for s in parts.test.samples]
    assert model.score(parts.test) == model.score(str(root)) == 1.0
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(parts.test), model.predict_proba(parts.test))
    (root / "bad.jpg").write_text("no picture")
    with pytest.raises(InputError, match=r"bad\.jpg: not an image"):
        model.predict(root / "bad.jpg")


def test_it_is_told_that_it_is_not_trained() -> None:
    model = ImageClassifier()
    for ask in (
        lambda: model.predict("x.jpg"),
        lambda: model.predict_proba("x.jpg"),
        lambda: model.score(arrays(2), ["a", "b"]),
        lambda: model.evaluate("photos"),
        lambda: model.classes_,
    ):
        with pytest.raises(InputError, match="not trained yet; call fit first"):
            ask()
    assert not hasattr(model, "classes_")


def test_parameters_are_those_of_scikit_learn() -> None:
    recipe = Recipe(epochs=7)
    model = ImageClassifier(recipe)
    assert model.get_params(deep=False) == {"recipe": recipe}
    assert model.get_params()["recipe__epochs"] == 7
    assert model.set_params(recipe__epochs=np.int64(3)).recipe == Recipe(epochs=3)
    assert model.set_params(recipe=None).get_params(deep=False) == {"recipe": None}
    with pytest.raises(InputError, match=r"ImageClassifier has no 'epochs'; .* recipe__epochs"):
        model.set_params(epochs=3)
    with pytest.raises(InputError, match="did you mean 'epochs'"):
        model.set_params(recipe__epoch=3)
    copied = sklearn.base.clone(ImageClassifier(LINEAR))
    assert copied.recipe == LINEAR
    assert sklearn.base.clone(ImageClassifier()).get_params(deep=False) == {"recipe": None}


def test_other_choices_are_for_the_next_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = coloured(40), np.arange(40) % 2
    model = ImageClassifier(LINEAR).fit(x, y)
    expected = model.predict_proba(x)
    model.set_params(recipe__image_size=2 * LINEAR.image_size, recipe__epochs=9)

    def stopped(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("diptych.classifier.make_reliable", stopped)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y)
    assert np.array_equal(model.predict_proba(x), expected)
    assert model.evaluate(coloured(8, start=100), y[:8]).recipe == LINEAR


def test_scikit_learn_validates_it_like_one_of_its_own() -> None:
    x, y = arrays(40), np.arange(40) % 2
    accuracy = model_selection.cross_val_score(ImageClassifier(LINEAR), x, y, cv=2)
    assert accuracy.shape == (2,)
    assert accuracy.min() > 0.9
    search = model_selection.GridSearchCV(ImageClassifier(LINEAR), {"recipe__epochs": [1]}, cv=2)
    assert search.fit(coloured(40), y).best_params_ == {"recipe__epochs": 1}


def test_values_show_themselves_shortly(folder_of: Callable[..., Path]) -> None:
    root = folder_of(20)
    (root / "red" / "<i>.jpg").write_text("no picture")
    data = read(root)
    found = audit(data, size=32)
    assert repr(found) == f"<Audit of {root}: 41 files: 40 used, 1 set aside (1 not an image)>"
    html = found._repr_html_()
    assert "red/&lt;i&gt;.jpg" in html
    (root / "red" / "<i>.jpg").unlink()
    evaluation = evaluated(root)
    assert repr(evaluation) == "<Evaluation of linear: 6 of 6 test pictures right>"
    page = evaluation._repr_html_()
    assert "linear baseline" in page
    assert len(page) < 20_000
    assert repr(evaluation.predictions) == "<Predictions: 6 of 6 right>"
    assert repr(evaluation.parts) == "<Splits: 28 for train, 6 for valid, 6 for test>"
    assert repr(data) == f"<Dataset {root}: 41 pictures, 2 classes>"
    assert repr(ImageClassifier()) == "<ImageClassifier efficientnet_lite0 in torch>"
