"""A classifier with its OOD score as one Keras model: uint8 pixels in, both outputs by name."""

import keras
from keras import layers as kl

from diptych.engines.tensorflow.layers import mean_of_views, mirrored
from diptych.engines.tensorflow.ood import ood_score
from diptych.engines.tensorflow.stock import prepared, stock_model
from diptych.errors import InputError
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES
from diptych.graphs.surgery import MidLayer
from diptych.networks import INPUT, Network, Weights
from diptych.networks.initialisation import convolutions
from diptych.networks.libraries import keras as external
from diptych.reliability.ood import OodDetector


def classifier(
    network: Network, weights: Weights, detector: OodDetector, mid_layer: MidLayer | None
) -> keras.Model:
    """From uint8 pixels (N, H, W, C) to {"probabilities": (N, K), "ood_score": (N,)}.

    It is made of Keras' own layers only, so that a file of it needs nothing else to be read.
    """
    built = stock_model(network, weights)
    if network.external:
        images = keras.Input(network.input, dtype="uint8", name=INPUT)
        features = _external_features(built, network, mid_layer, images)
        logits = built.layers[-1](features[0])
    else:
        images, logits = built.input, built.output
        features = [built.layers[-1].input]
        if mid_layer is not None:
            name = convolutions(network)[mid_layer.number]
            features.append(_mean(_unpadded(built.get_layer(f"{name}.conv")), network))
    outputs = {
        PROBABILITIES: kl.Softmax(name=PROBABILITIES)(logits),
        OOD_SCORE: ood_score(detector, features, logits),
    }
    return keras.Model(images, outputs, name=built.name)


def _external_features(
    built: keras.Model, network: Network, mid_layer: MidLayer | None, images: keras.KerasTensor
) -> list[keras.KerasTensor]:
    """The features of a backbone of keras.applications, and mid-level ones where there are any."""
    assert network.external is not None
    core = external.core(next(x for x in built.layers if isinstance(x, keras.Model)))
    pixels = prepared(mirrored(images) if network.views > 1 else images, network.external.model)
    if mid_layer is None:
        return [_of_views(core(pixels), network)]
    features, maps = keras.Model(core.input, [core.output, _maps(core, mid_layer)])(pixels)
    return [_of_views(features, network), _mean(maps, network)]


def _maps(core: keras.Model, mid_layer: MidLayer) -> keras.KerasTensor:
    """What the convolution half-way is given, found in Keras by its name in the graph."""
    if layer := _layer(core, mid_layer.maps):
        return layer.output
    if layer := _layer(core, mid_layer.node):
        return _unpadded(layer)
    raise InputError(f"no layer of {core.name} is called as the graph's {mid_layer.maps}")


def _unpadded(convolution: kl.Layer) -> keras.KerasTensor:
    """What a convolution is given; in the graph the padding is its own."""
    before = convolution.input._keras_history.operation
    return before.input if isinstance(before, kl.ZeroPadding2D) else convolution.input


def _layer(core: keras.Model, path: str) -> kl.Layer | None:
    """The layer that a part of a graph comes from: tf2onnx calls parts by the way to their layer.

    Of a model that was called before, the names of all layers end as its own does.
    """
    parts = path.split("/")
    scope = next((part for part in parts if part.startswith(core.name)), core.name)
    ending = scope.removeprefix(core.name)
    return next((layer for layer in core.layers if layer.name + ending in parts), None)


def _mean(maps: keras.KerasTensor, network: Network) -> keras.KerasTensor:
    return _of_views(kl.GlobalAveragePooling2D(name="mid_features")(maps), network)


def _of_views(features: keras.KerasTensor, network: Network) -> keras.KerasTensor:
    """The mean over the views that a network has of each picture."""
    return features if network.views == 1 else mean_of_views(features, features.shape[-1])
