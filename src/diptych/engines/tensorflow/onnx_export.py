"""A Keras model as an ONNX graph, by tf2onnx: for backbones that have no plain data."""

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from diptych.errors import InputError, MissingExtra, first_line
from diptych.graphs.writer import OPSET, with_our_names
from diptych.networks import INPUT
from diptych.system.memory import short_of_memory
from diptych.system.silence import quiet


def onnx_graph(whole: keras.Model, output: str) -> bytes:
    """A model as an ONNX file with any number of pictures at a time.

    Raises InputError for a model with an operation that cannot be written.
    """
    try:
        import tf2onnx
    except ModuleNotFoundError as cause:
        raise MissingExtra("tf2onnx", "tensorflow") from cause
    answer = tf.function(
        lambda images: whole(images, training=False),
        input_signature=[tf.TensorSpec((None, *whole.input.shape[1:]), tf.uint8, name=INPUT)],
    )
    with quiet("tensorflow", "tf2onnx"):
        # Weights become constants first: what a layer keeps besides weights is lost otherwise.
        frozen = convert_variables_to_constants_v2(
            answer.get_concrete_function(), lower_control_flow=False, aggressive_inlining=True
        )
        try:
            model, _ = tf2onnx.convert.from_graph_def(
                frozen.graph.as_graph_def(),
                input_names=[tensor.name for tensor in frozen.inputs],
                output_names=[tensor.name for tensor in frozen.outputs],
                opset=OPSET,
            )
        except Exception as cause:
            # tf2onnx lets pass whatever its rewriting of a graph ends in.
            if short_of_memory(cause):
                raise
            raise InputError(
                f"no ONNX graph can be made of this network ({first_line(cause)}); choose another"
            ) from cause
    return with_our_names(model, INPUT, output)
