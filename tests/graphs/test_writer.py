import numpy as np
import onnx
import pytest

from diptych.engines import build
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import ZOO
from diptych.runtimes import open_graph


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
