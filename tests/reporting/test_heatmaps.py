"""The hottest place lies where the truth is known to lie, and a person finds it there."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch

from conftest import BLUE, GREEN, RED, picture
from diptych import Recipe, engines
from diptych.engines.contract import Optimiser
from diptych.engines.gradcam import gradcam
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph
from diptych.networks import Network, Weights, choosing
from diptych.networks.initialisation import initial
from diptych.networks.pretrained import carried
from diptych.networks.zoo import ZOO, build
from diptych.reporting.heatmaps import Heatmap, occlusion, overlay
from diptych.runtimes import open_graph
from diptych.training.batches import Batches

SIDE, SQUARE = 32, 8
COLOURS = (BLUE, GREEN, RED)


pytestmark = pytest.mark.usefixtures("one_thread")


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


@pytest.fixture(scope="module")
def trained() -> Iterator[tuple[Network, Weights]]:
    """A network that tells the colour of a square."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    network = ZOO["cnn"]((SIDE, SIDE, 3), 3, 0.0)
    engine = engines.build("torch", network, initial(network, 0), Optimiser("adamw", 0.01, 1.0), 0)
    seen, new = squares(320, 1), squares(60, 2)
    targets_NK = np.eye(3, dtype=np.float32)[seen.classes_N]
    batches = Batches(seen.images_NHWC, targets_NK, size=32, seed=0)
    for number in range(1, 6):
        engine.train(batches.epoch(number, [3e-3] * len(batches)))
    right = engine.predict(new.images_NHWC).argmax(1) == new.classes_N
    assert right.mean() > 0.95
    yield network, engine.weights()
    torch.set_num_threads(threads)


def on_the_square(heats: list[Heatmap], drawn: Squares) -> float:
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


@pytest.mark.parametrize(
    ("name", "side"), [("cnn", 48), ("efficientnet_lite0", 96), ("efficientnet_lite0+lite1", 96)]
)
def test_both_frameworks_look_at_the_same_places(name: str, side: int) -> None:
    pytest.importorskip("tensorflow")
    network = build(name, (side, side, 3), 3, 0.2)
    rng = np.random.default_rng(1)
    weights = initial(network, 0) | carried(network)
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
