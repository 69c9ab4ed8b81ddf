"""A network as an ONNX graph, written from its plain data: no framework takes part.

Pixels enter as they lie in the cache, uint8 (N, height, width, channels); a head takes float32
features (N, features). What leaves is called "probabilities" (N, classes) for a whole network and
"features" (N, features) for a backbone. Batch normalisation is folded into the convolutions.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.graphs.builder import Builder, Model, Name, onnx_library
from diptych.networks import (
    INPUT,
    NORM,
    VIEWS,
    Activation,
    AveragePool,
    Block,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAverage,
    Layer,
    MaxPool,
    MeanOfViews,
    Mirrored,
    Network,
    SideBySide,
    Standardise,
    Unflatten,
    Weights,
)

Array = npt.NDArray[np.float32]

OPSET = 18
# The oldest file format that holds this opset, for old runtimes' sake.
_IR_VERSION = 9


def onnx_graph(network: Network, weights: Weights, *, probabilities: bool = True) -> bytes:
    """The network as an ONNX file; with `probabilities` a softmax stands at its end."""
    onnx = onnx_library()
    builder = Builder()
    first, kind = INPUT, onnx.TensorProto.FLOAT
    if len(network.input) == 3:
        images_NHWC = builder.node("Cast", INPUT, to=onnx.TensorProto.FLOAT)
        first = builder.node("Transpose", images_NHWC, perm=[0, 3, 1, 2])
        kind = onnx.TensorProto.UINT8
    last = _Writer(builder, weights, network.input[:2]).layers(network.layers, first)
    name = "probabilities" if probabilities else "features"
    if probabilities:
        last = builder.node("Softmax", last, axis=1)
    builder.node("Identity", last, output=name)
    width = network.classes if probabilities else "features"
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            builder.nodes,
            "diptych",
            [onnx.helper.make_tensor_value_info(INPUT, kind, ["N", *network.input])],
            [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", width])],
            list(builder.constants.values()),
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="diptych",
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def map_sides(network: Network, weights: Weights) -> tuple[int, ...]:
    """The height and the width of the maps that a network's last layer gives."""
    writer = _Writer(Builder(), weights, network.input[:2])
    writer.layers(network.layers, INPUT)
    return writer.sides


def with_head(
    backbone: bytes, head: Network, weights: Weights, *, probabilities: bool = True
) -> bytes:
    """A backbone's graph, whoever wrote it, with its head: from pixels to what `onnx_graph` gives.

    Without `probabilities` what leaves is called "logits", for features are inside.
    """
    onnx = onnx_library()
    model = onnx.load_from_string(backbone)
    builder = Builder("head.")
    last = _Writer(builder, weights, ()).layers(head.layers, model.graph.output[0].name)
    name = "probabilities" if probabilities else "logits"
    if probabilities:
        builder.node("Softmax", last, output=name, axis=1)
    else:
        builder.node("Identity", last, output=name)
    model.graph.node.extend(builder.nodes)
    model.graph.initializer.extend(builder.constants.values())
    del model.graph.output[:]
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", head.classes])
    )
    return bytes(model.SerializeToString())


def with_metadata(graph: bytes, facts: Mapping[str, str]) -> bytes:
    """The same graph with texts in its metadata."""
    onnx = onnx_library()
    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(model, dict(facts))
    return bytes(model.SerializeToString())


def with_our_names(model: Model, input_name: Name, output_name: Name) -> bytes:
    """A graph of another library with our names: of its input, its output, and the batch, "N".

    Raises InputError where it has an operation that ONNX lacks.
    """
    defs = onnx_library().defs
    for node in model.graph.node:
        if not defs.has(node.op_type, node.domain):
            raise InputError(f"ONNX has no operation {node.op_type}; choose another network")
    names = {
        model.graph.input[0].name: input_name,
        model.graph.output[0].name: output_name,
    }
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (model.graph.input[0], model.graph.output[0]):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    return bytes(model.SerializeToString())


class _Writer:
    """Writes layers with a builder; every method returns the name of what the layer gives."""

    def __init__(self, builder: Builder, weights: Weights, sides: tuple[int, ...]) -> None:
        self.builder = builder
        self.weights = weights
        self.sides = sides  # the height and width that the next layer gets

    def layers(self, layers: tuple[Layer, ...], x: Name, prefix: str = "") -> Name:
        for layer in layers:
            x = self.layer(layer, x, prefix)
        return x

    def layer(self, layer: Layer, x: Name, prefix: str) -> Name:
        node = self.builder.node
        match layer:
            case Standardise(mean, std, own):
                means, stds = (
                    self.builder.constant(np.reshape(value, (1, -1, 1, 1)), name=f"{prefix}{name}")
                    for name, fixed in (("mean", mean), ("std", std))
                    for value in (self.weights[f"{own}.{name}"] if own else fixed,)
                )
                return node("Div", node("Sub", x, means), stds)
            case Convolution():
                return self.convolution(layer, x, prefix + layer.name)
            case Block():
                return self.block(layer, x, f"{prefix}{layer.name}.")
            case Activation(kind):
                return self.activated(kind, x)
            case SideBySide(name, blocks):
                sides, maps = self.sides, []
                for block in blocks:
                    self.sides = sides
                    maps.append(self.layer(block, x, f"{prefix}{name}."))
                return node("Concat", *maps, axis=1)
            case MaxPool(size, stride, padding):
                stride = stride or size
                self.sides = tuple((side + 2 * padding - size) // stride + 1 for side in self.sides)
                window, strides, pads = [size] * 2, [stride] * 2, [padding] * 4
                return node("MaxPool", x, kernel_shape=window, strides=strides, pads=pads)
            case AveragePool(size):
                self.sides = tuple(side // size for side in self.sides)
                return node("AveragePool", x, kernel_shape=[size] * 2, strides=[size] * 2)
            case GlobalAverage():
                return self.builder.mean(x)
            case Mirrored():
                return self.builder.mirrored(x, axis=3, width=self.sides[1])
            case MeanOfViews(width):
                return self.builder.mean_of_views(x, VIEWS, width)
            case Flatten():
                return node("Flatten", node("Transpose", x, perm=[0, 2, 3, 1]))
            case Unflatten(height, width, channels):
                self.sides = height, width
                shape = self.builder.constant([-1, height, width, channels], np.int64)
                return node("Transpose", node("Reshape", x, shape), perm=[0, 3, 1, 2])
            case Dropout():
                return x
            case Dense(name, _, _, activation):
                weight, bias = (
                    self.builder.constant(self.weights[key], name=key)
                    for key in (f"{prefix}{name}.weight", f"{prefix}{name}.bias")
                )
                return self.activated(activation, node("Gemm", x, weight, bias, transB=1))
            case _:
                raise TypeError(f"{layer} has no ONNX form here; its own library exports it")

    def block(self, block: Block, x: Name, prefix: str) -> Name:
        sides = self.sides
        out = self.layers(block.row, x, prefix)
        if block.shortcut:
            self.sides = sides
            x = self.layer(block.shortcut, x, prefix)
        return self.builder.node("Add", x, out) if block.residual else out

    def convolution(self, layer: Convolution, x: Name, name: str) -> Name:
        kernel, bias_C = self.folded(layer, name)
        out = self.builder.node(
            "Conv",
            x,
            self.builder.constant(kernel, name=f"{name}.weight"),
            self.builder.constant(bias_C, name=f"{name}.bias"),
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=self.pads(layer.kernel, layer.stride, layer.symmetric),
            group=layer.inputs if layer.depthwise else 1,
        )
        return self.activated(layer.activation, out)

    def folded(self, layer: Convolution, name: str) -> tuple[Array, Array]:
        """The kernel and the bias of a convolution with its normalisation."""
        kernel = self.weights[f"{name}.conv.weight"]
        if not layer.norm:
            return kernel, self.weights[f"{name}.conv.bias"]
        scale, shift, mean, variance = (self.weights[f"{name}.norm.{part}"] for part in NORM)
        factor = scale / np.sqrt(variance + np.float32(layer.epsilon))
        return kernel * factor.reshape(-1, 1, 1, 1), shift - mean * factor

    def pads(self, kernel: int, stride: int, symmetric: bool) -> list[int]:
        """Rows above, columns to the left, rows below, columns to the right.

        TensorFlow's SAME, or as many on every side. In numbers: OpenCV 5.0 takes `auto_pad` with an
        odd row for padding on both sides alike.
        """
        after = tuple(-(-side // stride) for side in self.sides)
        if symmetric:
            self.sides = after
            return [kernel // 2] * 4
        lacking = [
            max((new - 1) * stride + kernel - side, 0)
            for new, side in zip(after, self.sides, strict=True)
        ]
        self.sides = after
        first = [total // 2 for total in lacking]
        return first + [total - half for total, half in zip(lacking, first, strict=True)]

    def activated(self, activation: str, x: Name) -> Name:
        match activation:
            case "":
                return x
            case "relu":
                return self.builder.node("Relu", x)
            case _:
                low, high = (self.bound(value) for value in (0.0, 6.0))
                return self.builder.node("Clip", x, low, high)

    def bound(self, value: float) -> Name:
        """A number that many layers share."""
        name = f"bound{value:g}"
        if name not in self.builder.constants:
            self.builder.constant(value, name=name)
        return name
