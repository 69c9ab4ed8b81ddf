"""A short script for each format that answers for one picture: Pillow, NumPy and its runtime."""

from typing import NamedTuple

from diptych.bundles.format import Bundle
from diptych.exporting.formats import ANY_SIZE, FLOAT, FORMATS


class Example(NamedTuple):
    """What is a format's own in its script."""

    standard: str  # imports of Python's
    imports: str
    load: str  # from `file` to `classes`, and to what answers
    answer: str  # from `pixels` (1, H, W, C) to `p` (K,) and `ood_score`


_ONNX = """\
model = onnxruntime.InferenceSession(file)
classes = json.loads(model.get_modelmeta().custom_metadata_map["classes"])"""
_RUN_ONNX = '(p,), (ood_score,) = model.run(["probabilities", "ood_score"], {"%s": pixels})'
_TORCH = """\
facts = {"diptych.json": ""}
model = %s
classes = json.loads(facts["diptych.json"])["classes"]"""
_RUN_TORCH = """\
found = model(torch.from_numpy(pixels))
p, ood_score = found["probabilities"][0].numpy(), found["ood_score"][0]"""
_ZIP = 'classes = json.loads(zipfile.ZipFile(file).read("diptych.json"))["classes"]'
_RUN = """\
found = %s
p, ood_score = found["probabilities"][0], found["ood_score"][0]"""

_EXAMPLES = {
    ("onnx", FLOAT): Example("", "import onnxruntime", _ONNX, _RUN_ONNX % "images"),
    ("onnx", ANY_SIZE): Example("", "import onnxruntime", _ONNX, _RUN_ONNX % "picture"),
    ("torchscript", FLOAT): Example(
        "", "import torch", _TORCH % "torch.jit.load(file, _extra_files=facts)", _RUN_TORCH
    ),
    ("torch-export", FLOAT): Example(
        "",
        "import torch",
        _TORCH % "torch.export.load(file, extra_files=facts).module()",
        _RUN_TORCH,
    ),
    ("torch", FLOAT): Example(
        "",
        "import torch\nfrom network import network",
        """\
classes, model = {classes!r}, network()
model.load_state_dict(torch.load(file, weights_only=True))
model.eval().requires_grad_(False)""",
        """\
p = model(torch.from_numpy(pixels)).softmax(1)[0].numpy()
ood_score = 0  # weights alone do not know it""",
    ),
    ("savedmodel", FLOAT): Example(
        "",
        "import tensorflow as tf",
        """\
model = tf.saved_model.load(file).signatures["serving_default"]
classes = json.loads((file / "assets" / "diptych.json").read_text())["classes"]""",
        _RUN % "{name: value.numpy() for name, value in model(images=tf.constant(pixels)).items()}",
    ),
    ("keras", FLOAT): Example(
        "import zipfile\n",
        "import keras",
        f"model = keras.saving.load_model(file)\n{_ZIP}",
        _RUN % "model.predict_on_batch(pixels)",
    ),
    ("litert", FLOAT): Example(
        "import zipfile\n",
        "from ai_edge_litert.interpreter import Interpreter",
        f"model = Interpreter(str(file)).get_signature_runner()\n{_ZIP}",
        _RUN % "model(images=pixels)",
    ),
    ("openvino", FLOAT): Example(
        "",
        "import openvino",
        """\
graph = openvino.Core().read_model(file)
classes = json.loads(graph.get_rt_info(["diptych", "classes"]).astype(str))
model = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})""",
        _RUN % "model(pixels)",
    ),
}


def has_example(format: str, kind: str) -> bool:
    """Whether there is a script; a lighter file is used as the one in float is."""
    return (format, kind) in _EXAMPLES


def example_name(format: str, kind: str) -> str:
    """What a script is called."""
    words = [format] if kind == FLOAT else [format, kind]
    return f"example_{'_'.join(words).replace(' ', '_').replace('-', '_')}.py"


def example(format: str, kind: str, stem: str, bundle: Bundle) -> str:
    """A script that says what is on the picture that it is given."""
    parts = _EXAMPLES[format, kind]
    load = parts.load.replace("{classes!r}", repr(list(bundle.classes)))
    height, width, channels = bundle.shape
    resized = f"picture.resize(({width}, {height}), Image.Resampling.BILINEAR)"
    pixels = f"np.array({resized})[None]"
    if channels == 1:
        pixels = f'np.array({resized}.convert("L"))[None, ..., None]'
    if kind == ANY_SIZE:
        pixels = "np.array(picture)"
    return f'''"""Says what is on a picture: python {example_name(format, kind)} PICTURE"""

import json
import sys
{parts.standard}from pathlib import Path

import numpy as np
{parts.imports}
from PIL import Image, ImageOps

file = Path(__file__).with_name({FORMATS[format].files(stem, kind)[0]!r})
{load}
picture = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")
pixels = {pixels}
{parts.answer}
print("none of these" if ood_score > 1 else f"{{classes[p.argmax()]}} {{p.max():.3f}}")
'''
