"""Keras' own archive, made of Keras' own layers."""

import json
import zipfile

from diptych.exporting.formats.contract import FLOAT, TENSORFLOW, Example, Format, Paths
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import FACTS, OpenFile


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """One archive, with the facts as one more member."""
    source.keras.save(paths[0])
    with zipfile.ZipFile(paths[0], "a") as archive:
        archive.writestr(FACTS, json.dumps(source.facts))


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The archive in Keras."""
    import keras

    return keras.saving.load_model(paths[0], compile=False).predict_on_batch  # type: ignore[no-any-return]


FORMAT = Format(
    "keras",
    "Keras",
    "tensorflow",
    made_in=TENSORFLOW,
    run_in=TENSORFLOW,
    needs=(("tensorflow", "tensorflow"), ("onnx", "tensorflow")),
    endings=(".keras",),
    write=write,
    open=open_file,
    examples={
        FLOAT: Example(
            "import keras",
            """\
model = keras.saving.load_model(file)
classes = json.loads(zipfile.ZipFile(file).read("diptych.json"))["classes"]""",
            """\
outputs = model.predict_on_batch(pixels)
p, ood_score = outputs["probabilities"][0], outputs["ood_score"][0]""",
            standard="import zipfile\n",
        )
    },
)
