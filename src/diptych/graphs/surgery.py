"""Changes to ONNX graphs, whoever wrote them: features become outputs, and scores of features.

There are the features that the last layer gets, and mid-level features: the mean of each channel
where about two thirds of the convolutions are done. Features tell what is shown; mid-level ones
tell what it is made of: a drawing of a pizza is no photograph of one.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from diptych.errors import InputError
from diptych.graphs.builder import SEVERAL_VIEWS, Builder, Model, Name, onnx_library
from diptych.networks import VIEWS

# The share of convolutions before the mid-level features. On photographs, EfficientNet-Lite0 told
# drawings best from 0.6 to 0.75.
MID_DEPTH = 0.7
# With fewer convolutions there is no half-way.
FEWEST = 4
# What makes the input of a convolution, where it is an activation and not a sum or another
# convolution, whose channels may be of either sign.
_ACTIVATED = {"Relu", "Clip", "Mul", "HardSwish", "Elu", "LeakyRelu", "PRelu", "Gelu", "MaxPool"}


class MidLayer(NamedTuple):
    """The convolution half-way, whose input the mid-level features are the mean of."""

    number: int  # in the order of the graph, which is that of the computation
    node: str  # its name in the graph, if any
    maps: Name
    channels: int


class Output(NamedTuple):
    """One more output of a graph."""

    name: Name
    result: Name  # what it is
    shape: Sequence[int | str]  # for one picture; a number that nobody needs may be a name


def mid_layer(graph: bytes) -> MidLayer | None:
    """Where a graph's mid-level features are; nowhere in a network with few convolutions."""
    return _mid_layer(onnx_library().load_from_string(graph))


def with_mid_features(backbone: bytes) -> tuple[bytes, int]:
    """A backbone's graph with the mid-level features as a second output, and how wide that is.

    A network without enough convolutions keeps its one output, and the width is 0.
    """
    model = onnx_library().load_from_string(backbone)
    if (layer := _mid_layer(model)) is None:
        return backbone, 0
    builder = Builder("mid_features.")
    output = Output("mid_features", _mid_features(builder, model, layer), (layer.channels,))
    return _with_outputs(model, builder, output), layer.channels


def with_output(
    whole: bytes,
    name: str,
    shape: Sequence[int],
    write: Callable[[Builder, Sequence[Name], Name], Name],
) -> bytes:
    """A network's graph, to probabilities, with one more output that `write` adds.

    Its shape is that for one picture. `write` gets a builder, the names of the features, of the
    mid-level ones if there are any, and that of the logits; it returns the name of what it wrote.
    """
    model = onnx_library().load_from_string(whole)
    builder = Builder(f"{name}.")
    last, logits = _last_layer(model)
    layer = _mid_layer(model)
    features = (last,) if layer is None else (last, _mid_features(builder, model, layer))
    return _with_outputs(model, builder, Output(name, write(builder, features, logits), shape))


def with_last_layer_outputs(whole: bytes) -> bytes:
    """A network's graph that ends at its last layer: features (N, D) and logits (N, K) come out."""
    model = onnx_library().load_from_string(whole)
    features, logits = _last_layer(model)
    del model.graph.output[:]
    return _with_outputs(
        model,
        Builder("last_layer."),
        Output("last_layer.features", features, ["features"]),
        Output("last_layer.logits", logits, ["classes"]),
    )


def keep_outputs(whole: bytes, outputs: Mapping[Name, Sequence[int | str]]) -> bytes:
    """A graph with some of its outputs, of the shapes given, and all that they need."""
    onnx = onnx_library()
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
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in outputs.items()
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _with_outputs(model: Model, builder: Builder, *outputs: Output) -> bytes:
    """The graph with what was built, and more outputs."""
    onnx = onnx_library()
    for name, result, shape in outputs:
        builder.node("Identity", result, output=name)
        # Some readers, such as OpenCV's, refuse an output without a shape.
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", *shape])
        )
    model.graph.node.extend(builder.nodes)
    model.graph.initializer.extend(builder.constants.values())
    return bytes(model.SerializeToString())


def _mid_layer(model: Model) -> MidLayer | None:
    producers = {name: node.op_type for node in model.graph.node for name in node.output}
    shapes = {constant.name: tuple(constant.dims) for constant in model.graph.initializer}
    every = [node for node in model.graph.node if node.op_type == "Conv"]
    convolutions = list(enumerate(every))
    if first := _first_of_several(model):
        convolutions = [(number, node) for number, node in convolutions if node.output[0] in first]
    if len(convolutions) < FEWEST:
        return None
    wanted = convolutions[0][0] + MID_DEPTH * len(convolutions)
    for number, node in sorted(convolutions, key=lambda at: abs(at[0] - wanted)):
        maps, kernel = node.input[:2]
        if producers.get(maps) in _ACTIVATED and kernel in shapes:
            groups = next((a.i for a in node.attribute if a.name == "group"), 1)
            return MidLayer(number, node.name, maps, shapes[kernel][1] * groups)
    return None


def _mid_features(builder: Builder, model: Model, layer: MidLayer) -> Name:
    """The mean of each channel half-way; of several views of a picture the mean over these."""
    means = builder.mean(layer.maps)
    if not any(SEVERAL_VIEWS in node.output for node in model.graph.node):
        return means
    return builder.mean_of_views(means, VIEWS, layer.channels)


def _first_of_several(model: Model) -> set[Name]:
    """What the first of several backbones side by side computes; nothing of a graph with one.

    They meet where tensors are concatenated that have no convolution in common.
    """
    producers = {name: node for node in model.graph.node for name in node.output}
    convolutions = {name for name, node in producers.items() if node.op_type == "Conv"}
    for node in reversed(model.graph.node):
        if node.op_type == "Concat":
            branches = [_ancestors(producers, name) & convolutions for name in node.input]
            apart = sum(map(len, branches)) == len(set().union(*branches)) == len(convolutions)
            return branches[0] if apart and all(branches) else set()
    return set()


def _ancestors(producers: Mapping[Name, Any], name: Name) -> set[Name]:
    """A tensor, and all those that it is computed from."""
    found, waiting = set[Name](), [name]
    while waiting:
        if (one := waiting.pop()) not in found and one in producers:
            found.add(one)
            waiting += producers[one].input
    return found


def _last_layer(model: Model) -> tuple[Name, Name]:
    """What goes into the last dense layer, and what comes out of it.

    Raises InputError where there is none.
    """
    producers = {name: node for node in model.graph.node for name in node.output}
    logits = model.graph.output[0].name
    try:
        while producers[logits].op_type in ("Identity", "Softmax"):
            logits = producers[logits].input[0]
        node = producers[logits]
        while node.op_type not in ("Gemm", "MatMul"):
            # A dense layer may be written as a product and a sum.
            node = next(producers[name] for name in node.input if name in producers)
    except (KeyError, StopIteration) as cause:
        raise InputError("the graph ends in no dense layer; choose another network") from cause
    return node.input[0], logits
