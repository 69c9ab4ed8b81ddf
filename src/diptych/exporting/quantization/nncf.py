"""int8 by NNCF, for OpenVINO."""

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

GRAPH, WEIGHTS = ".xml", ".bin"
# Calibration pictures where layers are only compared.
_QUICK = 16
_WEIGHTED = ("Convolution", "GroupConvolution", "MatMul")


class Nncf:
    """`nncf.quantize` with all but the layers in its ignored scope."""

    def __init__(self, files: Files, calibration: Any, task: Path) -> None:
        self.files = files
        self.calibration = calibration
        self.task = task
        operations = []
        answer = ""
        for node in _read(files).get_ordered_ops():
            name, kind = node.get_friendly_name(), node.get_type_name()
            inputs = [value.get_node() for value in node.input_values()]
            weighted = kind in _WEIGHTED and _constant(inputs[1])
            before = tuple(i.get_friendly_name() for i in inputs if not _constant(i))
            operations.append(Operation(name, before, (name,), weighted))
            if kind == "Result" and OUTPUTS[0] in node.input_value(0).get_names():
                answer = name
        self._nodes = layers(operations, answer)
        self._every = [operation.name for operation in operations]
        self.layers = tuple(self._nodes)

    def quantise(self, floats: frozenset[str], *, quick: bool = False) -> Files:
        try:
            import nncf
        except ModuleNotFoundError as cause:
            raise MissingExtra("NNCF", "int8") from cause
        kept = {name for layer in self.layers if layer not in floats for name in self._nodes[layer]}
        ignored = [name for name in self._every if name not in kept]
        count = _QUICK if quick else len(self.calibration)
        chosen = np.linspace(0, len(self.calibration) - 1, count).astype(int)
        made = nncf.quantize(
            _read(self.files),
            nncf.Dataset([self.calibration[i : i + 1] for i in chosen]),
            subset_size=count,
            # Names of what NNCF does not count as operations, such as constants, are no error.
            ignored_scope=nncf.IgnoredScope(names=ignored, validate=False),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                # Weights of 7 bits: without VNNI, sums of products of 8 bits overflow.
                overflow_fix=nncf.OverflowFix.ENABLE,
            ),
        )
        return self._saved(made)

    def halved(self) -> Files:
        from openvino import Tensor, Type, op, opset13

        model = _read(self.files)
        for node in model.get_ordered_ops():
            if node.get_type_name() != "Constant" or node.get_element_type() != Type.f32:
                continue
            values = node.get_data()
            if values.size < FEWEST:
                continue
            readers = node.output(0).get_target_inputs()
            tensor = Tensor(upper_halves(values), list(values.shape), Type.bf16)
            whole = opset13.convert(op.Constant(tensor, shared_memory=False), "f32")
            for reader in readers:
                reader.replace_source_output(whole.output(0))
        return self._saved(model)

    def _saved(self, model: Any) -> Files:
        import openvino

        path = self.task / "saved.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        return {GRAPH: path.read_bytes(), WEIGHTS: path.with_suffix(WEIGHTS).read_bytes()}


def opened(files: Files) -> Callable[[npt.NDArray[np.uint8]], Answers]:
    """The file at work; what is float in it is computed in float32, on every processor."""
    import openvino

    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(_read(files), "CPU", settings)

    def run(images_NHWC: npt.NDArray[np.uint8]) -> Answers:
        found = model(images_NHWC)
        return Answers(*(np.array(found[name]) for name in OUTPUTS))

    return run


def _read(files: Files) -> Any:
    import openvino

    return openvino.Core().read_model(files[GRAPH], files[WEIGHTS])


def _constant(node: Any) -> bool:
    """Whether all that a node depends on are constants."""
    if node.get_type_name() == "Constant":
        return True
    inputs = [value.get_node() for value in node.input_values()]
    return bool(inputs) and all(map(_constant, inputs))
