"""A network as ONNX graphs, its head apart: the fastest runtime runs what comes before it."""

from diptych.engines import graph_of_external
from diptych.graphs.writer import onnx_graph, with_head
from diptych.networks import Network, Weights


def backbone_graph(engine: str, network: Network, weights: Weights) -> bytes:
    """The backbone as an ONNX graph, from pixels to features.

    Of our own networks it is written from their plain data, of others by their library's framework.
    """
    if not network.external:
        return onnx_graph(network.backbone, weights, probabilities=False)
    return graph_of_external(engine, network.backbone, weights)


def whole_graph(backbone: bytes, network: Network, weights: Weights) -> bytes:
    """The graph from pixels to probabilities; `backbone` is that of the same weights."""
    if not network.external:
        return onnx_graph(network, weights)
    return with_head(backbone, network.head, weights)
