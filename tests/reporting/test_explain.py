"""What a bundle answers is explained, picture by picture."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import BLUE, GREEN, RED, picture
from diptych import ImageClassifier, Recipe, load, read, split
from diptych.bundles.predictor import Prediction
from diptych.data.dataset import NONE
from diptych.errors import InputError
from diptych.images.encoding import as_png
from diptych.reporting.explain import Explainer, heatmap_name
from diptych.reporting.heatmaps import Heatmap

pytestmark = pytest.mark.usefixtures("one_thread")


def test_heatmaps_never_share_a_name() -> None:
    taken = set[str]()
    names = ["a/x.jpg", "b/x.png", "X.jpg", "x.2.jpg", "digits.csv:12", "v1. last"]
    assert [heatmap_name(name, taken) for name in names] == [
        "x.heatmap.png",
        "x.2.heatmap.png",
        "X.3.heatmap.png",
        "x.2.2.heatmap.png",
        "digits.csv-12.heatmap.png",
        "v1. last.heatmap.png",
    ]
    assert len(heatmap_name(f"{'ж' * 250}.jpg", taken).encode()) < 230


def diptych(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diptych", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def made(root: Path, out: Path, **choices: Any) -> Path:
    """A bundle of a folder of pictures, quickly trained."""
    parts = split(read(root), seed=0)
    model = ImageClassifier(Recipe(image_size=32, epochs=3, batch_size=8, **choices))
    model.fit(parts.train, parts.valid).evaluate(parts.test).save(out)
    return out


@pytest.fixture
def linear(folder_of: Callable[..., Path], tmp_path: Path) -> Path:
    return made(folder_of(30), tmp_path / "red.bundle", engine="linear", network="linear")


def test_explain_writes_a_heatmap_for_each_picture(linear: Path, tmp_path: Path) -> None:
    (tmp_path / "new" / "deep").mkdir(parents=True)
    picture(900, 64, hue=RED).resize((800, 400)).save(tmp_path / "new" / "a.jpg")
    picture(901, 64, hue=BLUE).resize((30, 60)).save(tmp_path / "new" / "deep" / "a.jpg")
    (tmp_path / "new" / "bad.jpg").write_bytes(b"no picture")
    out = tmp_path / "heat"
    run = diptych("explain", linear, tmp_path / "new", "--out", out)
    assert run.returncode == 1, run.stderr
    first, bad, second = run.stdout.splitlines()
    assert first.startswith(f"{tmp_path / 'new' / 'a.jpg'}  red  ")
    assert first.endswith(f" %  heatmap written to {out / 'a.heatmap.png'}")
    assert "bad.jpg  cannot be read: not an image" in bad
    assert second.endswith("a.2.heatmap.png")
    with Image.open(out / "a.heatmap.png") as wide, Image.open(out / "a.2.heatmap.png") as tall:
        assert (wide.size, tall.size) == ((512, 256), (128, 256))
    assert sorted(file.name for file in out.iterdir()) == ["a.2.heatmap.png", "a.heatmap.png"]


def test_explain_answers_in_json(linear: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.png"
    picture(900, 64, hue=RED).save(new)
    run = diptych("explain", linear, "--class", "blue", new, "--out", tmp_path / "heat", "--json")
    (answer,) = json.loads(run.stdout)
    heatmap = tmp_path / "heat" / "new.heatmap.png"
    assert answer["probability"] > 0.5
    del answer["probability"]
    assert answer == {
        "path": str(new),
        "label": "red",
        "class": "blue",
        "heatmap": str(heatmap),
        "error": None,
    }
    assert heatmap.is_file()


def test_explaining_answers_as_predicting_does(linear: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.png"
    picture(900, 64, hue=RED).save(new)
    predictor = load(linear)
    (actual,), (expected,) = Explainer(predictor).stream([new]), predictor.predict([new])
    assert actual.prediction == expected
    assert actual.explained_class == "red"


def test_an_outlier_is_explained_by_the_nearest_class(linear: Path) -> None:
    outlier = Prediction("new.png", NONE, None, {"blue": 0.4, "red": 0.6}, ood_score=2.0)
    pixels = np.asarray(picture(900, 64, hue=GREEN))
    actual = Explainer(load(linear)).explain(outlier, as_png(pixels))
    assert actual.prediction == outlier
    assert actual.explained_class == "red"


def test_every_row_of_a_table_is_explained(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [[k, *rng.integers(0, 100, 64) + 100 * k] for k in (0, 1) for _ in range(30)]
    table = tmp_path / "digits.csv"
    head = ["label", *(f"pixel{i}" for i in range(64))]
    table.write_text("\n".join(",".join(map(str, row)) for row in [head, *rows]))
    parts = split(read(table), seed=0)
    model = ImageClassifier(Recipe(engine="linear", network="linear", epochs=3))
    model.fit(parts.train, parts.valid).evaluate(parts.test).save(tmp_path / "d.bundle")
    actual = list(Explainer(load(tmp_path / "d.bundle")).stream([table]))
    assert [row.prediction.path for row in actual[:2]] == ["digits.csv:2", "digits.csv:3"]
    assert len(actual) == 60
    assert all(row.overlay is not None and row.overlay.shape == (256, 256, 3) for row in actual)


def test_what_cannot_be_explained_is_refused_first(linear: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    run = diptych("explain", linear, "x.jpg", "--out", taken)
    assert (run.returncode, run.stdout) == (2, "")
    assert f"{taken} is a file; name a folder with --out" in run.stderr

    explainer = Explainer(load(linear))
    with pytest.raises(InputError, match=r"no class 'reed'; did you mean 'red'\?"):
        explainer.stream([], of="reed")
    with pytest.raises(InputError, match="no class 'cat'; it has: blue, red"):
        explainer.stream([], of="cat")
    with pytest.raises(InputError, match="no method 'grad'; did you mean 'gradcam'"):
        Explainer(load(linear), "grad")
    with pytest.raises(InputError, match="linear has no map of where it looks"):
        Explainer(load(linear), "gradcam")
    with pytest.raises(InputError, match="leave out --engine torch, or add --method gradcam"):
        Explainer(load(linear), engine="torch")


def test_either_framework_explains_a_bundle(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    root = folder_of(20)
    predictor = load(made(root, tmp_path / "cnn.bundle", network="cnn", train="all"))
    pictures = sorted(root.rglob("*.png"))[:3]
    in_torch, in_tensorflow = (
        list(Explainer(predictor, "gradcam", engine).stream(pictures, of="red"))
        for engine in (None, "tensorflow")
    )
    for one, other in zip(in_torch, in_tensorflow, strict=True):
        assert one.heatmap is not None
        assert other.heatmap is not None
        assert np.abs(one.heatmap - other.heatmap).max() <= 1e-3 * max(one.heatmap.max(), 1e-9)


@pytest.mark.realdata
def test_pizza_is_where_the_heat_is(real: Path, tmp_path: Path) -> None:
    for label in ("not_pizza", "pizza"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for path in sorted((real / "photos" / label).glob("*.jpg"))[:100]:
            (tmp_path / "photos" / label / path.name).symlink_to(path)
    bundle = tmp_path / "pizza.bundle"
    parts = split(read(tmp_path / "photos"), seed=0)
    model = ImageClassifier(Recipe(image_size=160)).fit(parts.train, parts.valid)
    model.evaluate(parts.test).save(bundle)
    predictor = load(bundle)
    pizzas = sorted((real / "photos" / "pizza").glob("*.jpg"))[200:206]
    for method in ("occlusion", "gradcam"):
        lost = []
        for actual in Explainer(predictor, method).stream(pizzas, of="pizza"):
            assert actual.heatmap is not None
            assert np.ptp(actual.heatmap) > 0.1 * np.abs(actual.heatmap).max()
            lost.append(blanked(predictor, Path(actual.prediction.path), actual.heatmap, tmp_path))
        hottest, coldest = np.mean(lost, 0)
        assert hottest > coldest + 0.05, method


def blanked(predictor: Any, path: Path, heat: Heatmap, folder: Path) -> list[float]:
    """How far the probability of pizza falls without the hottest quarter, and the coldest."""
    with Image.open(path) as image:
        pixels = np.array(image.convert("RGB").resize((320, 320)))
    heat_HW = np.asarray(Image.fromarray(heat).resize((320, 320), Image.Resampling.BICUBIC))
    order = heat_HW.ravel().argsort()
    quarter = len(order) // 4
    names = [folder / name for name in ("whole.png", "hottest.png", "coldest.png")]
    for name, hidden in zip(names, (order[:0], order[-quarter:], order[:quarter]), strict=True):
        rest = pixels.reshape(-1, 3).copy()
        rest[hidden] = 127
        Image.fromarray(rest.reshape(pixels.shape)).save(name)
    whole, *others = (answer.probabilities["pizza"] for answer in predictor.predict(names))
    return [whole - other for other in others]
