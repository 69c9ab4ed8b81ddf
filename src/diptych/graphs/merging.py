"""Several ONNX graphs as one, in which what they compute alike is computed once.

Two networks on the same backbone are the same nodes on the same numbers up to the features. Each
node has a number by what it does, and to what (value numbering; Cocke and Schwartz, "Programming
Languages and Their Compilers", 1970): of two with the same number one stays.
"""

import hashlib
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from diptych.graphs.builder import Model, Name, onnx_library


class Merged(NamedTuple):
    """Graphs that became one."""

    graph: bytes  # its outputs are those of the first, then those of the second, and so on
    shared: float  # of the numbers in the smallest of them, the share that all have


def merged(graphs: Sequence[bytes]) -> Merged:
    """The graphs as one of the same input; raises MissingExtra without the package onnx.

    They take pictures of the same shape and are of the same version of ONNX.
    """
    onnx = onnx_library()
    models = [onnx.load_from_string(graph) for graph in graphs]
    whole, (given,) = models[0], models[0].graph.input
    numbers = _Numbers(given.name)
    constants: list[dict[Name, int]] = []
    outputs = [output for i, model in enumerate(models) for output in _added(numbers, model, i)]
    for model in models:
        values = model.graph.initializer
        constants.append({numbers.of_constant(value): value.ByteSize() for value in values})
    for field in (whole.graph.node, whole.graph.initializer, whole.graph.output):
        del field[:]
    whole.graph.node.extend(numbers.nodes)
    whole.graph.initializer.extend(numbers.constants)
    whole.graph.output.extend(outputs)
    common = set.intersection(*map(set, constants))
    smallest = min(constants, key=lambda sizes: sum(sizes.values()))
    shared = sum(smallest[name] for name in common) / max(sum(smallest.values()), 1)
    return Merged(bytes(whole.SerializeToString()), shared)


class _Numbers:
    """The nodes and constants of a graph that is being made, each there once."""

    def __init__(self, given: Name) -> None:
        self.given = given
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._names: dict[Hashable, list[Name]] = {}

    def of_constant(self, value: Any) -> Name:
        """What some numbers are called, whatever they were called before."""
        onnx = onnx_library()
        array = onnx.numpy_helper.to_array(value)
        key = (value.data_type, array.shape, hashlib.sha256(array.tobytes()).digest())
        if key not in self._names:
            self._names[key] = [f"constant{len(self._names)}"]
            self.constants.append(onnx.TensorProto())
            self.constants[-1].CopyFrom(value)
            self.constants[-1].name = self._names[key][0]
        return self._names[key][0]

    def of_node(self, node: Any, inputs: Sequence[Name]) -> list[Name]:
        """What the results of a node are called, of inputs that have their names here."""
        attributes = sorted(one.SerializeToString(deterministic=True) for one in node.attribute)
        key = (node.domain, node.op_type, tuple(inputs), tuple(attributes), len(node.output))
        if key not in self._names:
            own = [f"value{len(self._names)}.{i}" for i in range(len(node.output))]
            # A result that is left out has no name.
            self._names[key] = [
                new if old else "" for new, old in zip(own, node.output, strict=True)
            ]
            self.nodes.append(onnx_library().NodeProto())
            self.nodes[-1].CopyFrom(node)
            del self.nodes[-1].input[:], self.nodes[-1].output[:]
            self.nodes[-1].input.extend(inputs)
            self.nodes[-1].output.extend(self._names[key])
        return self._names[key]


def _added(numbers: _Numbers, model: Model, position: int) -> list[Any]:
    """The outputs of a model whose nodes are added; each gets a name of its own."""
    onnx = onnx_library()
    (given,) = model.graph.input
    names = {"": "", given.name: numbers.given}
    names |= {value.name: numbers.of_constant(value) for value in model.graph.initializer}
    for node in model.graph.node:
        results = numbers.of_node(node, [names[name] for name in node.input])
        names |= dict(zip(node.output, results, strict=True))
    outputs = []
    for output in model.graph.output:
        own = onnx.ValueInfoProto()
        own.CopyFrom(output)
        own.name = f"{position}.{output.name}"
        numbers.nodes.append(onnx.helper.make_node("Identity", [names[output.name]], [own.name]))
        outputs.append(own)
    return outputs
