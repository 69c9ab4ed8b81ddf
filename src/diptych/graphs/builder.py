"""Nodes and constants on their way into an ONNX graph: the one place that writes them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import MissingExtra

Name = str  # of a tensor in a graph
Model = Any  # an onnx.ModelProto

# What several views of each picture are called in a graph that answers with the mean over them.
SEVERAL_VIEWS: Name = "views"


def onnx_library() -> Any:
    """The package onnx, which takes a while to import; raises MissingExtra without it."""
    try:
        import onnx
    except ModuleNotFoundError as cause:
        raise MissingExtra("onnx", "torch") from cause
    return onnx


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
        first = output or f"{self.prefix}{kind.lower()}{len(self.nodes)}"
        names = [first, *(f"{first}.{i}" for i in range(1, outputs))]
        self.nodes.append(onnx_library().helper.make_node(kind, inputs, names, **attributes))
        return first

    def constant(
        self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32, *, name: Name = ""
    ) -> Name:
        """Numbers that are part of the graph; a name may be used once."""
        name = name or f"{self.prefix}constant{len(self.constants)}"
        assert name not in self.constants, name
        array = np.asarray(value, dtype, order="C")
        self.constants[name] = onnx_library().numpy_helper.from_array(array, name)
        return name

    def bfloat16(self, bits: npt.NDArray[np.uint16], *, output: Name) -> Name:
        """Numbers kept as the bits of bfloat16, which NumPy lacks, and made float32 by a node."""
        onnx, name = onnx_library(), f"{output}.bf16"
        assert name not in self.constants, name
        self.constants[name] = onnx.helper.make_tensor(
            name, onnx.TensorProto.BFLOAT16, bits.shape, bits.tobytes(), raw=True
        )
        return self.node("Cast", name, output=output, to=onnx.TensorProto.FLOAT)

    def mirrored(self, pictures: Name, axis: int, width: int) -> Name:
        """Pictures, and behind all of them their mirror images along an axis that is so wide."""
        backwards = self.constant(np.arange(width)[::-1], np.int64)
        mirrored = self.node("Gather", pictures, backwards, axis=axis)
        return self.node("Concat", pictures, mirrored, output=SEVERAL_VIEWS, axis=0)

    def mean_of_views(self, features: Name, views: int, width: int) -> Name:
        """The mean over the views of each picture, (views · N, width) to (N, width)."""
        shape = self.constant([views, -1, width], np.int64)
        apart = self.node("Reshape", features, shape)
        return self.node("ReduceMean", apart, self.constant([0], np.int64), keepdims=0)

    def mean(self, maps: Name) -> Name:
        """The mean of each channel, (N, C, H, W) → (N, C)."""
        return self.node("Flatten", self.node("GlobalAveragePool", maps))
