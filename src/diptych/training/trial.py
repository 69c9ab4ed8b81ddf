"""A library's network tried as a graph, before hours are spent on it."""

import numpy as np

from diptych.engines.backbone import backbone_graph, whole_graph
from diptych.errors import InputError, first_line
from diptych.graphs.surgery import with_last_layer_outputs
from diptych.networks import Network, Weights
from diptych.runtimes import open_graph
from diptych.system.memory import short_of_memory

# Pictures of noise, at once and one by one: a graph with a fixed batch fails at one of these.
PICTURES = 3


def refuse_unlike(engine: str, network: Network, weights: Weights) -> None:
    """Raise InputError where a network's graph cannot be made, be run, or answers in no numbers.

    Whether it answers as the network does is for the gate to say, once there are pictures.
    """
    images = np.random.default_rng(0).integers(0, 256, (PICTURES, *network.input), np.uint8)
    graph = whole_graph(backbone_graph(engine, network, weights), network, weights)
    with_last_layer_outputs(graph)  # where the OOD score and the report begin
    try:
        run = open_graph(graph)
        answers = [run(images), run(images[:1])]
    except Exception as cause:
        # Each runtime raises classes of its own that share no base.
        if short_of_memory(cause):
            raise
        raise InputError(
            f"{network.name}: its ONNX graph cannot be run ({first_line(cause)}); "
            "choose another network"
        ) from cause
    if not all(np.isfinite(answer).all() for answer in answers):
        raise InputError(
            f"{network.name}: it answers in no finite numbers before it is trained; "
            "choose another network, or other weights"
        )
