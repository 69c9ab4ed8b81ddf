"""ONNX Runtime: the one place that opens its sessions."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import BundleError, first_line
from diptych.graphs.outputs import NamedOutputs, OpenFile
from diptych.system.cores import cores
from diptych.system.privacy import may_report


def library() -> Any:
    """ONNX Runtime, which no longer reports its use, also where it was imported before Diptych."""
    import onnxruntime

    if not may_report("ORT_DISABLE_TELEMETRY"):
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def open_file(model: Path | bytes, *, threads: int = 0) -> OpenFile:
    """An ONNX file, or what is in it, on this many processors; on all there are unless one says.

    Raises BundleError when it cannot be read.
    """
    onnxruntime = library()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or cores()
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as cause:
        # ONNX Runtime raises classes of its own that share no base.
        raise BundleError(f"the graph cannot be read ({first_line(cause)})") from cause
    (input_name,) = (value.name for value in session.get_inputs())
    names = [value.name for value in session.get_outputs()]

    def outputs(batch: npt.NDArray[Any]) -> NamedOutputs:
        values = session.run(names, {input_name: batch})
        return dict(zip(names, map(np.asarray, values), strict=True))

    return outputs
