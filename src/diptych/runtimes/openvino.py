"""OpenVINO: the one place that imports it, and that opens its models."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import BundleError, first_line
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, NamedOutputs, OpenFile
from diptych.system.cores import cores, limit


def library() -> Any:
    """OpenVINO; raises ModuleNotFoundError where it is missing."""
    import openvino

    return openvino


def read_model(model: Path | bytes, weights: bytes = b"") -> Any:
    """A model to look into or to change: of a file, of an ONNX file's bytes, of an .xml and a .bin.

    Raises BundleError when it cannot be read, ModuleNotFoundError where OpenVINO is missing.
    """
    core = library().Core()
    try:
        return core.read_model(model, weights) if weights else core.read_model(model)
    except RuntimeError as cause:
        raise BundleError(f"the graph cannot be read ({first_line(cause)})") from cause


def open_file(model: Path | bytes, *, exact: bool = True) -> OpenFile:
    """A file of OpenVINO (.xml, beside its .bin), or the bytes of an ONNX file.

    On processors with bfloat16 OpenVINO computes in it, whatever the file has, unless it must be
    `exact`. Raises BundleError when the model cannot be read.
    """
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if limit():
        # Pinned, all workers of a machine would share its first processor.
        settings |= {"INFERENCE_NUM_THREADS": limit(), "ENABLE_CPU_PINNING": False}
    return _from_any_thread(_compiled(model, settings, exact))


def open_on_one_core(model: Path | bytes, *, exact: bool = True) -> OpenFile:
    """The same on one core, for as many threads at a time as there are cores."""
    # Threads of ours decode on the same cores: none is bound to one.
    settings = {"NUM_STREAMS": cores(), "INFERENCE_NUM_THREADS": cores()}
    return _from_any_thread(_compiled(model, {**settings, "ENABLE_CPU_PINNING": False}, exact))


def _from_any_thread(compiled: Any) -> OpenFile:
    """What runs a model. A request is busy until its results are copied: each thread has its own.

    A compiled model that is called has one, for whoever calls it. Where there is not enough memory
    OpenVINO may answer with no rows and say nothing: that is a MemoryError here.
    """
    names = list(map(_name, compiled.outputs))
    own = threading.local()

    def outputs(batch: npt.NDArray[Any]) -> NamedOutputs:
        if not hasattr(own, "request"):
            own.request = compiled.create_infer_request()
        results = own.request.infer([batch])
        answers = {name: np.array(results[i]) for i, name in enumerate(names)}
        if any(len(answer) != len(batch) for answer in answers.values()):
            raise MemoryError("OpenVINO had not enough memory for a batch")
        return answers

    return outputs


def _compiled(model: Path | bytes, settings: dict[str, Any], exact: bool) -> Any:
    if exact:
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    try:
        return library().Core().compile_model(read_model(model), "CPU", settings)
    except RuntimeError as cause:
        raise BundleError(f"the graph cannot be read ({first_line(cause)})") from cause


def _name(output: Any) -> str:
    """What an output is called, by us where it has several names.

    It has those of all nodes that compute the same: the softmax of an OOD score, for one.
    """
    names: set[str] = output.get_names()
    ours = [name for name in (PROBABILITIES, OOD_SCORE) if name in names]
    return ours[0] if ours else min(names)
