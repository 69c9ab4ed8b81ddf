"""LiteRT: the one place that opens its models."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import MissingExtra
from diptych.graphs.outputs import NamedOutputs, OpenFile
from diptych.system.cores import cores


def open_file(model: Path) -> OpenFile:
    """A .tflite file with one signature.

    Raises MissingExtra without LiteRT.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError as cause:
        raise MissingExtra("LiteRT", "litert") from cause
    interpreter = Interpreter(str(model), num_threads=cores())
    signature = interpreter.get_signature_runner()
    (input_name,) = signature.get_input_details()

    def outputs(batch: npt.NDArray[Any]) -> NamedOutputs:
        return {name: np.array(value) for name, value in signature(**{input_name: batch}).items()}

    return outputs
