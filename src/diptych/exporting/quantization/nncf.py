"""int8 by NNCF, for OpenVINO."""

from pathlib import Path
from typing import Any

import numpy as np

from diptych.errors import MissingExtra
from diptych.exporting.quantization.bfloat16 import FEWEST, upper_halves
from diptych.exporting.quantization.contract import Files
from diptych.exporting.quantization.layers import Operation, layers, operations_of
from diptych.graphs.outputs import PROBABILITIES
from diptych.images.rows import Rows
from diptych.runtimes import openvino

XML, WEIGHTS = ".xml", ".bin"
# Calibration pictures where layers are only compared.
_QUICK = 16
_WEIGHTED = ("Convolution", "GroupConvolution", "MatMul")


class Nncf:
    """`nncf.quantize` with all but the layers in its ignored scope."""

    def __init__(self, files: Files, calibration: Rows, task: Path) -> None:
        self.files = files
        self.calibration = calibration
        self.task = task
        operations = []
        probabilities = ""
        for node in openvino.read_model(files[XML], files[WEIGHTS]).get_ordered_ops():
            name, kind = node.get_friendly_name(), node.get_type_name()
            inputs = [value.get_node() for value in node.input_values()]
            weighted = kind in _WEIGHTED and _constant(inputs[1])
            before = tuple(i.get_friendly_name() for i in inputs if not _constant(i))
            operations.append(Operation(name, before, (name,), weighted))
            if kind == "Result" and PROBABILITIES in node.input_value(0).get_names():
                probabilities = name
        self._nodes = layers(operations, probabilities)
        self._every = [operation.name for operation in operations]
        self.layers = tuple(self._nodes)

    def quantise(self, float_layers: frozenset[str], *, quick: bool = False) -> Files:
        try:
            import nncf
        except ModuleNotFoundError as cause:
            raise MissingExtra("NNCF", "int8") from cause
        quantised = operations_of(self._nodes, float_layers)
        ignored = [name for name in self._every if name not in quantised]
        count = _QUICK if quick else len(self.calibration)
        positions = np.linspace(0, len(self.calibration) - 1, count).astype(int)
        model = nncf.quantize(
            openvino.read_model(self.files[XML], self.files[WEIGHTS]),
            nncf.Dataset([self.calibration[i : i + 1] for i in positions]),
            subset_size=count,
            # Names of what NNCF does not count as operations, such as constants, are no error.
            ignored_scope=nncf.IgnoredScope(names=ignored, validate=False),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                # Weights of 7 bits: without VNNI, sums of products of 8 bits overflow.
                overflow_fix=nncf.OverflowFix.ENABLE,
            ),
        )
        return self._saved(model)

    def with_bf16_weights(self) -> Files:
        vino = openvino.library()
        model = openvino.read_model(self.files[XML], self.files[WEIGHTS])
        for node in model.get_ordered_ops():
            if node.get_type_name() != "Constant" or node.get_element_type() != vino.Type.f32:
                continue
            values = node.get_data()
            if values.size < FEWEST:
                continue
            readers = node.output(0).get_target_inputs()
            tensor = vino.Tensor(upper_halves(values), list(values.shape), vino.Type.bf16)
            whole = vino.opset13.convert(vino.op.Constant(tensor, shared_memory=False), "f32")
            for reader in readers:
                reader.replace_source_output(whole.output(0))
        return self._saved(model)

    def _saved(self, model: Any) -> Files:
        path = self.task / "saved.xml"
        openvino.library().save_model(model, path, compress_to_fp16=False)
        return {XML: path.read_bytes(), WEIGHTS: path.with_suffix(WEIGHTS).read_bytes()}


def _constant(node: Any) -> bool:
    """Whether all that a node depends on are constants."""
    if node.get_type_name() == "Constant":
        return True
    inputs = [value.get_node() for value in node.input_values()]
    return bool(inputs) and all(map(_constant, inputs))
