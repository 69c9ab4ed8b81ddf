"""Changes to ONNX graphs, whoever wrote them: what a network sees becomes an output.

What is seen are the features that the last layer gets, and a mid-level features: the mean of each
channel where about two thirds of the convolutions are done. Features tell what is shown; the look
half-way tells what it is made of: a drawing of a pizza is no photograph of one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# The share of convolutions before the mid-level features. On photographs, EfficientNet-Lite0 told
# drawings best from 0.6 to 0.75.
MID_DEPTH = 0.7
# With fewer convolutions there is no half-way.
FEWEST = 4
# What makes the input of a convolution, where it is an activation and not a sum or another
# convolution, whose channels may be of either sign.
_ACTIVATED = {"Relu", "Clip", "Mul", "HardSwish", "Elu", "LeakyRelu", "PRelu", "Gelu", "MaxPool"}

Model = Any  # an onnx.ModelProto
Name = str  # of a tensor in a graph


class MidLayer(NamedTuple):
    """The convolution half-way, before which the maps are looked at."""

    number: int  # in the order of the graph, which is that of the computation
    node: str  # its name in the graph, if any
    maps: Name
    channels: int


def mid_layer(graph: bytes) -> MidLayer | None:
    """Where a network's graph is looked at half-way; nowhere in one with few convolutions."""
    import onnx

    return _mid_layer(onnx.load_from_string(graph))


def with_mid_features(backbone: bytes) -> tuple[bytes, int]:
    """A backbone's graph with the mid-level features as a second output, and how wide that is.

    A network without enough convolutions keeps its one output, and the width is 0.
    """
    import onnx

    model = onnx.load_from_string(backbone)
    if (found := _mid_layer(model)) is None:
        return backbone, 0
    pen = Pen(model, "mid_features")
    pen.output(pen.mean(found.maps), "mid_features")
    return pen.graph(), found.channels


def extended(
    whole: bytes, name: str, write: Callable[["Pen", Sequence[Name], Name], Name]
) -> bytes:
    """A network's graph, to probabilities, with one more output that `write` adds.

    `write` gets a pen, the names of the features, of the mid-level ones if there are any, and
    that of the logits; it returns the name of what it wrote.
    """
    import onnx

    model = onnx.load_from_string(whole)
    pen = Pen(model, name)
    features, logits = _last_layer(model)
    mid_layer = _mid_layer(model)
    seen = (features,) if mid_layer is None else (features, pen.mean(mid_layer.maps))
    pen.output(write(pen, seen, logits), name)
    return pen.graph()


def laid_open(whole: bytes) -> bytes:
    """A network's graph that ends at its last layer: features (N, D) and logits (N, K) come out."""
    import onnx

    model = onnx.load_from_string(whole)
    names = _last_layer(model)
    del model.graph.output[:]
    pen = Pen(model, "last_layer")
    for name, called in zip(names, ("features", "logits"), strict=True):
        pen.output(name, f"last_layer.{called}")
    return pen.graph()


def only(whole: bytes, outputs: Mapping[Name, Sequence[int | str]]) -> bytes:
    """A graph with some of its outputs, of the shapes given, and all that they need."""
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_from_string(whole)
    needed, nodes = set(outputs), []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            nodes.append(node)
    constants = [constant for constant in model.graph.initializer if constant.name in needed]
    for field in (model.graph.output, model.graph.node, model.graph.initializer):
        del field[:]
    model.graph.node.extend(reversed(nodes))
    model.graph.initializer.extend(constants)
    model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in outputs.items()
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class Pen:
    """Writes nodes into a graph; every method returns the name of its result.

    All names begin with the purpose, unlike those of other pens.
    """

    def __init__(self, model: Model, purpose: str) -> None:
        self.model = model
        self.purpose = purpose
        self.count = 0

    def node(self, kind: str, *inputs: Name, outputs: int = 1, **attributes: Any) -> Name:
        """One operation; the name of its first result."""
        from onnx import helper

        self.count += 1
        names = [f"{self.purpose}.{self.count}.{i}" for i in range(outputs)]
        self.model.graph.node.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0]

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> Name:
        """Numbers that are part of the graph."""
        from onnx import numpy_helper

        self.count += 1
        name = f"{self.purpose}.{self.count}"
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


def _mid_layer(model: Model) -> MidLayer | None:
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    shapes = {constant.name: tuple(constant.dims) for constant in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    if len(convolutions) < FEWEST:
        return None
    wanted = MID_DEPTH * len(convolutions)
    for number, node in sorted(enumerate(convolutions), key=lambda at: abs(at[0] - wanted)):
        maps, kernel = node.input[:2]
        if made_by.get(maps) in _ACTIVATED and kernel in shapes:
            groups = next((a.i for a in node.attribute if a.name == "group"), 1)
            return MidLayer(number, node.name, maps, shapes[kernel][1] * groups)
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
