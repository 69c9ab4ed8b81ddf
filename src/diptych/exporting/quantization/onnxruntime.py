"""int8 by ONNX Runtime's static quantisation, as QDQ nodes that other runtimes read too."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from diptych.exporting.quantization.bfloat16 import FEWEST, upper_halves
from diptych.exporting.quantization.contract import Files
from diptych.exporting.quantization.layers import Operation, layers, operations_of
from diptych.graphs.builder import Builder, onnx_library
from diptych.graphs.outputs import PROBABILITIES
from diptych.images.rows import Rows, in_batches
from diptych.networks import INPUT

ENDING = ".onnx"
# What ONNX Runtime computes in int8 on processors; the rest of a layer stays in float.
_KINDS = (
    *("Conv", "Gemm", "MatMul", "Add", "Mul", "Clip", "Relu", "LeakyRelu", "Sigmoid", "Concat"),
    *("MaxPool", "AveragePool", "GlobalAveragePool"),
)
_WEIGHTED = ("Conv", "Gemm", "MatMul")


class Static:
    """`onnxruntime.quantization.quantize_static`, calibrated once."""

    def __init__(self, files: Files, calibration: Rows, task: Path) -> None:
        onnx = onnx_library()
        self.model = onnx.shape_inference.infer_shapes(onnx.load_from_string(files[ENDING]))
        self.calibration = calibration
        self.task = task
        graph = self.model.graph
        for number, node in enumerate(graph.node):
            # Layers are left out by name.
            node.name = node.name or f"{node.op_type}{number}"
        constants = {constant.name for constant in graph.initializer}
        operations = [
            Operation(
                node.name,
                tuple(node.input),
                tuple(node.output),
                node.op_type in _WEIGHTED and node.input[1] in constants,
            )
            for node in graph.node
        ]
        self._nodes = layers(operations, PROBABILITIES)
        self.layers = tuple(self._nodes)

    def quantise(self, float_layers: frozenset[str], *, quick: bool = False) -> Files:
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

        whole = self.task / "whole.onnx"
        whole.write_bytes(self.model.SerializeToString())
        names = operations_of(self._nodes, float_layers)
        kinds = {node.name: node.op_type for node in self.model.graph.node}
        # The mean that gives the features is best in float: the OOD score is measured by them.
        last = self._nodes[self.layers[-1]]
        pooled = {name for name in last if kinds[name] == "GlobalAveragePool"}
        quantised = self.task / "quantised.onnx"
        quantize_static(
            whole,
            quantised,
            _Reader(self.calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_KINDS),
            nodes_to_quantize=sorted(names - pooled),
            per_channel=True,
            # Without VNNI, processors add two products of uint8 and int8 in 16 bits, which
            # overflow where weights have 8 bits; with 7 the file answers the same everywhere.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibration_cache_path=self.task / "ranges.json",
            extra_options={"MatMulConstBOnly": True},
        )
        onnx = onnx_library()
        model = onnx.load(quantised)
        props = {prop.key: prop.value for prop in self.model.metadata_props}
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, props)
        return {ENDING: model.SerializeToString()}

    def with_bf16_weights(self) -> Files:
        onnx, builder = onnx_library(), Builder()
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        unchanged = []
        for constant in model.graph.initializer:
            if constant.data_type != onnx.TensorProto.FLOAT or np.prod(constant.dims) < FEWEST:
                unchanged.append(constant)
            else:
                values = onnx.numpy_helper.to_array(constant)
                builder.bfloat16(upper_halves(values), output=constant.name)
        constants, nodes = [*unchanged, *builder.constants.values()], list(model.graph.node)
        del model.graph.initializer[:], model.graph.node[:]
        model.graph.initializer.extend(constants)
        model.graph.node.extend([*builder.nodes, *nodes])
        return {ENDING: model.SerializeToString()}


class _Reader:
    """Pictures for calibration, a few at a time."""

    def __init__(self, calibration: Rows) -> None:
        self._batches = in_batches(calibration, 8)

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: np.ascontiguousarray(batch)}
