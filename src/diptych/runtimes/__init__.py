"""An ONNX graph, run by the fastest runtime that is installed."""

import importlib.util
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import BundleError
from diptych.system.cores import cores

Run = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
Outputs = Callable[[npt.NDArray[Any]], tuple[npt.NDArray[np.float32], ...]]


def fastest() -> str:
    """The runtime for many pictures at once: "openvino" where it is installed."""
    return "openvino" if importlib.util.find_spec("openvino") else "onnxruntime"


def open_graph(graph: bytes, runtime: str = "onnxruntime") -> Run:
    """A function from a batch to the graph's first output, (N, …) to (N, numbers).

    Raises BundleError when the graph cannot be read.
    """
    run = open_outputs(graph, runtime)
    return lambda batch: run(batch)[0]


@lru_cache(maxsize=3)
def open_outputs(graph: bytes, runtime: str = "onnxruntime") -> Outputs:
    """A function from a batch to all of the graph's outputs; for one thread at a time.

    To open a graph takes up to a second, so the last few stay open. Raises BundleError when the
    graph cannot be read.
    """
    return {"openvino": _openvino, "onnxruntime": _onnxruntime}[runtime](graph)


def open_on_one_core(graph: bytes) -> Outputs:
    """The same in ONNX Runtime on one core, for as many threads at a time as there are cores."""
    return _onnxruntime(graph, 1)


def _onnxruntime(graph: bytes, threads: int = 0) -> Outputs:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads or cores()
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as cause:
        # onnxruntime raises classes of its own that share no base.
        raise BundleError(f"the graph cannot be read ({str(cause).splitlines()[0]})") from cause
    name = session.get_inputs()[0].name

    def run(batch: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], ...]:
        return tuple(map(np.asarray, session.run(None, {name: batch})))

    return run


def openvino() -> Any:
    """OpenVINO, kept from telling Google Analytics that it is used.

    It does so by a package of its own, and does without where there is none. Raises
    ModuleNotFoundError where OpenVINO itself is missing.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino as found

    return found


def _openvino(graph: bytes) -> Outputs:
    core = openvino().Core()
    # bfloat16 is its own choice, where the processor has it.
    try:
        model = core.compile_model(core.read_model(graph), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    except RuntimeError as cause:
        raise BundleError(f"the graph cannot be read ({str(cause).splitlines()[0]})") from cause

    def run(batch: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], ...]:
        found = model(batch)
        return tuple(np.array(found[i]) for i in range(len(model.outputs)))

    return run
