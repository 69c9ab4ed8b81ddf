import numpy as np
import onnx
import pytest

from diptych.engines import build
from diptych.graphs.writer import onnx_graph, with_head
from diptych.networks.initialisation import initial
from diptych.networks.zoo import ZOO
from diptych.runtimes import open_graph


def test_a_backbone_and_its_head_are_the_whole() -> None:
    network = ZOO["cnn"]((16, 16, 3), 4, 0.2)
    weights = initial(network, 0)
    backbone = onnx_graph(network.backbone, weights, probabilities=False)
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    for probabilities in (True, False):
        joined = with_head(backbone, network.head, weights, probabilities=probabilities)
        onnx.checker.check_model(onnx.load_from_string(joined))
        expected = open_graph(onnx_graph(network, weights, probabilities=probabilities))(images)
        np.testing.assert_allclose(open_graph(joined)(images), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["cnn", "efficientnet_lite0"])
@pytest.mark.parametrize("sides", [(31, 46), (32, 32)])
def test_padding_is_in_numbers_and_the_graph_answers_as_pytorch(
    name: str, sides: tuple[int, int]
) -> None:
    """OpenCV 5.0 answers wrongly where a graph leaves an odd row of padding to it."""
    network = ZOO[name]((*sides, 3), 3, 0.0)
    weights = initial(network, 0)
    graph = onnx_graph(network, weights, probabilities=False)
    convolutions = [n for n in onnx.load_from_string(graph).graph.node if n.op_type == "Conv"]
    assert convolutions
    for node in convolutions:
        names = {attribute.name for attribute in node.attribute}
        assert "pads" in names
        assert "auto_pad" not in names
    images = np.random.default_rng(0).integers(0, 256, (2, *sides, 3), np.uint8)
    expected = build("torch", network, weights).predict(images)
    np.testing.assert_allclose(open_graph(graph)(images), expected, atol=2e-6)
