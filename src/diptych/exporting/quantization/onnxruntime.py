"""int8 by ONNX Runtime's static quantisation, as QDQ nodes that other runtimes read too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import MissingExtra
from diptych.exporting.quantization.bfloat16 import FEWEST, upper_halves
from diptych.exporting.quantization.fidelity import OUTPUTS, Answers
from diptych.exporting.quantization.layers import Operation, layers
from diptych.exporting.quantization.search import Files
from diptych.networks import INPUT
from diptych.system.cores import cores

ENDING = ".onnx"
# What ONNX Runtime computes in int8 on processors; the rest of a layer stays in float.
_KINDS = (
    *("Conv", "Gemm", "MatMul", "Add", "Mul", "Clip", "Relu", "LeakyRelu", "Sigmoid", "Concat"),
    *("MaxPool", "AveragePool", "GlobalAveragePool"),
)
_WEIGHTED = ("Conv", "Gemm", "MatMul")


class Static:
    """`onnxruntime.quantization.quantize_static`, calibrated once."""

    def __init__(self, files: Files, calibration: Any, task: Path) -> None:
        try:
            import onnx
        except ModuleNotFoundError as cause:
            raise MissingExtra("onnx", "int8") from cause
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
        self._nodes = layers(operations, "probabilities")
        self.layers = tuple(self._nodes)

    def quantise(self, floats: frozenset[str], *, quick: bool = False) -> Files:
        import onnx
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

        whole = self.task / "whole.onnx"
        whole.write_bytes(self.model.SerializeToString())
        names = {
            name for layer in self.layers if layer not in floats for name in self._nodes[layer]
        }
        kinds = {node.name: node.op_type for node in self.model.graph.node}
        # The mean that gives the features is best in float: OOD score is measured by them.
        last = self._nodes[self.layers[-1]]
        pooled = {name for name in last if kinds[name] == "GlobalAveragePool"}
        made = self.task / "quantised.onnx"
        quantize_static(
            whole,
            made,
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
        found = onnx.load(made)
        props = {prop.key: prop.value for prop in self.model.metadata_props}
        del found.metadata_props[:]
        onnx.helper.set_model_props(found, props)
        return {ENDING: found.SerializeToString()}

    def halved(self) -> Files:
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        casts = []
        for constant in model.graph.initializer:
            if constant.data_type != TensorProto.FLOAT or np.prod(constant.dims) < FEWEST:
                continue
            name, half = constant.name, upper_halves(numpy_helper.to_array(constant))
            constant.CopyFrom(
                helper.make_tensor(
                    f"{name}.bf16", TensorProto.BFLOAT16, half.shape, half.tobytes(), raw=True
                )
            )
            casts.append(helper.make_node("Cast", [f"{name}.bf16"], [name], to=TensorProto.FLOAT))
        nodes = [*casts, *model.graph.node]
        del model.graph.node[:]
        model.graph.node.extend(nodes)
        return {ENDING: model.SerializeToString()}


class _Reader:
    """Pictures for calibration, a few at a time."""

    def __init__(self, calibration: Any) -> None:
        self._batches = (calibration[at : at + 8] for at in range(0, len(calibration), 8))

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: np.ascontiguousarray(batch)}


def opened(files: Files) -> Callable[[npt.NDArray[np.uint8]], Answers]:
    """The file at work."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    session = onnxruntime.InferenceSession(
        files[ENDING], options, providers=["CPUExecutionProvider"]
    )
    return lambda images: Answers(*session.run(list(OUTPUTS), {INPUT: images}))
