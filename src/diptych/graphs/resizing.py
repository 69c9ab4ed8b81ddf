"""A graph that takes decoded pictures of any size: the twin in ONNX of what `preprocess` does."""

from typing import Any

import numpy as np

from diptych.networks import INPUT

PICTURE = "picture"

# ITU-R BT.601 in 16 bits, as Pillow has it.
_LUMA = (19595.0, 38470.0, 7471.0)
# At the edges, Pillow leaves out what lies outside and weights the rest the more.
_TRIANGLE: dict[str, Any] = {"mode": "linear", "antialias": 1, "exclude_outside": 1}


def any_size(graph: bytes) -> bytes:
    """The same network for one picture (H, W, 3) of uint8, which it squashes to its own size first.

    The network takes uint8 (N, S, S, 1 or 3). As in Pillow the picture is resized with an
    antialiased triangle filter; where the network sees grey, it becomes luma then. In ONNX Runtime,
    which computes in whole numbers as Pillow does, pixels are off by one level at most.
    """
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_from_string(graph)
    height, width, channels = (
        dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim[1:]
    )
    nodes = _Nodes()
    x_1HWC = nodes.add("Unsqueeze", PICTURE, nodes.constant([0], np.int64))
    x_1CHW = nodes.add("Transpose", x_1HWC, perm=[0, 3, 1, 2])
    sizes = nodes.constant([1, 3, height, width], np.int64)
    resized = nodes.add("Resize", x_1CHW, "", "", sizes, **_TRIANGLE)
    x_1HWC = nodes.add("Transpose", resized, perm=[0, 2, 3, 1])
    if channels == 1:
        levels = nodes.add("Cast", x_1HWC, to=TensorProto.FLOAT)
        weighted = nodes.add("Mul", levels, nodes.constant(_LUMA, np.float32))
        total = nodes.add("ReduceSum", weighted, nodes.constant([3], np.int64), keepdims=1)
        half_up = nodes.add("Add", total, nodes.constant(32768.0, np.float32))
        x_1HWC = nodes.add("Div", half_up, nodes.constant(65536.0, np.float32))
    nodes.add("Cast", x_1HWC, output=INPUT, to=TensorProto.UINT8)
    inner = list(model.graph.node)
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend([*nodes.nodes, *inner])
    model.graph.initializer.extend(nodes.constants)
    picture = helper.make_tensor_value_info(PICTURE, TensorProto.UINT8, ["height", "width", 3])
    model.graph.input.append(picture)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Nodes:
    """The operations before the network's own; every method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"resizing.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, value: Any, dtype: Any) -> str:
        from onnx import numpy_helper

        name = f"resizing.constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name
