"""A graph that takes decoded pictures of any size: the twin in ONNX of what `preprocess` does."""

from typing import Any

import numpy as np

from diptych.graphs.builder import Builder, onnx_library
from diptych.networks import INPUT

PICTURE = "picture"

# ITU-R BT.601 in 16 bits, as Pillow has it.
_LUMA = (19595.0, 38470.0, 7471.0)
# At the edges, Pillow leaves out what lies outside and weights the rest the more.
_TRIANGLE: dict[str, Any] = {"mode": "linear", "antialias": 1, "exclude_outside": 1}


def any_size(graph: bytes) -> bytes:
    """The same network for one picture (H, W, 3) of uint8, which it squashes to its own size first.

    The network takes uint8 (N, S, S, 1 or 3). As in Pillow the picture is resized with an
    antialiased triangle filter; for a network of grey ones it becomes luma then. In ONNX
    Runtime, which computes in whole numbers as Pillow does, pixels are off by one level at most.
    """
    onnx = onnx_library()
    model = onnx.load_from_string(graph)
    height, width, channels = (
        dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim[1:]
    )
    builder = Builder("resizing.")
    x_1HWC = builder.node("Unsqueeze", PICTURE, builder.constant([0], np.int64))
    x_1CHW = builder.node("Transpose", x_1HWC, perm=[0, 3, 1, 2])
    sizes = builder.constant([1, 3, height, width], np.int64)
    resized = builder.node("Resize", x_1CHW, "", "", sizes, **_TRIANGLE)
    x_1HWC = builder.node("Transpose", resized, perm=[0, 2, 3, 1])
    if channels == 1:
        levels = builder.node("Cast", x_1HWC, to=onnx.TensorProto.FLOAT)
        weighted = builder.node("Mul", levels, builder.constant(_LUMA))
        total = builder.node("ReduceSum", weighted, builder.constant([3], np.int64), keepdims=1)
        half_up = builder.node("Add", total, builder.constant(32768.0))
        x_1HWC = builder.node("Div", half_up, builder.constant(65536.0))
    builder.node("Cast", x_1HWC, output=INPUT, to=onnx.TensorProto.UINT8)
    inner = list(model.graph.node)
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend([*builder.nodes, *inner])
    model.graph.initializer.extend(builder.constants.values())
    picture = onnx.helper.make_tensor_value_info(
        PICTURE, onnx.TensorProto.UINT8, ["height", "width", 3]
    )
    model.graph.input.append(picture)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
