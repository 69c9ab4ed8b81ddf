"""A network without its head as an ONNX graph, which the fastest runtime runs."""

from diptych.engines import build
from diptych.graphs.writer import onnx_graph
from diptych.networks import Network, Weights


def backbone_graph(engine: str, network: Network, weights: Weights) -> bytes:
    """The backbone as an ONNX graph, from pixels to features.

    Of our own networks it is written from their plain data, of others by their library's framework.
    """
    backbone = network.backbone
    if not network.external:
        return onnx_graph(backbone, weights, probabilities=False)
    own = {name: value for name, value in weights.items() if backbone.has(name)}
    return build(engine, backbone, own).export("onnx", probabilities=False)
