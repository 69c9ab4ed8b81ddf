"""Every public function, called as it is not meant: each time one line that says what to do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import diptych
from classifiers import SMALL
from conftest import BLUE, RED, picture
from diptych.errors import DiptychError

# Of any type, as a person without a type checker calls them.
read: Any = diptych.read
audit: Any = diptych.audit
clean: Any = diptych.clean
split: Any = diptych.split
load: Any = diptych.load
Recipe: Any = diptych.Recipe
ImageClassifier: Any = diptych.ImageClassifier

X = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)
Y = ["a", "b"] * 3
NAN, HUGE = float("nan"), 10**5000


class World(NamedTuple):
    """What a person has at hand half-way; of any type, as a person may give it anywhere."""

    root: Any
    data: Any
    found: Any
    parts: Any
    model: Any
    evaluation: Any
    predictor: Any
    out: Any


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("wrong")
    for i in range(24):
        label, hue = ("blue", BLUE) if i % 2 else ("red", RED)
        (folder / "photos" / label).mkdir(parents=True, exist_ok=True)
        picture(i, 32, hue=hue).save(folder / "photos" / label / f"{i}.png")
    (folder / "file.txt").write_text("text")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(folder / "cache"))
        data = read(folder / "photos")
        found = audit(data, size=32)
        parts = split(clean(data, found))
        model = ImageClassifier(SMALL).fit(parts.train, parts.valid)
        evaluation = model.evaluate(parts.test)
        predictor = load(evaluation.save(folder / "a.bundle", audit=found))
        yield World(
            folder / "photos", data, found, parts, model, evaluation, predictor, folder / "out"
        )


Call = Callable[[World], Any]

READ: list[tuple[Call, str]] = [
    (lambda w: read(None), "None is no folder or table"),
    (lambda w: read(""), "the name of the folder or table is empty"),
    (lambda w: read(3), "3 is no folder or table"),
    (lambda w: read([]), "an empty list is no folder"),
    (lambda w: read(w.root / "absent"), "no such file or folder"),
    (lambda w: read(w.root / "red" / "0.png"), "not a folder"),
    (lambda w: read("http://127.0.0.1/photos"), "nothing is fetched from the web"),
    (lambda w: read(w.data), "a Dataset is no folder"),
    (lambda w: read(b"photos"), "a bytes is no folder"),
    (lambda w: read(w.root, test=3), "3 is no folder"),
    (lambda w: read(w.root, test=(1, 2, 3)), "a tuple is no folder"),
    (lambda w: read(w.root, shape="8x8"), "has no use for --shape; leave it out"),
    (lambda w: read(w.root, ["a"]), "is no list of pictures"),
    (lambda w: read(w.root, w.root), "want a label each"),
    (lambda w: read(Y, X), "labels are one a picture"),
    (lambda w: read(X, 3), "want a label each, not 3"),
    (lambda w: read(X, Y[:3]), "6 pictures and 3 labels"),
    (lambda w: read(X / 255, Y), "pictures are uint8"),
    (lambda w: read({"a": X}, Y), "a dict is no list of pictures"),
]
AUDIT: list[tuple[Call, str]] = [
    (lambda w: audit(None), "audit takes a Dataset, as read.. gives, not None"),
    (lambda w: audit("photos/"), "read it first: read.'photos/'."),
    (lambda w: audit(w.root), "read it first"),
    (lambda w: audit(w.parts), "one of its parts, such as parts.train"),
    (lambda w: audit(w.found), "not an Audit"),
    (lambda w: audit(X), "not an array of uint8"),
    (lambda w: audit(w.data, size=0), "size is a whole number between 8 and 1024, not 0"),
    (lambda w: audit(w.data, size="32"), "size is a whole number"),
    (lambda w: audit(w.data, size=HUGE), "size is a whole number .* not an int"),
    (lambda w: audit(w.data, size=(32, 32)), "not a tuple"),
    (lambda w: audit(w.data, size=32, min_side=-1), "min_side is a whole number from 0 on"),
    (lambda w: audit(w.data, size=32, min_side=None), "min_side is a whole number"),
]
CLEAN: list[tuple[Call, str]] = [
    (lambda w: clean(w.found, w.data), "clean takes a Dataset"),
    (lambda w: clean(w.data, None), "an Audit, not None; clean.data, audit.data.."),
    (lambda w: clean(w.data, w.data), "an Audit, not a Dataset"),
    (lambda w: clean(w.root, w.found), "read it first"),
    (lambda w: clean(w.parts, w.found), "one of its parts"),
    (lambda w: clean(read(X, Y), w.found), "the audit does not know picture 1"),
]
SPLIT: list[tuple[Call, str]] = [
    (lambda w: split(w.parts), "one of its parts"),
    (lambda w: split(w.found), "split takes a Dataset"),
    (lambda w: split(str(w.root)), "read it first"),
    (lambda w: split(X), "split takes a Dataset"),
    (lambda w: split(w.data, valid=0), "valid=0: a part is a share of the whole, between 0 and 1"),
    (lambda w: split(w.data, valid=-0.1), "valid=-0.1: a part is a share"),
    (lambda w: split(w.data, valid=NAN), "valid=nan: a part is a share"),
    (lambda w: split(w.data, test=20), "test=20: a part is a share"),
    (lambda w: split(w.data, test="0.2"), "test is a share .* not '0.2'"),
    (lambda w: split(w.data, test=True), "test is a share"),
    (lambda w: split(w.data, valid=0.6, test=0.5), "leave no picture to train on"),
    (lambda w: split(w.data, seed=-1), "seed is a whole number"),
    (lambda w: split(w.data, seed=0.5), "seed is a whole number"),
    (lambda w: split(w.data, seed=None), "seed is a whole number"),
    (lambda w: split(w.data.with_samples([])), "at least"),
]
RECIPE: list[tuple[Call, str]] = [
    (lambda w: Recipe("timm/resnet18"), "engine has no 'timm/resnet18'"),
    (lambda w: Recipe(3), "engine must be a text"),
    (lambda w: Recipe(epochs=HUGE), "epochs must lie between"),
    (lambda w: Recipe(epochs=-1), "epochs must lie between"),
    (lambda w: Recipe(learning_rate=NAN), "learning_rate must lie between"),
    (lambda w: Recipe().replace(epoch=3), "did you mean 'epochs'"),
    (lambda w: Recipe().replace(recipe=Recipe()), "recipe has no 'recipe'"),
    (lambda w: Recipe().with_settings("epochs"), "write it as key=value"),
    (lambda w: Recipe().with_settings({"epochs": 3}), "not a dict"),
    (lambda w: Recipe().with_settings(None), "not None"),
    (lambda w: Recipe().with_settings([3]), "not a list"),
    (lambda w: Recipe().with_toml(None), "not None"),
    (lambda w: Recipe().with_toml(w.root), "Is a directory"),
    (lambda w: Recipe.for_pixels(-3), "the number of pictures is a whole number"),
    (lambda w: Recipe.for_pixels(X), "the number of pictures"),
    (lambda w: Recipe.for_small_pictures(-3, 32), "the number of pictures is a whole number"),
    (lambda w: Recipe.for_small_pictures(100, 4), "image_size must lie between 8 and 1024"),
]
CLASSIFIER: list[tuple[Call, str]] = [
    (lambda w: ImageClassifier("timm/resnet18"), "Recipe.network='timm/resnet18'."),
    (lambda w: ImageClassifier({"epochs": 3}), "takes a Recipe, not a dict"),
    (lambda w: ImageClassifier(w.data), "takes a Recipe, not a Dataset"),
    (lambda w: ImageClassifier(Recipe), "not the class Recipe"),
    (lambda w: ImageClassifier().set_params(network="cnn"), "has no 'network'"),
    (lambda w: ImageClassifier(SMALL).fit(w.parts), "fit.parts.train, parts.valid."),
    (lambda w: ImageClassifier(SMALL).fit(w.parts.train), "fit takes two data sets"),
    (lambda w: ImageClassifier(SMALL).fit(w.parts.train, None), "fit takes two data sets"),
    (lambda w: ImageClassifier(SMALL).fit(str(w.root)), "fit takes two data sets"),
    (lambda w: ImageClassifier(SMALL).fit(w.parts.train, Y), "not a Dataset and a list"),
    (lambda w: ImageClassifier(SMALL).fit(X, w.data), "not an array of uint8 .* and a Dataset"),
    (lambda w: ImageClassifier(SMALL).fit(None, None), "not None and None"),
    (lambda w: ImageClassifier(SMALL).fit(Y, X), "labels are one a picture"),
    (lambda w: ImageClassifier(SMALL).fit(X, 3), "want a label each"),
    (lambda w: ImageClassifier(SMALL).fit(X, np.eye(6)), "labels.argmax"),
    (lambda w: ImageClassifier(SMALL).fit(X / 255, Y), "pictures are uint8"),
    (lambda w: ImageClassifier(SMALL).fit(X, ["a"] * 6), "only one class"),
    (
        lambda w: ImageClassifier(SMALL).fit(w.parts.train, w.parts.valid, keep=3),
        "named by a path, not 3",
    ),
    (
        lambda w: ImageClassifier(SMALL).fit(w.data.with_samples([]), w.parts.valid),
        "no picture to train on",
    ),
    (lambda w: w.model.evaluate(None), "None is no folder"),
    (lambda w: w.model.evaluate(w.parts), "Splits is no folder"),
    (lambda w: w.model.evaluate(w.data.with_samples([])), "no picture"),
    (lambda w: w.model.evaluate(w.parts.test, Y), "a Dataset is no list of pictures"),
    (lambda w: w.model.predict(w.parts), "is no picture"),
    (lambda w: w.model.predict(None), "None is no picture"),
    (lambda w: w.model.predict([]), "no picture was named"),
    (lambda w: w.model.predict(w.root / "absent.png"), "no such file"),
    (lambda w: w.model.predict_proba(X / 255), "arrays are uint8"),
    (lambda w: w.model.score(w.root / "red", ["red"]), "12 pictures and 1 labels"),
    (lambda w: w.model.score(X), "no folder or table"),
    (lambda w: w.model.evaluate(w.root), "are among those that the model is made with"),
    (lambda w: w.model.predict(w.data.with_samples([])), "no picture of 32×32×3 in it"),
    (lambda w: ImageClassifier().predict(w.root), "call fit first"),
]
EVALUATION: list[tuple[Call, str]] = [
    (lambda w: w.evaluation.save(None), "the bundle is named by a path, not None"),
    (lambda w: w.evaluation.save(""), "the name of the bundle is empty"),
    (lambda w: w.evaluation.save(w.found), "not an Audit"),
    (lambda w: w.evaluation.save(w.root), "exists already"),
    (lambda w: w.evaluation.save(w.root, force=True), "is no bundle"),
    (lambda w: w.evaluation.save(w.root / "red" / "0.png" / "x"), "nothing can be written"),
    (lambda w: w.evaluation.save(w.out, audit="audit.csv"), "audit is an Audit, not 'audit.csv'"),
    (lambda w: w.evaluation.save(w.out, audit=w.data), "audit is an Audit, not a Dataset"),
]
PREDICTOR: list[tuple[Call, str]] = [
    (lambda w: load(None), "the bundle is named by a path, not None"),
    (lambda w: load(""), "the name of the bundle is empty"),
    (lambda w: load(w.root), "no bundle; it has no bundle.json"),
    (lambda w: load(w.root / "absent"), "no such bundle"),
    (lambda w: load(w.root / "red" / "0.png"), "no bundle"),
    (lambda w: load(w.predictor), "not a Predictor"),
    (lambda w: load([w.out]), "not a list"),
    (lambda w: w.predictor.predict(None), "None is no picture"),
    (lambda w: w.predictor.predict(w.data), "evaluate.. answers for a data set"),
    (lambda w: w.predictor.predict(w.parts), "evaluate.. answers for a data set"),
    (lambda w: w.predictor.predict(w.data.samples[0]), "a Sample is no picture"),
    (lambda w: w.predictor.predict(w.predictor), "a Predictor is no picture"),
    (lambda w: w.predictor.predict([1, 2]), "item 1 of the list: 1 is no picture"),
    (lambda w: w.predictor.predict(X / 255), "arrays are uint8"),
    (lambda w: w.predictor.predict({}), "an empty dict is no picture"),
    (lambda w: w.predictor.stream(NAN), "nan is no picture"),
    (lambda w: w.predictor.evaluate(None), "None is no folder"),
    (lambda w: w.predictor.evaluate(w.parts), "Splits is no folder"),
    (lambda w: w.predictor.evaluate(w.data, Y), "a Dataset is no list of pictures"),
    (lambda w: w.predictor.evaluate(X, Y), "its pictures are"),
    (lambda w: w.predictor.evaluate(w.data.with_samples([])), "no picture has a label"),
]
WRONG = [*READ, *AUDIT, *CLEAN, *SPLIT, *RECIPE, *CLASSIFIER, *EVALUATION, *PREDICTOR]


@pytest.mark.parametrize(("call", "complaint"), WRONG)
def test_a_wrong_call_is_answered_in_a_line(world: World, call: Call, complaint: str) -> None:
    with pytest.raises(DiptychError, match=complaint) as caught:
        call(world)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not world.out.exists()


@pytest.mark.parametrize(
    "call",
    [
        lambda w: read(str(w.root), shape=None, value_range=None, test=None),
        lambda w: audit(w.data, size=np.int64(32), min_side=np.uint8(3)),
        lambda w: audit(dataset=w.data, size=32),
        lambda w: clean(audit=w.found, dataset=w.data),
        lambda w: split(w.data, valid=np.float32(0.2), test=np.float64(0.2), seed=np.int64(3)),
        lambda w: Recipe(epochs=np.int16(3)).with_settings(("dropout=0",)),
        lambda w: w.model.score(w.root),
        lambda w: w.model.evaluate(test=w.parts.test),
        lambda w: w.model.predict(Path(w.root)),
        lambda w: w.predictor.predict(pictures=w.root),
        lambda w: w.predictor.predict(tuple(sorted(w.root.rglob("*.png")))),
        lambda w: w.predictor.predict([s.path for s in w.data.samples]),
    ],
)
def test_what_can_only_mean_one_thing_is_done(world: World, call: Call) -> None:
    assert call(world) is not None
