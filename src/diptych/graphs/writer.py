"""A network as an ONNX graph, written from its plain data: no framework takes part.

Pixels enter as they lie in the cache, uint8 (N, height, width, channels); a head takes float32
features (N, features). What leaves is called
"probabilities" (N, classes) for a whole network and "features" (N, features) for a backbone.
Batch normalisation is folded into the convolutions.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.networks import (
    INPUT,
    NORM,
    NORM_EPSILON,
    AveragePool,
    Block,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    Standardise,
    Weights,
)

OPSET = 18
# The oldest file format that holds this opset, for old runtimes' sake.
_IR_VERSION = 9


def onnx_graph(network: Network, weights: Weights, *, probabilities: bool = True) -> bytes:
    """The network as an ONNX file; with `probabilities` a softmax stands at its end."""
    from onnx import TensorProto, checker, helper

    graph = _Graph(weights)
    first, kind = INPUT, TensorProto.FLOAT
    if len(network.input) == 3:
        nhwc = graph.node("Cast", [INPUT], to=TensorProto.FLOAT)
        first, kind = graph.node("Transpose", [nhwc], perm=[0, 3, 1, 2]), TensorProto.UINT8
    last = graph.layers(network.layers, first)
    name = "probabilities" if probabilities else "features"
    if probabilities:
        last = graph.node("Softmax", [last], axis=1)
    graph.node("Identity", [last], output=name)
    width = network.classes if probabilities else "features"
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "diptych",
            [helper.make_tensor_value_info(INPUT, kind, ["N", *network.input])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="diptych",
    )
    checker.check_model(model)
    return bytes(model.SerializeToString())


def with_metadata(graph: bytes, facts: Mapping[str, str]) -> bytes:
    """The same graph with texts in its metadata."""
    import onnx

    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(model, dict(facts))
    return bytes(model.SerializeToString())


def renamed(model: Any, given: str, wanted: str) -> bytes:
    """A graph of another library with our names: of its input, its output, and the batch, "N".

    Raises InputError where it has an operation that ONNX lacks.
    """
    from onnx import defs

    for node in model.graph.node:
        if not defs.has(node.op_type, node.domain):
            raise InputError(f"ONNX has no operation {node.op_type}; choose another network")
    names = {model.graph.input[0].name: given, model.graph.output[0].name: wanted}
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (model.graph.input[0], model.graph.output[0]):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants under way to a graph; every method returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, name: str, value: npt.NDArray[np.float32]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(value.astype(np.float32), name))
        return name

    def layers(self, layers: tuple[Layer, ...], x: str, prefix: str = "") -> str:
        for layer in layers:
            x = self.layer(layer, x, prefix)
        return x

    def layer(self, layer: Layer, x: str, prefix: str) -> str:
        match layer:
            case Standardise(mean, std):
                means = self.constant("mean", np.reshape(mean, (1, -1, 1, 1)))
                stds = self.constant("std", np.reshape(std, (1, -1, 1, 1)))
                return self.node("Div", [self.node("Sub", [x, means]), stds])
            case Convolution():
                return self.convolution(layer, x, prefix + layer.name)
            case Block(name, layers, residual):
                out = self.layers(layers, x, f"{prefix}{name}.")
                return self.node("Add", [x, out]) if residual else out
            case MaxPool(size):
                return self.node("MaxPool", [x], kernel_shape=[size] * 2, strides=[size] * 2)
            case AveragePool(size):
                return self.node("AveragePool", [x], kernel_shape=[size] * 2, strides=[size] * 2)
            case GlobalAverage():
                return self.node("Flatten", [self.node("GlobalAveragePool", [x])])
            case Flatten():
                return self.node("Flatten", [self.node("Transpose", [x], perm=[0, 2, 3, 1])])
            case Dropout():
                return x
            case Dense(name, _, _, activation):
                weight, bias = f"{prefix}{name}.weight", f"{prefix}{name}.bias"
                for key in (weight, bias):
                    self.constant(key, self.weights[key])
                return self.activated(activation, self.node("Gemm", [x, weight, bias], transB=1))
            case _:
                raise TypeError(f"{layer} has no ONNX form here; its own library exports it")

    def convolution(self, layer: Convolution, x: str, name: str) -> str:
        kernel = self.weights[f"{name}.conv.weight"]
        scale, shift, mean, variance = (self.weights[f"{name}.norm.{part}"] for part in NORM)
        factor = scale / np.sqrt(variance + NORM_EPSILON)
        folded = self.constant(f"{name}.weight", kernel * factor.reshape(-1, 1, 1, 1))
        bias = self.constant(f"{name}.bias", shift - mean * factor)
        out = self.node(
            "Conv",
            [x, folded, bias],
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            # A kernel of one pixel never reaches over the edge, but ONNX Runtime would crop for it.
            auto_pad="SAME_UPPER" if layer.kernel > 1 else "VALID",
            group=layer.inputs if layer.depthwise else 1,
        )
        return self.activated(layer.activation, out)

    def activated(self, activation: str, x: str) -> str:
        match activation:
            case "":
                return x
            case "relu":
                return self.node("Relu", [x])
            case _:
                low, high = (self.bound(value) for value in (0.0, 6.0))
                return self.node("Clip", [x, low, high])

    def bound(self, value: float) -> str:
        name = f"bound{value:g}"
        if not any(constant.name == name for constant in self.constants):
            self.constant(name, np.array(value))
        return name
