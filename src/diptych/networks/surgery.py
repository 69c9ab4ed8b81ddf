"""Changes to ONNX graphs, whoever wrote them: what a network sees becomes an output.

What is seen are the features that the last layer gets, and a look half-way: the mean of each
channel where about two thirds of the convolutions are done. Features tell what is shown; the look
half-way tells what it is made of: a drawing of a pizza is no photograph of one.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

# The share of convolutions before the look half-way. On photographs, EfficientNet-Lite0 told
# drawings best from 0.6 to 0.75.
HALF_WAY = 0.7
# With fewer convolutions there is no half-way.
FEWEST = 4
# What makes the input of a convolution, where it is an activation and not a sum or another
# convolution, whose channels may be of either sign.
_ACTIVATED = {"Relu", "Clip", "Mul", "HardSwish", "Elu", "LeakyRelu", "PRelu", "Gelu", "MaxPool"}

Model = Any  # an onnx.ModelProto
Name = str  # of a tensor in a graph


def seeing(backbone: bytes) -> tuple[bytes, int]:
    """A backbone's graph with the look half-way as a second output, and how wide that is.

    A network without enough convolutions keeps its one output, and the width is 0.
    """
    import onnx

    model = onnx.load_from_string(backbone)
    if (found := _half_way(model)) is None:
        return backbone, 0
    name, width = found
    pen = Pen(model)
    pen.output(pen.mean(name), "half_way")
    return pen.graph(), width


def extended(
    whole: bytes, name: str, write: Callable[["Pen", Sequence[Name], Name], Name]
) -> bytes:
    """A network's graph, to probabilities, with one more output (N,) that `write` adds.

    `write` gets a pen, the names of what is seen (features, and the look half-way if there is one)
    and that of the logits; it returns the name of what it wrote.
    """
    import onnx

    model = onnx.load_from_string(whole)
    pen = Pen(model)
    features, logits = _last_layer(model)
    half_way = _half_way(model)
    seen = (features,) if half_way is None else (features, pen.mean(half_way[0]))
    pen.output(write(pen, seen, logits), name)
    return pen.graph()


class Pen:
    """Writes nodes into a graph; every method returns the name of its result."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.count = 0

    def node(self, kind: str, *inputs: Name, outputs: int = 1, **attributes: Any) -> Name:
        """One operation; the name of its first result."""
        from onnx import helper

        self.count += 1
        names = [f"added{self.count}.{i}" for i in range(outputs)]
        self.model.graph.node.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0]

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> Name:
        """Numbers that are part of the graph."""
        from onnx import numpy_helper

        self.count += 1
        name = f"added{self.count}"
        array = np.ascontiguousarray(np.asarray(value, dtype))
        self.model.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def mean(self, maps: Name) -> Name:
        """The mean of each channel, (N, C, H, W) → (N, C)."""
        return self.node("Flatten", self.node("GlobalAveragePool", maps))

    def output(self, name: Name, called: str) -> None:
        """Make a result an output of the graph."""
        from onnx import TensorProto, helper

        self.model.graph.node.append(helper.make_node("Identity", [name], [called]))
        value = helper.make_tensor_value_info(called, TensorProto.FLOAT, None)
        self.model.graph.output.append(value)

    def graph(self) -> bytes:
        """The whole graph as a file."""
        return bytes(self.model.SerializeToString())


def _half_way(model: Model) -> tuple[Name, int] | None:
    """The maps before the convolution half-way, and how many channels they have."""
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    shapes = {constant.name: tuple(constant.dims) for constant in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    if len(convolutions) < FEWEST:
        return None
    wanted = HALF_WAY * len(convolutions)
    for _, node in sorted(enumerate(convolutions), key=lambda at: abs(at[0] - wanted)):
        maps, kernel = node.input[:2]
        if made_by.get(maps) in _ACTIVATED and kernel in shapes:
            groups = next((a.i for a in node.attribute if a.name == "group"), 1)
            return maps, shapes[kernel][1] * groups
    return None


def _last_layer(model: Model) -> tuple[Name, Name]:
    """What goes into the last dense layer, and what comes out of it."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    node = made_by[model.graph.output[0].name]
    while node.op_type in ("Identity", "Softmax"):
        logits = node.input[0]
        node = made_by[logits]
    while node.op_type not in ("Gemm", "MatMul"):
        # A dense layer may be written as a product and a sum.
        node = next(made_by[name] for name in node.input if name in made_by)
    return node.input[0], logits
