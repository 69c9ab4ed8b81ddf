"""SavedModel: TensorFlow's own format, for TensorFlow Serving and whatever else reads it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy.typing as npt

from diptych.exporting.formats.contract import FLOAT, TENSORFLOW, Example, Format, Paths
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import FACTS, NamedOutputs, OpenFile
from diptych.networks import INPUT
from diptych.system.silence import quiet, silenced

_SIGNATURE = "serving_default"
# TensorFlow Serving takes a folder with a folder for each version of the model.
_VERSION = "1"


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """A folder with the first version in it, the facts among its assets as JSON."""
    import tensorflow as tf

    module = tf.Module()
    module.classifier = source.keras
    images = tf.TensorSpec((None, *source.shape), tf.uint8, name=INPUT)
    answer = tf.function(
        lambda images: module.classifier(images, training=False), input_signature=[images]
    )
    with tempfile.TemporaryDirectory() as temporary, silenced(), quiet("tensorflow", "absl"):
        asset = Path(temporary, FACTS)
        asset.write_text(json.dumps(source.facts), encoding="utf-8")
        module.facts = tf.saved_model.Asset(str(asset))
        tf.saved_model.save(module, paths[0] / _VERSION, signatures={_SIGNATURE: answer})


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The folder in TensorFlow."""
    import tensorflow as tf

    # TensorFlow forgets a model that nobody holds, and its signatures with it.
    model = tf.saved_model.load(paths[0] / _VERSION)

    def outputs(images_NHWC: npt.NDArray[Any]) -> NamedOutputs:
        tensors = model.signatures[_SIGNATURE](**{INPUT: tf.constant(images_NHWC)})
        return {name: value.numpy() for name, value in tensors.items()}

    return outputs


FORMAT = Format(
    "savedmodel",
    "TensorFlow",
    "tensorflow",
    made_in=TENSORFLOW,
    run_in=TENSORFLOW,
    needs=(("tensorflow", "tensorflow"), ("onnx", "tensorflow")),
    endings=(".savedmodel",),
    write=write,
    open=open_file,
    examples={
        FLOAT: Example(
            "import tensorflow as tf",
            """\
model = tf.saved_model.load(file / "1").signatures["serving_default"]
classes = json.loads((file / "1" / "assets" / "diptych.json").read_text())["classes"]""",
            """\
outputs = {name: value.numpy() for name, value in model(images=tf.constant(pixels)).items()}
p, ood_score = outputs["probabilities"][0], outputs["ood_score"][0]""",
        )
    },
    note=(
        "For TensorFlow Serving it is a model with its version 1: `tensorflow_model_server "
        "--model_name={stem} --model_base_path=$PWD/{file}`. The signature `serving_default` takes "
        "`images` and answers with `probabilities` and `ood_score`"
    ),
)
