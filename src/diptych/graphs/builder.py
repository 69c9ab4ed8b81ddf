"""Nodes and constants on their way into an ONNX graph: the one place that writes them."""

from typing import Any

import numpy as np
import numpy.typing as npt

Name = str  # of a tensor in a graph
Model = Any  # an onnx.ModelProto


class Builder:
    """Gathers nodes and constants; every method returns the name of its result.

    Names begin with `prefix`, so that what two builders add to one graph never clashes.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.nodes: list[Any] = []
        self.constants: dict[Name, Any] = {}

    def node(
        self, kind: str, *inputs: Name, output: Name = "", outputs: int = 1, **attributes: Any
    ) -> Name:
        """One operation with so many results; the name of the first, which is `output` if given."""
        from onnx import helper

        first = output or f"{self.prefix}{kind.lower()}{len(self.nodes)}"
        names = [first, *(f"{first}.{i}" for i in range(1, outputs))]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return first

    def constant(
        self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32, *, name: Name = ""
    ) -> Name:
        """Numbers that are part of the graph; a name may be used once."""
        from onnx import numpy_helper

        name = name or f"{self.prefix}constant{len(self.constants)}"
        assert name not in self.constants, name
        array = np.asarray(value, dtype, order="C")
        self.constants[name] = numpy_helper.from_array(array, name)
        return name

    def mean(self, maps: Name) -> Name:
        """The mean of each channel, (N, C, H, W) → (N, C)."""
        return self.node("Flatten", self.node("GlobalAveragePool", maps))
