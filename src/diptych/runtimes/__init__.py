"""An ONNX graph, run by the fastest runtime that is installed."""

import contextlib
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import BundleError
from diptych.graphs.outputs import OpenFile
from diptych.images.rows import at_once, in_batches
from diptych.runtimes import onnxruntime, openvino
from diptych.system.processor import slow_bfloat16

# An open graph: of pixels (N, H, W, C), or whatever it takes, its first output or all of them.
Predict = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
PredictAll = Callable[[npt.NDArray[Any]], tuple[npt.NDArray[np.float32], ...]]


def fastest() -> str:
    """The runtime for many pictures at once: "openvino" where it is installed."""
    return "openvino" if importlib.util.find_spec("openvino") else "onnxruntime"


def kept_as(runtime: str) -> str:
    """What answers of a runtime are kept under, so that those in other numbers are not among them.

    `open_outputs` computes otherwise on processors that are slow in bfloat16.
    """
    return f"{runtime}-exact" if runtime == "openvino" and slow_bfloat16() else runtime


def open_graph(graph: bytes, runtime: str = "onnxruntime") -> Predict:
    """A function from a batch to the graph's first output, (N, …) to (N, numbers).

    Raises BundleError when the graph cannot be read.
    """
    run = open_outputs(graph, runtime)
    return lambda batch: run(batch)[0]


@lru_cache(maxsize=3)
def open_outputs(graph: bytes, runtime: str = "onnxruntime") -> PredictAll:
    """A function from a batch to all of the graph's outputs; for one thread at a time.

    To open a graph takes up to a second, so the last few stay open. OpenVINO computes in bfloat16
    where the processor is faster in it; a graph that it cannot read is run by ONNX Runtime. Raises
    BundleError where that cannot read it either.
    """
    if runtime == "openvino":
        with contextlib.suppress(BundleError):
            return in_order(openvino.open_file(graph, exact=slow_bfloat16()))
    return in_order(onnxruntime.open_file(graph))


def open_on_one_core(graph: bytes) -> PredictAll:
    """The same in ONNX Runtime on one core, for as many threads at a time as there are cores."""
    return in_order(onnxruntime.open_file(graph, threads=1))


def in_order(file: OpenFile) -> PredictAll:
    """Outputs without their names, in the order of the graph; of large pictures some at a time."""

    def outputs(batch: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], ...]:
        size = at_once(batch.shape, len(batch))
        if size >= len(batch):
            return tuple(file(batch).values())
        parts = [tuple(file(some).values()) for some in in_batches(batch, size)]
        return tuple(np.concatenate(output) for output in zip(*parts, strict=True))

    return outputs
