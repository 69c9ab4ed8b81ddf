"""Heat lies where the truth is known to lie, and a person finds it there."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from conftest import BLUE, GREEN, RED, picture
from diptych import ImageClassifier, Recipe, engines, load, read, split
from diptych.bundles.predictor import Prediction
from diptych.data.dataset import NONE
from diptych.engines.contract import Optimiser, Step
from diptych.engines.gradcam import gradcam
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph
from diptych.images.preprocess import as_png
from diptych.networks import Network, Weights, choosing, initial
from diptych.networks.pretrained import efficientnet_lite0
from diptych.networks.zoo import ZOO
from diptych.reporting.explain import Explainer, Heat, heatmap_name, occlusion, overlay
from diptych.runtimes import open_graph

SIDE, SQUARE = 32, 8
COLOURS = (BLUE, GREEN, RED)


class Squares(NamedTuple):
    """Grey pictures with a small square somewhere: its colour is the class."""

    images_NHWC: npt.NDArray[np.uint8]
    classes_N: npt.NDArray[np.int64]
    corners_N2: npt.NDArray[np.int64]  # row and column


def squares(count: int, seed: int) -> Squares:
    rng = np.random.default_rng(seed)
    images_NHWC = rng.integers(90, 160, (count, SIDE, SIDE, 1)).repeat(3, 3).astype(np.uint8)
    classes_N = rng.integers(0, 3, count)
    corners_N2 = rng.integers(0, SIDE - SQUARE, (count, 2))
    for image, k, (row, column) in zip(images_NHWC, classes_N, corners_N2, strict=True):
        image[row : row + SQUARE, column : column + SQUARE] = COLOURS[k]
    return Squares(images_NHWC, classes_N, corners_N2)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def trained() -> Iterator[tuple[Network, Weights]]:
    """A network that tells the colour of a square."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    network = ZOO["cnn"]((SIDE, SIDE, 3), 3, 0.0)
    engine = engines.build("torch", network, initial(network, 0), Optimiser("adamw", 0.01, 1.0), 0)
    seen, new = squares(320, 1), squares(60, 2)
    targets_NK = np.eye(3, dtype=np.float32)[seen.classes_N]
    for _ in range(5):
        starts = range(0, 320, 32)
        engine.train(
            Step(seen.images_NHWC[i : i + 32], targets_NK[i : i + 32], 3e-3) for i in starts
        )
    right = engine.predict(new.images_NHWC).argmax(1) == new.classes_N
    assert right.mean() > 0.95
    yield network, engine.weights()
    torch.set_num_threads(threads)


def on_the_square(heats: list[Heat], drawn: Squares) -> float:
    """The share of pictures whose hottest place touches the square."""
    hits = 0
    for heat, (row, column) in zip(heats, drawn.corners_N2, strict=True):
        y, x = np.unravel_index(heat.argmax(), heat.shape)
        cell = SIDE / heat.shape[0]
        down, across = y * cell - row, x * cell - column
        hits += -cell < down < SQUARE and -cell < across < SQUARE
    return hits / len(heats)


def test_hiding_the_square_costs_the_most(trained: tuple[Network, Weights]) -> None:
    run, drawn = open_graph(onnx_graph(*trained)), squares(30, 3)
    pairs = zip(drawn.images_NHWC, drawn.classes_N, strict=True)
    assert on_the_square([occlusion(run, image, int(k)) for image, k in pairs], drawn) >= 0.9


def test_grad_cam_points_to_the_square(trained: tuple[Network, Weights]) -> None:
    drawn = squares(30, 3)
    heats = gradcam("torch", *trained)(drawn.images_NHWC, drawn.classes_N)
    assert heats.min() >= 0
    assert on_the_square(list(heats), drawn) >= 0.9


def test_the_square_speaks_against_the_other_colours(trained: tuple[Network, Weights]) -> None:
    run, drawn = open_graph(onnx_graph(*trained)), squares(10, 4)
    for image, k in zip(drawn.images_NHWC, drawn.classes_N, strict=True):
        own, other = occlusion(run, image, int(k)), occlusion(run, image, (int(k) + 1) % 3)
        assert other.min() < 0 < own.max()


def test_heat_is_not_lost_where_the_answer_is_sure() -> None:
    def run(pixels_NHWC: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """As sure of the first class as a float32 can be, less so without the white corner."""
        lost_N = np.where(pixels_NHWC[:, 0, 0, 0] == 255, 1e-30, 1e-20)
        return np.stack([np.ones_like(lost_N), lost_N], 1).astype(np.float32)

    image = np.zeros((32, 32, 3), np.uint8)
    image[:4, :4] = 255
    heat = occlusion(run, image, 0)
    assert heat[0, 0] == pytest.approx(10 * np.log(10), rel=1e-3)
    assert (np.delete(heat.ravel(), [0, 1, 9, 10]) == 0).all()


def test_pictures_of_a_few_pixels_have_as_many_places() -> None:
    def run(pixels_NHWC: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return np.full((len(pixels_NHWC), 2), 0.5, np.float32)

    assert occlusion(run, np.zeros((8, 6, 1), np.uint8), 0).shape == (8, 6)


@pytest.mark.parametrize(("name", "side"), [("cnn", 48), ("efficientnet_lite0", 96)])
def test_both_frameworks_look_at_the_same_places(name: str, side: int) -> None:
    pytest.importorskip("tensorflow")
    network = ZOO[name]((side, side, 3), 3, 0.2)
    rng = np.random.default_rng(1)
    weights = initial(network, 0) | (efficientnet_lite0() if name != "cnn" else {})
    weights["classifier.weight"] = rng.standard_normal((3, network.features)).astype(np.float32)
    images = np.stack([np.asarray(picture(seed, side, hue=RED)) for seed in range(6)])
    classes = np.array([0, 1, 2, 0, 1, 2])
    one, other = (
        gradcam(engine, network, weights)(images, classes) for engine in ("torch", "tensorflow")
    )
    hot_N = one.max((1, 2)) > 0
    assert hot_N.sum() >= 3
    assert np.abs(of_the_hottest(one[hot_N]) - of_the_hottest(other[hot_N])).max() < 1e-3
    assert other[~hot_N].max(initial=0) < 1e-3


def of_the_hottest(heats_Nhw: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(heats_Nhw / heats_Nhw.max((1, 2), keepdims=True))


@pytest.mark.parametrize(
    ("engine", "name"),
    [("torch", "timm/resnet18"), ("torch", "timm/vgg11"), ("tensorflow", "keras/MobileNetV3Small")],
)
def test_backbones_of_libraries_have_a_map(engine: str, name: str) -> None:
    recipe = Recipe(engine=engine, network=name, weights="none")
    network = choosing.network(recipe, (64, 64, 3), 2)
    look = gradcam(engine, network, initial(network, 0))
    images = np.stack([np.asarray(picture(seed, 64, hue=RED)) for seed in (1, 2)])
    heats = look(images, np.array([0, 1]))
    assert heats.shape == (2, 2, 2)
    assert np.isfinite(heats).all()


@pytest.mark.parametrize("name", ["mlp", "linear", "timm/vit_tiny_patch16_224"])
def test_networks_without_a_map_are_refused(name: str) -> None:
    recipe = Recipe(engine="torch", network=name, weights="none")
    network = choosing.network(recipe, (32, 32, 3), 2)
    with pytest.raises(InputError, match=f"{name} has no map of where it looks; use --method occl"):
        gradcam("torch", network, initial(network, 0))


def test_the_overlay_is_grey_where_it_is_cold_and_coloured_where_it_is_hot() -> None:
    image = np.asarray(picture(5, 60, hue=GREEN))[:40]
    heat = np.zeros((9, 9), np.float32)
    heat[4, 7] = 3.0
    shown = overlay(image, heat)
    assert shown.shape == image.shape
    assert shown.dtype == np.uint8
    colourful_HW = np.ptp(shown.astype(int), 2)
    y, x = np.unravel_index(colourful_HW.argmax(), colourful_HW.shape)
    assert abs(y - 20) < 6
    assert abs(x - 50) < 6
    assert colourful_HW[:, :30].max() <= 3


def test_the_overlay_has_no_colour_where_nothing_speaks_for_the_class() -> None:
    shown = overlay(np.full((20, 30, 1), 200, np.uint8), -np.ones((3, 3), np.float32))
    assert shown.shape == (20, 30, 3)
    assert np.ptp(shown.astype(int), 2).max() == 0


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
    (found,), (expected,) = Explainer(predictor).stream([new]), predictor.predict([new])
    assert found.answer == expected
    assert found.explained == "red"


def test_an_outlier_is_explained_by_the_nearest_class(linear: Path) -> None:
    outlier = Prediction("new.png", NONE, None, {"blue": 0.4, "red": 0.6}, ood_score=2.0)
    pixels = np.asarray(picture(900, 64, hue=GREEN))
    found = Explainer(load(linear)).explain(outlier, as_png(pixels))
    assert found.answer == outlier
    assert found.explained == "red"


def test_every_row_of_a_table_is_explained(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [[k, *rng.integers(0, 100, 64) + 100 * k] for k in (0, 1) for _ in range(30)]
    table = tmp_path / "digits.csv"
    head = ["label", *(f"pixel{i}" for i in range(64))]
    table.write_text("\n".join(",".join(map(str, row)) for row in [head, *rows]))
    parts = split(read(table), seed=0)
    model = ImageClassifier(Recipe(engine="linear", network="linear", epochs=3))
    model.fit(parts.train, parts.valid).evaluate(parts.test).save(tmp_path / "d.bundle")
    found = list(Explainer(load(tmp_path / "d.bundle")).stream([table]))
    assert [row.answer.path for row in found[:2]] == ["digits.csv:2", "digits.csv:3"]
    assert len(found) == 60
    assert all(row.overlay is not None and row.overlay.shape == (256, 256, 3) for row in found)


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
        assert one.heat is not None
        assert other.heat is not None
        assert np.abs(one.heat - other.heat).max() <= 1e-3 * max(one.heat.max(), 1e-9)


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
        for found in Explainer(predictor, method).stream(pizzas, of="pizza"):
            assert found.heat is not None
            assert np.ptp(found.heat) > 0.1 * np.abs(found.heat).max()
            lost.append(blanked(predictor, Path(found.answer.path), found.heat, tmp_path))
        hottest, coldest = np.mean(lost, 0)
        assert hottest > coldest + 0.05, method


def blanked(predictor: Any, path: Path, heat: Heat, folder: Path) -> list[float]:
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
