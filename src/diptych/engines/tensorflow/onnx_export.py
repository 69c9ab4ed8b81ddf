"""A backbone of keras.applications as an ONNX graph, by tf2onnx: it has no plain data."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from diptych.engines.tensorflow.layers import model_of_network
from diptych.engines.tensorflow.weights import put_weights
from diptych.errors import InputError, MissingExtra, first_line
from diptych.graphs.views import with_views
from diptych.graphs.writer import OPSET, with_our_names
from diptych.networks import INPUT, Network, Weights
from diptych.system.memory import short_of_memory
from diptych.system.silence import quiet


def backbone_graph(backbone: Network, weights: Weights) -> bytes:
    """A network without its head as an ONNX file, with any number of pictures at a time.

    `weights` may have others too. Raises InputError for an operation that cannot be written.
    """
    model = model_of_network(backbone.one_view)
    put_weights(model, backbone, {n: value for n, value in weights.items() if backbone.has(n)})
    return with_views(onnx_graph(model), backbone)


def onnx_graph(model: keras.Model) -> bytes:
    """A model, from uint8 pixels to features, as an ONNX file."""
    try:
        import tf2onnx
    except ModuleNotFoundError as cause:
        raise MissingExtra("tf2onnx", "tensorflow") from cause
    answer = tf.function(
        lambda images: model(images, training=False),
        input_signature=[tf.TensorSpec((None, *model.input.shape[1:]), tf.uint8, name=INPUT)],
    )
    with quiet("tensorflow", "tf2onnx"):
        # Weights become constants first: what a layer keeps besides weights is lost otherwise.
        frozen = convert_variables_to_constants_v2(
            answer.get_concrete_function(), lower_control_flow=False, aggressive_inlining=True
        )
        try:
            graph, _ = tf2onnx.convert.from_graph_def(
                _without_xla(frozen.graph.as_graph_def()),
                input_names=[tensor.name for tensor in frozen.inputs],
                output_names=[tensor.name for tensor in frozen.outputs],
                opset=OPSET,
                custom_op_handlers={"Erfc": (_erfc, [])},
            )
        except Exception as cause:
            # tf2onnx lets pass whatever its rewriting of a graph ends in.
            if short_of_memory(cause):
                raise
            raise InputError(
                f"no ONNX graph can be made of this network ({first_line(cause)}); choose another"
            ) from cause
    return with_our_names(graph, INPUT, "features")


def _without_xla(graph: Any) -> Any:
    """The graph with its functions free to be written out; Keras wants grouped convolutions not to.

    It has XLA compile them.
    """
    for part in (*graph.node, *graph.library.function):
        for mark in ("_XlaMustCompile", "_noinline"):
            part.attr.pop(mark, None)
    return graph


def _erfc(graph: Any, node: Any, name: str, args: Any) -> None:
    """1 − erf(x) where TensorFlow's GELU has erfc(x), which ONNX lacks."""
    output = node.output[0]
    facts = {"shapes": [graph.get_shape(output)], "dtypes": [graph.get_dtype(output)]}
    one = graph.make_const(f"{name}.one", np.array(1, np.float32)).output[0]
    erf = graph.make_node("Erf", node.input, **facts).output[0]
    graph.remove_node(name)
    graph.make_node("Sub", [one, erf], outputs=[output], name=name, **facts)
