"""Files for ONNX Runtime, OpenVINO and LiteRT, each opened by its own runtime.

As `runtimes`, but of files, with answers by name; and how OpenVINO writes its own.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import MissingExtra
from diptych.graphs.outputs import Answer, Answers
from diptych.runtimes import openvino
from diptych.system.cores import cores


def open_onnx(path: Path) -> Answer:
    """An ONNX file in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = cores()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0].name
    names = [output.name for output in session.get_outputs()]

    def answer(pixels: npt.NDArray[Any]) -> Answers:
        return dict(zip(names, map(np.asarray, session.run(names, {given: pixels})), strict=True))

    return answer


def write_openvino(graph: bytes, facts: Mapping[str, Any], path: Path) -> None:
    """A graph as OpenVINO's .xml, with its numbers beside it in .bin and the facts inside."""
    try:
        vino = openvino()
    except ModuleNotFoundError as cause:
        raise MissingExtra("OpenVINO", "fast") from cause
    model = vino.Core().read_model(graph)
    for name, value in facts.items():
        model.set_rt_info(json.dumps(value), ["diptych", name])
    vino.save_model(model, path, compress_to_fp16=False)


def open_openvino(path: Path) -> Answer:
    """A file of OpenVINO, for one picture or a few at a time.

    On processors with bfloat16 OpenVINO would compute in it, whatever the file has.
    """
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    model = openvino().Core().compile_model(path, "CPU", settings)
    names = [output.get_any_name() for output in model.outputs]

    def answer(pixels: npt.NDArray[Any]) -> Answers:
        found = model(pixels)
        return {name: np.array(found[i]) for i, name in enumerate(names)}

    return answer


def with_members(model: bytes, members: Mapping[str, str]) -> bytes:
    """A LiteRT model with texts packed behind it, as the format's own metadata tools do.

    The file is then a model to LiteRT and an archive to whatever reads ZIP.
    """
    import io

    file = io.BytesIO(model)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return file.getvalue()


def open_litert(path: Path) -> Answer:
    """A .tflite file in LiteRT."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError as cause:
        raise MissingExtra("LiteRT", "litert") from cause
    interpreter = Interpreter(str(path), num_threads=cores())
    runner = interpreter.get_signature_runner()
    (given,) = runner.get_input_details()

    def answer(pixels: npt.NDArray[Any]) -> Answers:
        return {name: np.array(found) for name, found in runner(**{given: pixels}).items()}

    return answer
