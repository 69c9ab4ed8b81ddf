"""ONNX for ONNX Runtime: the bundle's graph, and one that resizes pictures by itself."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.exporting.formats.contract import (
    ANY_SIZE,
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
from diptych.graphs.outputs import NamedOutputs, OpenFile, concatenated
from diptych.graphs.resizing import any_size
from diptych.images.rows import Rows
from diptych.runtimes import onnxruntime


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """One file; its metadata are the bundle's."""
    paths[0].write_bytes(any_size(source.graph) if kind == ANY_SIZE else source.graph)


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The file in ONNX Runtime."""
    file = onnxruntime.open_file(paths[0])
    return one_by_one(file) if kind == ANY_SIZE else file


def _open_on_one_core(paths: Paths, kind: str) -> OpenFile:
    return onnxruntime.open_file(paths[0], threads=1)


def one_by_one(file: OpenFile) -> OpenFile:
    """A file that takes a picture (H, W, 3) at a time, for many of one size, grey ones too."""

    def outputs(pixels_NHWC: npt.NDArray[Any]) -> NamedOutputs:
        pictures = np.repeat(pixels_NHWC, 3, -1) if pixels_NHWC.shape[-1] == 1 else pixels_NHWC
        return concatenated(map(file, pictures))

    return outputs


def _quantiser(files: Files, calibration: Rows, task: Path) -> Tool:
    from diptych.exporting.quantization.onnxruntime import Static

    return Static(files, calibration, task)


def _example(input_name: str) -> Example:
    return Example(
        "import onnxruntime",
        """\
model = onnxruntime.InferenceSession(file)
classes = json.loads(model.get_modelmeta().custom_metadata_map["classes"])""",
        f"""\
names = ["probabilities", "ood_score"]
(p,), (ood_score,) = model.run(names, {{"{input_name}": pixels}})""",
    )


FORMAT = Format(
    "onnx",
    "ONNX Runtime",
    "onnxruntime",
    made_in=RUNTIMES,
    run_in=RUNTIMES,
    needs=(("onnx", "int8"),),
    endings=(".onnx",),
    write=write,
    open=open_file,
    examples={FLOAT: _example("images"), ANY_SIZE: _example("picture")},
    kinds=(FLOAT, ANY_SIZE),
    quantiser=Quantiser("onnxruntime", LIGHTER, _quantiser),
    open_on_one_core=_open_on_one_core,
)
