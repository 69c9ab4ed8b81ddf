"""A network made of Keras' own layers alone: what is saved of it is read wherever Keras is."""

import keras
import numpy as np
from keras import layers as kl

from diptych.engines.tensorflow.layers import Standardise
from diptych.engines.tensorflow.weights import compile_for_labels, model_with_weights
from diptych.networks import INPUT, Network, Weights
from diptych.networks.libraries import keras as external


def stock_model(network: Network, weights: Weights) -> keras.Model:
    """The network as a compiled model with these weights: uint8 pixels (N, H, W, C) to logits.

    `evaluate()` and `fit()` take pixels and labels as positions among the classes.
    """
    built = model_with_weights(network, weights)
    stock = keras.models.clone_model(built, clone_function=_stock)
    for layer in stock.layers:
        # A backbone of a library is the very same; what Rescaling does is no weight.
        if not isinstance(layer, keras.Model | kl.Rescaling):
            layer.set_weights(built.get_layer(layer.name).get_weights())
    compile_for_labels(stock)
    return stock


def prepared(images: keras.KerasTensor, model: str) -> keras.KerasTensor:
    """Pixels as a model of keras.applications wants them, by a dense layer on the colours.

    All of their ways are linear: they scale, shift and swap colours.
    """
    prepare = external.Prepared(model)
    probes_NC = np.vstack([np.zeros(3), 255 * np.eye(3)]).astype(np.uint8)
    prepared_NC = np.asarray(prepare(probes_NC.reshape(4, 1, 1, 3))).reshape(4, 3)
    layer = kl.Dense(3, trainable=False, name="prepared")
    layer.build((None, None, None, 3))
    layer.set_weights([(prepared_NC[1:] - prepared_NC[0]) / 255, prepared_NC[0]])
    return layer(kl.Rescaling(1.0)(images))


def _stock(layer: kl.Layer) -> kl.Layer:
    """A layer of Keras' own that does the same, with weights of its own."""
    if isinstance(layer, Standardise):
        mean_C, std_C = (np.asarray(values, np.float64) for values in (layer.mean, layer.std))
        scale, offset = (1 / std_C).tolist(), (-mean_C / std_C).tolist()
        return kl.Rescaling(scale, offset, name=layer.name)
    if isinstance(layer, keras.Model):
        core = external.core(layer)
        images = keras.Input(layer.input.shape[1:], dtype=layer.input.dtype, name=INPUT)
        model = next(x.model for x in layer.layers if isinstance(x, external.Prepared))
        return keras.Model(images, core(prepared(images, model)), name=layer.name)
    return layer.__class__.from_config(layer.get_config())
