"""Nodes and constants on their way into an ONNX graph: the one place that writes them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import MissingExtra

Name = str  # of a tensor in a graph
Model = Any  # an onnx.ModelProto


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

    def mean(self, maps: Name) -> Name:
        """The mean of each channel, (N, C, H, W) → (N, C)."""
        return self.node("Flatten", self.node("GlobalAveragePool", maps))
