"""Answers that are the mean over a picture and its mirror image."""

from typing import NamedTuple

import numpy as np
import pytest

from diptych import engines
from diptych.engines.backbone import backbone_graph, whole_graph
from diptych.engines.contract import Optimiser
from diptych.engines.gradcam import gradcam
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.preprocess import Pixels
from diptych.metrics.probabilities import Logits, softmax
from diptych.networks import Network, Weights, choosing
from diptych.networks.initialisation import initial
from diptych.recipe import Recipe
from diptych.runtimes import open_graph
from diptych.training.batches import Batches

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE, CLASSES = 16, 3
ENGINES = pytest.mark.parametrize(
    ("engine", "name"), [("torch", "cnn"), ("tensorflow", "cnn"), ("linear", "linear")]
)


class Subject(NamedTuple):
    """A network of an engine, with weights that tell left from right."""

    engine: str
    network: Network  # that looks at mirror images too
    weights: Weights

    def logits(self, pixels: Pixels) -> Logits:
        return engines.build(self.engine, self.network, self.weights).predict(pixels)

    def mean_logits(self, pixels: Pixels) -> Logits:
        """What it should answer: the mean of what it says of each view by itself."""
        left_NK, right_NK = self.logits_of_each(pixels)
        assert np.abs(left_NK - right_NK).max() > 0.1
        return np.asarray((left_NK + right_NK) / 2, np.float32)

    def logits_of_each(self, pixels: Pixels) -> tuple[Logits, Logits]:
        one = engines.build(self.engine, self.network.one_view, self.weights)
        return one.predict(pixels), one.predict(np.ascontiguousarray(pixels[:, :, ::-1]))


def subject(engine: str, name: str, side: int = SIDE) -> Subject:
    recipe = Recipe(engine=engine, network=name, weights="none", train="all", views="flips")
    network = choosing.network(recipe, (side, side, 3), CLASSES)
    weights = initial(network, 0)
    start = engines.build(engine, network, weights).weights()
    classifier = start["classifier.weight"]
    drawn = np.random.default_rng(1).normal(0, 1, classifier.shape).astype(np.float32)
    one = Subject(engine, network, {**start, "classifier.weight": drawn})
    left_NK, right_NK = one.logits_of_each(pictures(3, side))
    # What a deep network makes of pictures before it is trained is next to nothing.
    scale = np.abs(left_NK - right_NK).max()
    return one._replace(weights={**start, "classifier.weight": drawn / scale})


def pictures(count: int = 5, side: int = SIDE) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


@ENGINES
def test_an_answer_is_the_mean_of_those_for_both_views(engine: str, name: str) -> None:
    one = subject(engine, name)
    expected = one.mean_logits(pictures())
    np.testing.assert_allclose(one.logits(pictures()), expected, atol=1e-4)
    graph = whole_graph(backbone_graph(engine, one.network, one.weights), one.network, one.weights)
    np.testing.assert_allclose(open_graph(graph)(pictures()), softmax(expected), atol=1e-4)


@pytest.mark.parametrize(
    ("engine", "name"), [("torch", "timm/test_resnet"), ("tensorflow", "keras/MobileNet")]
)
def test_graphs_of_libraries_look_at_both_views(engine: str, name: str) -> None:
    one, pixels = subject(engine, name, 32), pictures(3, 32)
    expected = softmax(one.mean_logits(pixels))
    graph = whole_graph(backbone_graph(engine, one.network, one.weights), one.network, one.weights)
    np.testing.assert_allclose(open_graph(graph)(pixels), expected, atol=1e-4)
    exported = engines.build(engine, one.network, one.weights).export("onnx")
    np.testing.assert_allclose(open_graph(exported)(pixels), expected, atol=1e-4)


@ENGINES
def test_what_is_learned_is_that_of_one_view(engine: str, name: str) -> None:
    one = subject(engine, name)
    targets_NK = np.eye(CLASSES, dtype=np.float32)[np.arange(6) % CLASSES]
    batches = Batches(pictures(6), targets_NK, 3, 0, AugmentationPolicy(flip=0.5))
    learned = []
    for network in (one.network, one.network.one_view):
        trained = engines.build(engine, network, one.weights, Optimiser("sgd", 0.0, 1.0), 0)
        trained.train(batches.epoch(1, [0.05] * len(batches)))
        learned.append(trained.weights())
    for weight, expected in learned[1].items():
        assert np.array_equal(learned[0][weight], expected), weight


@pytest.mark.parametrize("engine", ["torch", "tensorflow"])
def test_a_heatmap_is_of_the_picture_itself(engine: str) -> None:
    one, classes = subject(engine, "cnn"), np.zeros(5, np.int64)
    maps, expected = (
        gradcam(engine, network, one.weights)(pictures(), classes)
        for network in (one.network, one.network.one_view)
    )
    assert maps.max() > 0
    np.testing.assert_array_equal(maps, expected)
