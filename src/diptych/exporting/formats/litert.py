"""LiteRT, formerly TensorFlow Lite: one .tflite for phones, which says what its classes are."""

import warnings
from pathlib import Path

from diptych.exporting.formats.contract import (
    FLOAT,
    INT8,
    RUNTIMES,
    TENSORFLOW,
    Example,
    Format,
    Paths,
    Quantiser,
)
from diptych.exporting.litert_archive import with_facts
from diptych.exporting.quantization.contract import Files, Tool
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import OpenFile
from diptych.images.rows import Rows
from diptych.runtimes import litert
from diptych.system.silence import quiet, silenced


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """The Keras model converted in float32, with the facts and TFLite metadata."""
    import tensorflow as tf

    with warnings.catch_warnings(), silenced(), quiet("tensorflow", "absl"):
        warnings.simplefilter("ignore")
        # Of a SavedModel the converter keeps the weights as variables, which LiteRT never fills.
        model = bytes(tf.lite.TFLiteConverter.from_keras_model(source.keras).convert())
    paths[0].write_bytes(with_facts(model, source.facts))


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The file in LiteRT."""
    return litert.open_file(paths[0])


def _quantiser(files: Files, calibration: Rows, task: Path) -> Tool:
    from diptych.exporting.quantization.litert import LiteRT

    return LiteRT(files, calibration)


FORMAT = Format(
    "litert",
    "LiteRT",
    "ai-edge-litert",
    made_in=TENSORFLOW,
    run_in=RUNTIMES,
    needs=(("tensorflow", "tensorflow"), ("onnx", "tensorflow"), ("ai_edge_litert", "litert")),
    endings=(".tflite",),
    write=write,
    open=open_file,
    examples={
        FLOAT: Example(
            "from ai_edge_litert.interpreter import Interpreter",
            """\
model = Interpreter(str(file)).get_signature_runner()
classes = json.loads(zipfile.ZipFile(file).read("diptych.json"))["classes"]""",
            """\
outputs = model(images=pixels)
p, ood_score = outputs["probabilities"][0], outputs["ood_score"][0]""",
            standard="import zipfile\n",
        )
    },
    quantiser=Quantiser("litert", (INT8,), _quantiser),
    note=(
        "TFLite metadata in it tell MediaPipe, ML Kit and Android Studio what it takes, and that "
        "`labels.txt`, packed behind it, names the classes"
    ),
)
