"""What a bundle answers for other pictures, and why, long after it was trained."""

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conftest import BLUE, RED, picture
from diptych import ImageClassifier, Recipe, audit, clean, load, read, split
from diptych.bundles.format import Bundle
from diptych.bundles.predictor import Predictor
from diptych.images.decoding import decode_files, pixel_store
from diptych.metrics.probabilities import softmax
from diptych.reporting.evidence import from_bundle, gather
from diptych.reporting.report_page import report_page

SIDE = 32

pytestmark = pytest.mark.usefixtures("one_thread")


class Made(NamedTuple):
    """A bundle, the cache it was made in, and other pictures, a fifth of them mislabelled."""

    bundle: Path
    cache: Path
    photos: Path
    other: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Reds and blues; those that are mislabelled among the others all come from camera B."""
    made = Made(*(tmp_path_factory.mktemp(name) for name in ("out", "cache", "photos", "other")))
    for i in range(120):
        label, hue = (("red", RED), ("blue", BLUE))[i % 2]
        (made.photos / label).mkdir(exist_ok=True)
        picture(i, 48, hue=hue).save(made.photos / label / f"{i:03}.png")
    rows = ["file_name,label,camera"]
    for i in range(60):
        hue = (RED, BLUE)[i % 2]
        picture(1000 + i, 48, hue=hue).save(made.other / f"{i:03}.png")
        wrong = i % 5 == 0
        rows.append(f"{i:03}.png,{('red', 'blue')[i % 2 ^ wrong]},{'B' if wrong else 'A'}")
    (made.other / "metadata.csv").write_text("\n".join(rows) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(made.cache))
        data = read(made.photos)
        parts = split(clean(data, audit(data, size=SIDE)))
        recipe = Recipe(engine="torch", network="cnn", image_size=SIDE, epochs=10)
        model = ImageClassifier(recipe).fit(parts.train, parts.valid)
        model.evaluate(parts.test).save(made.bundle / "a.bundle")
    return made._replace(bundle=made.bundle / "a.bundle")


@pytest.fixture
def its_cache(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE", str(made.cache))


def train_names(bundle: Path) -> set[str]:
    rows = (bundle / "splits.csv").read_text().splitlines()
    return {row.split(",")[0] for row in rows if ",train," in row}


@pytest.mark.usefixtures("its_cache")
def test_a_mistake_is_shown_with_what_it_looks_like_and_what_was_looked_at(made: Made) -> None:
    predictor = load(made.bundle)
    actual = gather(from_bundle(predictor), predictor.evaluate(read(made.other)))
    assert len(actual.mistakes) == 12
    for answer in actual.mistakes:
        near = actual.neighbours[answer.name]
        assert {n.name for n in near} <= train_names(made.bundle)
        # It is taken for what it shows, and what it shows looks like that in training.
        assert [n.label for n in near] == [answer.answer] * 3
        assert actual.heatmaps[answer.name].shape == (SIDE, SIDE, 3)
    assert actual.neighbours_note == ""
    page = report_page(actual, "a.bundle on other")
    assert page.count("What it looked at") == 12
    assert page.count('alt="training picture') == 36


@pytest.mark.usefixtures("its_cache")
def test_a_column_of_the_table_is_a_kind_of_picture(made: Made) -> None:
    predictor = load(made.bundle)
    actual = gather(from_bundle(predictor), predictor.evaluate(read(made.other)))
    assert [one.what for one in actual.slices.significant] == ["pictures whose camera is B"]


def with_calibration(predictor: Predictor, **facts: Any) -> Predictor:
    """The same one, whose bundle says that it was calibrated in another way."""
    told = {**predictor.bundle.facts}
    told["calibration"] = {**told["calibration"], **facts}
    predictor.bundle = Bundle(predictor.bundle.path, told)
    return predictor


@pytest.mark.usefixtures("its_cache")
@pytest.mark.parametrize(
    ("kind", "scale", "shift"),
    [("temperature", (5.0, 5.0), (0.0, 0.0)), ("vector", (8.0, 4.0), (1.0, -1.0))],
)
def test_the_answers_before_calibration_are_shown(
    made: Made, kind: str, scale: tuple[float, ...], shift: tuple[float, ...]
) -> None:
    import torch

    predictor = with_calibration(load(made.bundle), kind=kind, scale_K=scale, shift_K=shift)
    predictions = predictor.evaluate(read(made.other))
    actual = gather(from_bundle(predictor), predictions)
    pixels = actual.store.read([sample.digest for sample in predictions.dataset.samples])
    with torch.inference_mode():
        logits_NK = predictor.to_torch().eval()(torch.from_numpy(pixels)).numpy()
    assert actual.uncalibrated_NK == pytest.approx(softmax((logits_NK - shift) / scale), abs=0.01)
    assert "before calibration" in report_page(actual, "a.bundle on other")
    none = with_calibration(predictor, kind="none", scale_K=(1.0, 1.0), shift_K=(0.0, 0.0))
    assert gather(from_bundle(none), predictions).uncalibrated_NK is None


def test_it_is_said_where_the_training_pictures_are_gone(made: Made) -> None:
    predictor = load(made.bundle)
    actual = gather(from_bundle(predictor), predictor.evaluate(read(made.other)))
    assert actual.neighbours == {}
    said = "The training pictures are no longer in the cache"
    assert said in report_page(actual, "a.bundle on other")


def test_it_is_said_among_how_few_the_nearest_were_looked_for(made: Made) -> None:
    names = sorted(train_names(made.bundle))
    predictor = load(made.bundle)
    store = pixel_store(predictor.bundle.shape)
    assert not any(
        p.reason for p in decode_files([made.photos / name for name in names[:5]], store)
    )
    actual = gather(from_bundle(predictor), predictor.evaluate(read(made.other)))
    assert actual.neighbours_note == f"Looked for among 5 of the {len(names)} training pictures."
    assert {n.name for near in actual.neighbours.values() for n in near} <= set(names[:5])
    assert actual.neighbours_note in report_page(actual, "a.bundle on other")


def test_no_framework_is_needed_for_a_report(made: Made, tmp_path: Path) -> None:
    command = ["evaluate", str(made.bundle), str(made.other), "--out", str(tmp_path / "eval")]
    absent = "torch", "timm", "tensorflow", "keras", "onnx"
    code = (
        "import sys; from importlib.machinery import PathFinder\n"
        "class Without(PathFinder):\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, *more):\n"
        f"        return None if name in {absent!r} else super().find_spec(name, *more)\n"
        "sys.meta_path[sys.meta_path.index(PathFinder)] = Without\n"
        f"from diptych.cli import main; main({command!r})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "eval" / "report.html").read_text()
    assert "With the package onnx the training pictures" in page
    # Those that are looked at without a framework are a handful.
    assert page.count("What it looked at") == 4
