"""A whole classifier as files of TensorFlow: uint8 pixels in, probabilities and OOD score out."""

import json
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers as kl

from diptych.engines.contract import Inputs
from diptych.engines.tensorflow.engine import loaded
from diptych.engines.tensorflow.models import Standardise
from diptych.engines.tensorflow.ood import ood_score
from diptych.errors import InputError
from diptych.graphs.outputs import FACTS, OOD_SCORE, PROBABILITIES, Answer, Answers
from diptych.graphs.surgery import MidLayer
from diptych.networks import INPUT, Network, Weights
from diptych.networks.libraries import keras as external
from diptych.reliability.ood import OodDetector
from diptych.system.silence import quiet, silenced

_SIGNATURE = "serving_default"


def classifier(
    network: Network, weights: Weights, detector: OodDetector, mid_layer: MidLayer | None
) -> keras.Model:
    """From uint8 pixels (N, H, W, C) to {"probabilities": (N, K), "OOD score": (N,)}.

    It is made of Keras' own layers only, so that a file of it needs nothing else to be read.
    """
    built = loaded(network, weights)
    if network.external:
        images = keras.Input(network.input, dtype="uint8", name=INPUT)
        looks = _external_looks(built, network.external.model, mid_layer, images)
        logits = built.layers[-1](looks[0])
    else:
        plain = keras.models.clone_model(built, clone_function=_plain)
        plain.set_weights(built.get_weights())
        images, logits = plain.input, plain.output
        looks = [plain.layers[-1].input]
        if mid_layer is not None:
            kinds = (kl.Conv2D, kl.DepthwiseConv2D)
            convolutions = [layer for layer in plain.layers if isinstance(layer, kinds)]
            looks.append(_mean(convolutions[mid_layer.number].input))
    answers = {
        PROBABILITIES: kl.Softmax(name=PROBABILITIES)(logits),
        OOD_SCORE: ood_score(detector, looks, logits),
    }
    return keras.Model(images, answers, name=built.name)


def write_saved_model(whole: keras.Model, facts: Mapping[str, Any], folder: Path) -> None:
    """The classifier as a SavedModel, with the facts among its assets as JSON."""
    with tempfile.TemporaryDirectory() as temporary, silenced(), quiet("tensorflow", "absl"):
        asset = Path(temporary, FACTS)
        asset.write_text(json.dumps(facts), encoding="utf-8")
        served = _Served(whole, asset)
        tf.saved_model.save(served, folder, signatures={_SIGNATURE: served.answer})


def write_keras(whole: keras.Model, facts: Mapping[str, Any], path: Path) -> None:
    """The classifier as a .keras archive, with the facts as one more member."""
    whole.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(FACTS, json.dumps(facts))


def litert(whole: keras.Model) -> bytes:
    """The classifier as a model for LiteRT, in float32."""
    with warnings.catch_warnings(), silenced(), quiet("tensorflow", "absl"):
        warnings.simplefilter("ignore")
        # Of a SavedModel the converter keeps the weights as variables, which LiteRT never fills.
        return bytes(tf.lite.TFLiteConverter.from_keras_model(whole).convert())


def open_saved_model(folder: Path) -> Answer:
    """A function from pixels to what a SavedModel answers."""
    served = tf.saved_model.load(folder)
    signature = served.signatures[_SIGNATURE]

    def answer(images_NHWC: Inputs) -> Answers:
        found = signature(**{INPUT: tf.constant(images_NHWC)})
        return {name: value.numpy() for name, value in found.items()}

    # TensorFlow forgets a model that nobody holds, and its signatures with it.
    answer.served = served  # type: ignore[attr-defined]
    return answer


def open_keras(path: Path) -> Answer:
    """A function from pixels to what a .keras archive answers."""
    return keras.saving.load_model(path, compile=False).predict_on_batch  # type: ignore[no-any-return]


class _Served(tf.Module):  # type: ignore[misc]
    def __init__(self, whole: keras.Model, facts: Path) -> None:
        super().__init__()
        self.whole = whole
        self.facts = tf.saved_model.Asset(str(facts))
        spec = tf.TensorSpec((None, *whole.input.shape[1:]), tf.uint8, name=INPUT)
        self.answer = tf.function(self._answer, input_signature=[spec])

    def _answer(self, images: Any) -> Any:
        return self.whole(images, training=False)


def _plain(layer: kl.Layer) -> kl.Layer:
    """A layer of Keras' own that does the same, with weights of its own."""
    if isinstance(layer, Standardise):
        mean_C, std_C = np.array(layer.mean), np.array(layer.std)
        scale, offset = (1 / std_C).tolist(), (-mean_C / std_C).tolist()
        return kl.Rescaling(scale, offset, name=layer.name)
    return layer.__class__.from_config(layer.get_config())


def _external_looks(
    built: keras.Model, model: str, mid_layer: MidLayer | None, images: keras.KerasTensor
) -> list[keras.KerasTensor]:
    """The features of a backbone of keras.applications, and mid-level ones where there are any."""
    core = external.core(next(x for x in built.layers if isinstance(x, keras.Model)))
    prepared = _prepared(model)(kl.Rescaling(1.0)(images))
    if mid_layer is None:
        return [core(prepared)]
    features, seen = keras.Model(core.input, [core.output, _maps(core, mid_layer)])(prepared)
    return [features, _mean(seen)]


def _maps(core: keras.Model, mid_layer: MidLayer) -> keras.KerasTensor:
    """What the convolution half-way is given, found in Keras by its name in the graph."""
    if layer := _layer(core, mid_layer.maps):
        return layer.output
    if layer := _layer(core, mid_layer.node):
        before = layer.input._keras_history.operation
        # In the graph the padding is the convolution's own.
        return before.input if isinstance(before, kl.ZeroPadding2D) else layer.input
    raise InputError(f"no layer of {core.name} is called as the graph's {mid_layer.maps}")


def _layer(core: keras.Model, path: str) -> kl.Layer | None:
    """The layer that a part of a graph comes from: tf2onnx calls parts by the way to their layer.

    Of a model that was called before, the names of all layers end as its own does.
    """
    parts = path.split("/")
    scope = next((part for part in parts if part.startswith(core.name)), core.name)
    ending = scope.removeprefix(core.name)
    return next((layer for layer in core.layers if layer.name + ending in parts), None)


def _prepared(model: str) -> kl.Layer:
    """How a model of keras.applications wants its pixels, as a dense layer on the colours.

    All of their ways are linear: they scale, shift and swap colours.
    """
    prepare = external.Prepared(model)
    probes_NC = np.vstack([np.zeros(3), 255 * np.eye(3)]).astype(np.uint8)
    found_NC = np.asarray(prepare(probes_NC.reshape(4, 1, 1, 3))).reshape(4, 3)
    layer = kl.Dense(3, trainable=False, name="prepared")
    layer.build((None, None, None, 3))
    layer.set_weights([(found_NC[1:] - found_NC[0]) / 255, found_NC[0]])
    return layer


def _mean(maps: keras.KerasTensor) -> keras.KerasTensor:
    return kl.GlobalAveragePooling2D(name="mid_features")(maps)
