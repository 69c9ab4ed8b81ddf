"""int8 by TensorFlow's quantiser, for LiteRT."""

import json
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError, MissingExtra
from diptych.exporting.litert_archive import members_of, with_facts
from diptych.exporting.quantization.contract import Files
from diptych.exporting.quantization.layers import Operation, layers, operations_of
from diptych.graphs.outputs import FACTS, PROBABILITIES
from diptych.images.rows import Rows

ENDING = ".tflite"


class LiteRT:
    """TFLiteConverter's own two steps on a float file: calibrate once, then quantise.

    The converter itself would convert and calibrate anew for every choice of layers. The steps are
    those of `tf.lite.experimental.QuantizationDebugger`, whose way to leave out layers this is.
    """

    def __init__(self, files: Files, calibration: Rows) -> None:
        self.file = files[ENDING]
        self.calibration = calibration
        self._calibrated = b""
        operations, probabilities = _operations(self.file)
        self._nodes = layers(operations, probabilities)
        self._every = [operation.name for operation in operations]
        self.layers = tuple(self._nodes)

    def quantise(self, float_layers: frozenset[str], *, quick: bool = False) -> Files:
        try:
            from tensorflow.lite.python.convert import mlir_quantize
        except ModuleNotFoundError as cause:
            raise MissingExtra("TensorFlow", "tensorflow") from cause
        self._calibrated = self._calibrated or self._calibrate()
        quantised = operations_of(self._nodes, float_layers)
        ignored = [name for name in self._every if name not in quantised]
        model = bytes(mlir_quantize(self._calibrated, denylisted_nodes=ignored))
        facts = members_of(self.file).get(FACTS)
        return {ENDING: with_facts(model, json.loads(facts)) if facts else model}

    def with_bf16_weights(self) -> Files:
        raise InputError("LiteRT has no bfloat16; export onnx or openvino with --bf16")

    def _calibrate(self) -> bytes:
        from tensorflow.lite.python.optimize.calibrator import Calibrator, add_intermediate_tensors

        def pictures() -> Iterator[list[npt.NDArray[np.uint8]]]:
            for i in range(len(self.calibration)):
                yield [np.ascontiguousarray(self.calibration[i : i + 1])]

        return bytes(Calibrator(add_intermediate_tensors(self.file)).calibrate(pictures))


def _operations(file: bytes) -> tuple[list[Operation], str]:
    """The graph of a .tflite, and the name of the tensor with the probabilities."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ModuleNotFoundError as cause:
        raise MissingExtra("LiteRT", "litert") from cause
    model = schema.ModelT.InitFromPackedBuf(file)
    graph = model.subgraphs[0]
    names = [tensor.name.decode() for tensor in graph.tensors]
    kinds = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    builtin = schema.BuiltinOperator
    weighted = {builtin.CONV_2D, builtin.DEPTHWISE_CONV_2D, builtin.FULLY_CONNECTED}

    def constant(tensor: int) -> bool:
        data = model.buffers[graph.tensors[tensor].buffer].data
        return data is not None and len(data) > 0

    operations = [
        Operation(
            names[operation.outputs[0]],
            tuple(names[i] for i in operation.inputs if i >= 0 and not constant(i)),
            tuple(names[i] for i in operation.outputs),
            kinds[operation.opcodeIndex] in weighted and constant(operation.inputs[1]),
        )
        for operation in graph.operators
    ]
    outputs = {
        value.name.decode(): names[value.tensorIndex] for value in model.signatureDefs[0].outputs
    }
    return operations, outputs[PROBABILITIES]
