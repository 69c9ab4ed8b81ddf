"""OpenVINO's own format: the graph in .xml, its numbers beside it in .bin."""

import json
import sys
from pathlib import Path

from diptych.errors import MissingExtra
from diptych.exporting.formats.contract import (
    BF16,
    FLOAT,
    LIGHTER,
    RUNTIMES,
    Example,
    Format,
    Paths,
    Quantiser,
)
from diptych.exporting.quantization.contract import Files, Tool
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import OpenFile
from diptych.images.rows import Rows
from diptych.runtimes import openvino


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """The bundle's graph in float32, with the facts among the model's own."""
    try:
        model = openvino.read_model(source.graph)
    except ModuleNotFoundError as cause:
        raise MissingExtra("OpenVINO", "fast") from cause
    for name, value in source.facts.items():
        model.set_rt_info(json.dumps(value), ["diptych", name])
    openvino.library().save_model(model, paths[0], compress_to_fp16=False)


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The file in OpenVINO, computed in float32 but for what is int8 in it.

    One with bfloat16 weights is computed in bfloat16 where the processor can.
    """
    return openvino.open_file(paths[0], exact=kind != BF16)


def _open_on_one_core(paths: Paths, kind: str) -> OpenFile:
    return openvino.open_on_one_core(paths[0], exact=kind != BF16)


def _quantiser(files: Files, calibration: Rows, task: Path) -> Tool:
    # NNCF would load PyTorch for nothing; here it is not to be found.
    sys.modules["torch"] = None  # type: ignore[assignment]
    from diptych.exporting.quantization.nncf import Nncf

    return Nncf(files, calibration, task)


FORMAT = Format(
    "openvino",
    "OpenVINO",
    "openvino",
    made_in=RUNTIMES,
    run_in=RUNTIMES,
    needs=(("openvino", "fast"), ("onnx", "int8")),
    endings=(".xml", ".bin"),
    write=write,
    open=open_file,
    examples={
        FLOAT: Example(
            "import openvino",
            """\
graph = openvino.Core().read_model(file)
classes = json.loads(graph.get_rt_info(["diptych", "classes"]).astype(str))
model = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})""",
            """\
outputs = model(pixels)
p, ood_score = outputs["probabilities"][0], outputs["ood_score"][0]""",
        )
    },
    quantiser=Quantiser("openvino", LIGHTER, _quantiser, int8_needs=(("nncf", "int8"),)),
    open_on_one_core=_open_on_one_core,
)
